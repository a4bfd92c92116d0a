import CallStore
import Foundation
import Synchronization

/// Reads a CSV file record by record.
enum ImportFile {
    private static let chunkBytes = 256 * 1024

    /// Calls `body` with each record, in order; empty lines are left out.
    ///
    /// - Throws: `RecipientsFileError` for a file that cannot be read on; what `body` throws.
    static func forEachRecord(
        of path: String,
        _ body: (CSVRecord) async throws -> Void
    ) async throws {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw RecipientsFileError.unreadable(reason: String(cString: strerror(errno)))
        }
        var reader = CSVReader()
        do {
            while let chunk = try file.read(upToCount: chunkBytes), !chunk.isEmpty {
                for record in try reader.read(chunk) where record.fields != [""] {
                    try await body(record)
                }
            }
            if let last = try reader.finish(), last.fields != [""] { try await body(last) }
        } catch CSVError.endlessField(let line) {
            throw RecipientsFileError.endlessField(line: line)
        }
        try file.close()
    }
}

extension CallStore {
    /// Makes a change, or, in a dry run, makes it and takes it back, so that what it would do can
    /// be told.
    func write<Value: Sendable>(
        isDryRun: Bool,
        _ change: @escaping @Sendable (StoreWriter) throws -> Value
    ) async throws(StoreError) -> Value {
        guard isDryRun else { return try await write(change) }
        let answer = Answer<Value>()
        do {
            try await write { writer in
                answer.set(try change(writer))
                throw StoreError.cancelled
            }
        } catch {
            guard error == .cancelled, let value = answer.value else { throw error }
            return value
        }
        preconditionFailure("A dry run always throws.")
    }
}

/// Carries a result out of a transaction that is taken back.
private final class Answer<Value: Sendable>: Sendable {
    private let state = Mutex<Value?>(nil)

    var value: Value? { state.withLock { $0 } }

    func set(_ value: Value) { state.withLock { $0 = value } }
}

/// A file of rows beside the one that they came from: rejected ones, or those held out.
final class SideFile {
    private let path: String
    private let more: [String]
    private var header: [String] = []
    private var handle: FileHandle?

    /// - Parameters:
    ///   - path: The file that the rows come from.
    ///   - kind: What the name says of them, such as `rejected`.
    ///   - more: Columns after the file's own.
    init(besides path: String, kind: String, more: [String]) {
        let stem = path.hasSuffix(".csv") ? String(path.dropLast(4)) : path
        self.path = "\(stem).\(kind).csv"
        self.more = more
    }

    /// Forgets what an earlier import left: its rows may be mended by now.
    func begin(header: [String]) throws {
        self.header = header
        if FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
    }

    func add(_ fields: [String]) throws {
        let handle = try handle ?? open()
        try handle.write(contentsOf: Data(CSVWriter.line(fields).utf8))
    }

    private func open() throws -> FileHandle {
        // Numbers and names stand in it: for its owner alone.
        let isMade = FileManager.default.createFile(
            atPath: path,
            contents: Data(CSVWriter.line(header + more).utf8),
            attributes: [.posixPermissions: 0o600]
        )
        guard isMade, let handle = FileHandle(forWritingAtPath: path) else {
            let reason = String(cString: strerror(errno))
            throw RecipientsFileError.unwritable(path: path, reason: reason)
        }
        try handle.seekToEnd()
        self.handle = handle
        return handle
    }

    /// Ends the file and says where it is; nil when no row went into it.
    func finish() throws -> String? {
        guard let handle else { return nil }
        try handle.close()
        return path
    }
}
