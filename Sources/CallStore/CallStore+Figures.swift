import Foundation
import GRDB

/// The store in a few numbers that cost little at any size, for metrics.
package struct StoreFigures: Hashable, Sendable {
    /// Bytes of the file, and of the write-ahead log beside it.
    package var fileBytes: Int64
    package var walBytes: Int64

    /// Follow-on jobs that are not done, and when the oldest was made, Unix milliseconds.
    package var outboxJobs: Int
    package var outboxOldestMilliseconds: Int64?

    /// Webhooks that wait to be worked in, and those that could not be understood.
    package var inboxWaiting: Int
    package var inboxDead: Int

    /// When the newest call that has ended began, Unix seconds; nil when there is none.
    package var newestEndedCallUnix: Int64?

    /// Whether polling stands still because the upstream refuses us.
    package var isHalted: Bool

    /// What of the archive asks for attention.
    package var archive: ArchiveState

    /// What is owed to others.
    package var debts: StoreDebts

    package init(
        fileBytes: Int64,
        walBytes: Int64,
        outboxJobs: Int,
        outboxOldestMilliseconds: Int64?,
        inboxWaiting: Int,
        inboxDead: Int,
        newestEndedCallUnix: Int64?,
        isHalted: Bool,
        archive: ArchiveState = ArchiveState(),
        debts: StoreDebts = StoreDebts()
    ) {
        self.fileBytes = fileBytes
        self.walBytes = walBytes
        self.outboxJobs = outboxJobs
        self.outboxOldestMilliseconds = outboxOldestMilliseconds
        self.inboxWaiting = inboxWaiting
        self.inboxDead = inboxDead
        self.newestEndedCallUnix = newestEndedCallUnix
        self.isHalted = isHalted
        self.archive = archive
        self.debts = debts
    }
}

/// What the store owes to people and programs outside; instants are Unix milliseconds, and nil when
/// nothing is owed.
package struct StoreDebts: Hashable, Sendable {
    /// When the oldest event that an endpoint has not taken happened.
    package var oldestEventMilliseconds: Int64?

    /// Most attempts in a row that failed of one endpoint.
    package var endpointFailures = 0

    /// Rules of the alerts that fire.
    package var alertsFiring = 0

    /// When the rule whose last word is the oldest was looked at, and its notice taken.
    package var alertsCheckedMilliseconds: Int64?

    /// Erasures that are not over, and when the oldest was asked for.
    package var erasures = 0
    package var oldestErasureMilliseconds: Int64?

    package init() {}

    static func read(_ database: Database) throws -> StoreDebts {
        var debts = StoreDebts()
        debts.oldestEventMilliseconds = try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    select min((
                        select at_ms from outgoing_events
                        where outgoing_events.id > delivered_to
                            and kind in (select value from json_each(kinds))
                        order by outgoing_events.id limit 1
                    ))
                    from event_endpoints
                    """
            )
        )
        debts.endpointFailures =
            try Int.fetchOne(
                database.cachedStatement(sql: "select max(failures) from event_endpoints")
            ) ?? 0
        let alerts = try Row.fetchOne(
            database.cachedStatement(
                sql: "select sum(is_firing) as firing, min(checked_ms) as checked from alert_states"
            )
        )
        debts.alertsFiring = alerts?["firing"] ?? 0
        debts.alertsCheckedMilliseconds = alerts?["checked"]
        let erasures = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select count(*) as open, min(requested_ms) as oldest from erasures
                    where step <> 'done'
                    """
            )
        )
        debts.erasures = erasures?["open"] ?? 0
        debts.oldestErasureMilliseconds = erasures?["oldest"]
        return debts
    }
}

extension CallStore {
    /// Reads the figures; each comes from an index or from the file system.
    package func figures() async throws(StoreError) -> StoreFigures {
        let isHalted = try await upstreamHalt() != nil
        let archive = try await archiveState()
        let fileBytes = Self.bytes(of: path)
        let walBytes = Self.bytes(of: path + "-wal")
        return try await read { database in
            func number(_ sql: String) throws -> Int {
                try Int.fetchOne(database.cachedStatement(sql: sql)) ?? 0
            }
            func instant(_ sql: String) throws -> Int64? {
                try Int64.fetchOne(database.cachedStatement(sql: sql))
            }
            return StoreFigures(
                fileBytes: fileBytes,
                walBytes: walBytes,
                outboxJobs: try number("select count(*) from outbox"),
                outboxOldestMilliseconds: try instant("select min(created_ms) from outbox"),
                inboxWaiting: try number("select count(*) from inbox where state = 'waiting'"),
                inboxDead: try number("select count(*) from inbox where state = 'dead'"),
                newestEndedCallUnix: try instant(
                    "select max(started_unix) from calls where status = 'done'"
                ),
                isHalted: isHalted,
                archive: archive,
                debts: try StoreDebts.read(database)
            )
        }
    }

    /// The size of a file; 0 when there is none.
    ///
    /// Asked of the file's name: opening and closing the file would give back SQLite's locks.
    private static func bytes(of path: String) -> Int64 {
        var facts = stat()
        return stat(path, &facts) == 0 ? Int64(facts.st_size) : 0
    }
}
