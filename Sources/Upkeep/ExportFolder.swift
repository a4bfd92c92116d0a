import Foundation

/// The folder of exports, as upkeep sees it.
struct ExportFolder: Sendable {
    /// Most entries of the folder that one look takes.
    static let entriesMax = 10_000

    let path: String

    /// What can go wrong with it.
    enum Failure: Error, Equatable {
        case cannotRead(reason: String)
        case cannotRemove(name: String, reason: String)
    }

    /// Names of files of ours, or of what is left of them, that were last written before a moment.
    ///
    /// - Returns: At most `entriesMax` names, in order; none when there is no folder yet.
    func files(writtenBefore moment: Date) throws(Failure) -> [String] {
        var old: [String] = []
        let names: [String]
        do {
            names = try entries()
        } catch {
            throw .cannotRead(reason: error.localizedDescription)
        }
        for name in names where Self.isOurs(name) {
            var status = stat()
            // A file that is gone by now was removed by somebody else.
            guard lstat(path + "/" + name, &status) == 0 else { continue }
            if TimeInterval(status.st_mtim.tv_sec) < moment.timeIntervalSince1970 {
                old.append(name)
            }
        }
        return old
    }

    /// Names of files that an export made, in whatever format, and that a test takes.
    ///
    /// - Returns: At most `entriesMax` names, in order; none when there is no folder yet.
    func files(where isTaken: (_ path: String) throws -> Bool) throws -> [String] {
        try entries().filter { Self.isOfExport($0) }.filter { try isTaken(path + "/" + $0) }
    }

    /// What lies in the folder and in those below it that exports write into, in order; at most
    /// `entriesMax` names.
    private func entries() throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        var names: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            guard Self.isFolder(name), isDirectory(name) else {
                names.append(name)
                continue
            }
            let inside = try FileManager.default.contentsOfDirectory(atPath: path + "/" + name)
            names += inside.map { name + "/" + $0 }
        }
        return Array(names.sorted().prefix(Self.entriesMax))
    }

    /// Removes files; those that are gone already are as good.
    func remove(_ names: [String]) throws(Failure) {
        for name in names where unlink(path + "/" + name) != 0 && errno != ENOENT {
            throw .cannotRemove(name: name, reason: String(cString: strerror(errno)))
        }
    }

    /// Whether the name begins as all files of exports do: subject, instant, fence.
    static func isOfExport(_ name: String) -> Bool {
        let last = name.split(separator: "/").last ?? ""
        return last.prefixMatch(of: /[a-z-]+-\d{8}T\d{6}Z-/) != nil
    }

    /// Whether an export made the name.
    ///
    /// Such as `calls-20261121T120000Z-123.csv`, its manifest, or an unfinished one of either, with
    /// what is needed to go on with it.
    /// Whatever else somebody puts there is not ours to remove.
    static func isOurs(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard let last = parts.last, parts.dropLast().allSatisfy({ isFolder(String($0)) }) else {
            return false
        }
        return last.wholeMatch(
            of: /[a-z]+-\d{8}T\d{6}Z-\d+\.(csv|ndjson|manifest\.json|rows|reach|progress)(\.part)?/
        ) != nil
    }

    /// Whether an export may have been told to write into a folder of this name.
    private static func isFolder(_ name: String) -> Bool {
        name.wholeMatch(of: /[a-z0-9][a-z0-9-]{0,39}/) != nil
    }

    /// Not a link to one: what lies behind it is not ours.
    private func isDirectory(_ name: String) -> Bool {
        var status = stat()
        return lstat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
