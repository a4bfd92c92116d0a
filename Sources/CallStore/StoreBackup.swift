package import Ambient
import Dispatch
import Foundation
import GRDB

/// What a copy of a store holds, told by looking into it.
package struct StoreCopyFacts: Sendable, Equatable {
    package var schemaVersion: Int
    package var calls: Int
    package var bytes: Int64

    /// The newest row of the ledger, Unix milliseconds; nil when no job has ended in it.
    package var lastJobMilliseconds: Int64?

    /// Ids of the secrets that its caller keys were made with; the secrets are not in it.
    package var phoneKeyIDs: [String]
}

/// Copies of the store's file: made while everything runs, and put back while nothing does.
package enum StoreBackup {
    /// Findings of a damaged copy that are told.
    static let findingsMax = 10

    /// Reads a copy without changing it, and checks every page of it.
    ///
    /// - Throws: `StoreError.damaged` for a file that is none of ours or not sound, `newerSchema`,
    ///   `unavailable` when it cannot be read or is not whole without the log beside it.
    package static func verify(_ path: String) async throws(StoreError) -> StoreCopyFacts {
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw .unavailable(reason: "\(path) cannot be read")
        }
        return try await offThread {
            try refuseLog(besides: path)
            var configuration = Configuration()
            configuration.readonly = true
            configuration.label = "copy"
            let copy = try DatabaseQueue(path: path, configuration: configuration)
            let facts = try copy.read { try Self.facts(in: $0, path: path) }
            try copy.close()
            return facts
        }
    }

    /// Refuses a copy with a log beside it that holds something.
    ///
    /// SQLite reads both as one, `restore` takes the file alone: what is checked would not be what
    /// is put back, and the log's commits would be lost without a word. An empty log is what a look
    /// at a copy leaves.
    private static func refuseLog(besides copy: String) throws {
        for suffix in ["-wal", "-journal"] {
            let log = copy + suffix
            var facts = stat()
            guard stat(log, &facts) == 0 else {
                if errno == ENOENT { continue }
                throw StoreError.unavailable(reason: "\(log): \(OpeningLock.lastError())")
            }
            guard facts.st_size == 0 else {
                throw StoreError.unavailable(
                    reason: "\(log) holds changes that the file alone lacks; bring them into it "
                        + "with `sqlite3 \(copy) 'pragma journal_mode = delete'`, then try again"
                )
            }
        }
    }

    private static func facts(in database: Database, path: String) throws -> StoreCopyFacts {
        func number(_ sql: String) throws -> Int { try Int.fetchOne(database, sql: sql) ?? 0 }
        guard try number("pragma application_id") == Schema.applicationID else {
            throw StoreError.damaged(reason: "\(path) is no store of Ringback")
        }
        let version = try Schema.admittedVersion(of: database)
        let findings = try String.fetchAll(
            database,
            sql: "pragma integrity_check(\(findingsMax))"
        ).filter { $0 != "ok" }
        guard findings.isEmpty else {
            throw StoreError.damaged(reason: findings.joined(separator: "; "))
        }
        return StoreCopyFacts(
            schemaVersion: version,
            calls: try number("select count(*) from calls"),
            bytes: Int64(try number("pragma page_count")) * Int64(try number("pragma page_size")),
            lastJobMilliseconds: try Int64.fetchOne(
                database,
                sql: "select max(finished_ms) from ledger"
            ),
            phoneKeyIDs: try String.fetchAll(
                database,
                sql: """
                    select key_id from call_parties where key_id is not null
                    union select key_id from recipients where key_id is not null order by 1
                    """
            )
        )
    }

    /// Puts a copy into the place of the store, which no process may have open.
    ///
    /// The file that was there is kept beside it under another name. The change is one rename: at
    /// any moment there is a whole store in the place.
    ///
    /// - Parameters:
    ///   - copy: A file that `verify` found sound.
    ///   - path: Where the store is.
    ///   - aside: Where the old file goes; nothing may be there.
    ///   - ambient: Waits for processes that are opening the store.
    /// - Throws: `StoreError.unavailable` when a process has the store open, the copy has got a log
    ///   since it was checked, or a file cannot be written; the old store is in its place then.
    package static func restore(
        _ copy: String,
        to path: String,
        keepingOldAt aside: String,
        ambient: Ambient
    ) async throws(StoreError) {
        // Held to the end, so that nobody opens the store meanwhile.
        let lock = try await OpeningLock(besides: path, ambient: ambient)
        try await offThread {
            try refuseLog(besides: copy)
            let files = FileManager.default
            let isThere = files.fileExists(atPath: path)
            if isThere { try settle(path) }
            try setAside(besides: path, aside)
            let fresh = path + ".restoring"
            if files.fileExists(atPath: fresh) { try files.removeItem(atPath: fresh) }
            try files.copyItem(atPath: copy, toPath: fresh)
            try flush(fresh, mode: 0o600)
            if isThere, link(path, aside) != 0 {
                throw StoreError.unavailable(
                    reason: "the old store cannot be kept as \(aside): \(OpeningLock.lastError())"
                )
            }
            guard rename(fresh, path) == 0 else {
                throw StoreError.unavailable(
                    reason: "\(path) cannot be replaced: \(OpeningLock.lastError())"
                )
            }
            try flushFolder(of: path)
        }
        _ = consume lock
    }

    /// Brings everything into the one file and proves that nobody else has it open.
    private static func settle(_ path: String) throws {
        let queue = try DatabaseQueue(path: path)
        // Leaving WAL needs the file for oneself alone.
        let mode: String?
        do {
            mode = try queue.inDatabase { database in
                try String.fetchOne(database, sql: "pragma journal_mode = delete")
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            mode = nil
        }
        try queue.close()
        guard mode == "delete" else {
            throw StoreError.unavailable(
                reason: "another process has it open; stop scheduler, server and workers first"
            )
        }
    }

    /// Takes away the log of a store that is not there any more: SQLite would play it over the copy.
    private static func setAside(besides path: String, _ aside: String) throws {
        for suffix in ["-wal", "-shm", "-journal"]
        where FileManager.default.fileExists(atPath: path + suffix) {
            guard rename(path + suffix, aside + suffix) == 0 else {
                throw StoreError.unavailable(
                    reason: "\(path + suffix) cannot be moved: \(OpeningLock.lastError())"
                )
            }
        }
    }

    /// Makes a file that only its owner may read from the first byte on.
    static func createPrivately(_ path: String) throws {
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreError.unavailable(reason: "\(path): \(OpeningLock.lastError())")
        }
        close(descriptor)
    }

    /// Makes a file's bytes lasting.
    static func flush(_ path: String, mode: mode_t) throws {
        let descriptor = Foundation.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreError.unavailable(reason: "\(path): \(OpeningLock.lastError())")
        }
        defer { close(descriptor) }
        guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
            throw StoreError.unavailable(reason: "\(path): \(OpeningLock.lastError())")
        }
    }

    static func flushFolder(of path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = Foundation.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreError.unavailable(reason: "\(folder): \(OpeningLock.lastError())")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw StoreError.unavailable(reason: "\(folder): \(OpeningLock.lastError())")
        }
    }

    /// Runs what blocks outside of the shared threads.
    static func offThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws(StoreError) -> Value {
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: Result(catching: body)) }
        }
        do {
            return try result.get()
        } catch {
            throw StoreError(error)
        }
    }
}

