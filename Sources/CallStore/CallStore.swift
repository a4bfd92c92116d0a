package import Ambient
import Dispatch
import Foundation
import GRDB
import Traces

/// The result store: calls, what they are credited to, and what they were worth.
///
/// One SQLite file in WAL mode on a local volume. Any number of processes may have it open; each
/// opens it once and shares this value between its tasks. Reads see the last commit and never
/// wait for a writer; writes wait for each other, here and in other processes.
package struct CallStore: Sendable {
    /// Connections that read at the same time, in one process.
    static let readersMax = 5

    let pool: DatabasePool
    let ambient: Ambient
    let privacy: StorePrivacy
    let metrics = StoreMetrics()

    /// Told of jobs that `write` has put into the outbox, once they are committed.
    private var hearOfJobs: (@Sendable ([OutboxEntry]) -> Void)?

    /// Where the file is.
    package let path: String

    /// Opens the store, creating it or bringing it up to date first.
    ///
    /// Processes that start together wait for each other; each of them comes up.
    ///
    /// - Parameters:
    ///   - path: The file, inside a folder that exists.
    ///   - ambient: Gives the time of changes and the ids of follow-on jobs.
    ///   - phoneKey: Names callers without their number; without it no number can be recorded.
    ///   - privacy: What is not kept, and the secrets of caller keys instead of `phoneKey`.
    /// - Returns: The open store.
    /// - Throws: `StoreError.unavailable` with what the system says, `newerSchema`, `damaged`.
    package static func open(
        path: String,
        ambient: Ambient,
        phoneKey: PhoneKey? = nil,
        privacy: StorePrivacy? = nil
    ) async throws(StoreError) -> CallStore {
        let lock = try await OpeningLock(besides: path, ambient: ambient)
        let store = CallStore(
            pool: try await connect(path: path, ambient: ambient),
            ambient: ambient,
            privacy: privacy ?? StorePrivacy { phoneKey.map { PhoneKeyRing($0) } },
            path: path
        )
        try await store.change { try Schema.migrate($0) }
        _ = consume lock
        return store
    }

    private init(pool: DatabasePool, ambient: Ambient, privacy: StorePrivacy, path: String) {
        self.pool = pool
        self.ambient = ambient
        self.privacy = privacy
        self.path = path
    }

    /// The same store, which tells at once of the jobs that follow from its changes; else they wait
    /// for the scheduler's sweep of the outbox.
    ///
    /// - Parameter hear: Told after each commit of `write` that has added some.
    /// - Returns: The store.
    package func telling(_ hear: @escaping @Sendable ([OutboxEntry]) -> Void) -> CallStore {
        var store = self
        store.hearOfJobs = hear
        return store
    }

    /// Ends all connections; every call after this fails.
    package func close() throws(StoreError) {
        do {
            try pool.close()
        } catch {
            throw StoreError(error)
        }
    }

    /// Changes the store in one transaction that is no job's result: an operator's command, or a
    /// webhook's arrival.
    ///
    /// - Throws: What the change throws; everything is rolled back then.
    @discardableResult
    package func write<Value: Sendable>(
        _ change: @escaping @Sendable (StoreWriter) throws -> Value
    ) async throws(StoreError) -> Value {
        // Here and not there: the transaction runs on SQLite's own queue, outside of this task.
        let cause = TraceScope.current
        let (value, jobs) = try await self.change { database in
            let writer = writer(on: database, cause: cause)
            let value = try change(writer)
            try writer.announceEvents()
            return (value, writer.outboxAdded)
        }
        if !jobs.isEmpty { hearOfJobs?(jobs) }
        return value
    }

    func writer(on database: Database, cause: TraceScope? = nil) -> StoreWriter {
        StoreWriter(
            database: database,
            ambient: ambient,
            ring: privacy.ring(),
            privacy: privacy,
            added: AddedJobs(cause: cause),
            nowMilliseconds: ambient.nowMilliseconds
        )
    }

    /// One transaction; SQLite's lock is taken at its start, so that it never fails halfway.
    ///
    /// - Throws: What the body throws, and `StoreError.newerSchema` when a newer program has
    ///   brought the store up to date since this one opened it; nothing was changed then.
    func change<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let elapsed = ambient.elapsed
        let asked = elapsed()
        do {
            return try await pool.writeWithoutTransaction { database in
                var result: Value?
                var bodyEnd = asked
                try database.inTransaction(.immediate) {
                    metrics.noteWait(elapsed() - asked)
                    // Under the lock: nobody brings it up to date between this look and the commit.
                    try Schema.admittedVersion(of: database)
                    result = try body(database)
                    bodyEnd = elapsed()
                    return .commit
                }
                metrics.noteCommit(elapsed() - bodyEnd)
                guard let result else { preconditionFailure("A commit follows its body.") }
                return result
            }
        } catch {
            let error = StoreError(error)
            if error.concernsStore, error != .cancelled { metrics.noteFailure() }
            throw error
        }
    }

    /// One consistent look at the last commit.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await pool.read(body)
        } catch {
            throw StoreError(error)
        }
    }

    private static func connect(
        path: String,
        ambient: Ambient
    ) async throws(StoreError) -> DatabasePool {
        try createPrivately(path)
        // Connecting reads, and may recover what a dead process left: not on the shared threads.
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    returning: Result {
                        let configuration = configuration(ambient: ambient)
                        let pool = try DatabasePool(path: path, configuration: configuration)
                        // The pool has set NORMAL when it switched to WAL; a commit must be on
                        // the disk before its job is settled.
                        try pool.writeWithoutTransaction { database in
                            try database.execute(sql: "pragma synchronous = full")
                        }
                        return pool
                    }
                )
            }
        }
        do {
            return try result.get()
        } catch {
            throw StoreError(error)
        }
    }

    /// Creates the file so that only its owner may read it: it holds personal data.
    ///
    /// An existing file is not even opened: closing it would give back the locks that another
    /// connection of this process holds.
    private static func createPrivately(_ path: String) throws(StoreError) {
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            Foundation.close(descriptor)
        } else if errno != EEXIST {
            throw .unavailable(reason: "cannot create \(path): \(OpeningLock.lastError())")
        }
    }

    private static func configuration(ambient: Ambient) -> Configuration {
        let patience = LockPatience(ambient: ambient)
        var configuration = Configuration()
        configuration.label = "store"
        configuration.maximumReaderCount = readersMax
        configuration.busyMode = .callback { patience.wait(attempts: $0) }
        configuration.prepareDatabase { database in
            try database.execute(
                sql: """
                    pragma temp_store = memory;
                    pragma cache_size = -16000;
                    pragma journal_size_limit = 67108864;
                    pragma secure_delete = on;
                    """
            )
        }
        return configuration
    }
}

extension Ambient {
    /// Wall time in Unix milliseconds.
    var nowMilliseconds: Int64 {
        Int64((now().timeIntervalSince1970 * 1000).rounded(.down))
    }
}
