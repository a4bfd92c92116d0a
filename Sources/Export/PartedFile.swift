import Crypto
import Foundation

/// One numbered stretch of an export's file.
package struct ExportPart: Codable, Sendable, Equatable {
    /// From 1.
    package var number: Int

    /// Where it begins in the file.
    package var offset: Int64
    package var bytes: Int64
    package var rows: Int64

    /// Calls that it is about, with those that are gone.
    package var calls: Int

    /// Lower-case hex of these bytes' SHA-256.
    package var sha256: String

    /// Calls that changed after the mark and were read as they are now.
    package var changed: Int

    /// Calls that were there at the mark and are not any more.
    package var gone: Int
}

/// A file in numbered parts, each with its own digest.
final class PartedFile {
    private let file: AtomicFile
    private var hash = SHA256()
    private var bytes: Int64 = 0
    private(set) var parts: [ExportPart] = []

    init(_ file: AtomicFile) {
        self.file = file
    }

    var totalBytes: Int64 { file.bytes }
    var rows: Int64 { parts.reduce(0) { $0 + $1.rows } }
    var calls: Int { parts.reduce(0) { $0 + $1.calls } }

    func write(_ data: [UInt8]) throws {
        hash.update(data: data)
        bytes += Int64(data.count)
        try file.write(data)
    }

    /// Ends the present part.
    func endPart(rows: Int64, calls: Int, changed: Int = 0, gone: Int = 0) {
        parts.append(
            ExportPart(
                number: parts.count + 1,
                offset: file.bytes - bytes,
                bytes: bytes,
                rows: rows,
                calls: calls,
                sha256: AtomicFile.hex(hash.finalize()),
                changed: changed,
                gone: gone
            )
        )
        hash = SHA256()
        bytes = 0
    }

    /// Takes over parts of an unfinished file, up to the first that is not whole.
    ///
    /// What the one who wrote it may still write there does not matter: each part is compared with
    /// its digest.
    func take(_ known: [ExportPart], from path: String) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else { return }
        defer { handle.closeFile() }
        for part in known {
            // Whole before any of it is written here; a part has a few megabytes.
            guard let data = try handle.read(upToCount: Int(part.bytes)),
                Int64(data.count) == part.bytes,
                AtomicFile.hex(SHA256.hash(data: data)) == part.sha256
            else { return }
            try write(Array(data))
            endPart(rows: part.rows, calls: part.calls, changed: part.changed, gone: part.gone)
        }
    }

    func finish() throws -> String { try file.finish() }

    /// From now on the file is worth going on with.
    func keepUnfinished() { file.staysUnfinished = true }
}
