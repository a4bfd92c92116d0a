import Foundation

/// How far an export has come; stands beside its unfinished file.
///
/// Whoever gets the job next goes on after the last whole part, with the calls that were chosen at
/// the start.
struct ExportProgress: Codable, Equatable {
    static let versionKnown = 1

    var version = Self.versionKnown
    var job: String
    var fence: Int64

    /// What the name of its files begins with.
    var base: String

    /// When the rows were fixed, and the place of the newest change then.
    var createdMilliseconds: Int64
    var mark: Int64
    var timeZone: String
    var parts: [ExportPart]

    private static let suffix = ".progress"

    static func path(_ base: String, in folder: String) -> String {
        folder + "/" + base + suffix
    }

    /// Ids of the calls in their order, eight bytes each.
    static func idsPath(_ base: String, in folder: String) -> String {
        folder + "/" + base + ".rows"
    }

    func write(in folder: String) throws {
        let file = try AtomicFile(finalPath: Self.path(base, in: folder))
        try file.write(Array(try JSONEncoder().encode(self)))
        _ = try file.finish()
    }

    /// What a job's former deliveries left, the furthest first.
    static func all(ofJob job: String, below fence: Int64, in folder: String) -> [ExportProgress] {
        all(in: folder).filter { $0.job == job && $0.fence < fence }
            .sorted { ($1.parts.count, $1.fence) < ($0.parts.count, $0.fence) }
    }

    /// Every unfinished export that a folder knows.
    static func all(in folder: String) -> [ExportProgress] {
        // A folder that cannot be read shows when the file is written; here it has nothing.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(suffix) }.compactMap { name in
            guard let data = FileManager.default.contents(atPath: folder + "/" + name),
                let found = try? JSONDecoder().decode(ExportProgress.self, from: data),
                found.version == versionKnown
            else { return nil }
            return found
        }
    }

    /// Removes what only an unfinished export needs.
    static func remove(_ base: String, fileExtension: String, in folder: String) {
        for name in [suffix, ".rows", ".reach", ".\(fileExtension)" + AtomicFile.temporarySuffix] {
            unlink(folder + "/" + base + name)
        }
    }
}

/// The ids of an export's calls, in a file beside it.
struct ExportIDs {
    static let idBytes = 8

    private let handle: FileHandle

    init?(path: String) {
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        self.handle = handle
    }

    func close() { handle.closeFile() }

    /// Up to so many ids from a position on; none at the end.
    func read(at position: Int, limit: Int) throws -> [Int64] {
        try handle.seek(toOffset: UInt64(position * Self.idBytes))
        let data = try handle.read(upToCount: limit * Self.idBytes) ?? Data()
        return data.withUnsafeBytes { bytes in
            (0..<bytes.count / Self.idBytes).map { index in
                let id = bytes.loadUnaligned(fromByteOffset: index * Self.idBytes, as: Int64.self)
                return Int64(littleEndian: id)
            }
        }
    }
}