extension CallStore {
    /// Writes a consistent copy of the store into a file while other processes write on.
    ///
    /// The copy is checked before it gets its name, so what has the name is whole. Keys are not in
    /// it: a copy that is lost gives away no more than it has to.
    ///
    /// - Parameters:
    ///   - file: The copy; in a folder that exists, and not there yet.
    ///   - passing: A name beside it for the time of the writing.
    /// - Returns: What the copy holds.
    /// - Throws: `StoreError.unavailable` when it cannot be written, `damaged` when the store is
    ///   not sound; no file is left then.
    package func backUp(
        to file: String,
        passing: String
    ) async throws(StoreError) -> StoreCopyFacts {
        do {
            let pool = pool
            try await StoreBackup.offThread {
                try StoreBackup.createPrivately(passing)
                // One read transaction of SQLite's own: writers go on, and the log grows meanwhile.
                try pool.vacuum(into: passing)
                try StoreBackup.flush(passing, mode: 0o600)
            }
            let facts = try await StoreBackup.verify(passing)
            try await StoreBackup.offThread {
                guard link(passing, file) == 0 else {
                    throw StoreError.unavailable(reason: "\(file): \(OpeningLock.lastError())")
                }
                unlink(passing)
                try StoreBackup.flushFolder(of: file)
            }
            _ = try await checkpoint()
            return facts
        } catch {
            unlink(passing)
            throw error
        }
    }
}
