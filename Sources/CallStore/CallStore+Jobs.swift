import Foundation
import GRDB
package import JobQueue

extension CallStore {
    /// One webhook of the inbox, with its body; nil when it is not there any more.
    package func inboxItem(_ id: InboxID) async throws(StoreError) -> InboxItem? {
        try await read { database in
            let statement = try database.cachedStatement(sql: "select * from inbox where id = ?")
            guard let row = try Row.fetchOne(statement, arguments: [id.number]) else {
                return nil
            }
            return InboxItem(
                id: id,
                delivery: InboxDelivery(
                    workspace: row["workspace"],
                    type: row["type"],
                    conversationID: row["conversation_id"],
                    receivedAtMilliseconds: row["received_ms"],
                    body: try Zlib.decompress(row["body"], bytes: row["bytes"])
                ),
                state: InboxItem.State(rawValue: row["state"]) ?? .dead,
                reason: row["reason"]
            )
        }
    }

    /// The newest body of a kind that the upstream gave for a conversation.
    package func rawBody(
        _ kind: RawBody.Kind,
        of identity: CallIdentity
    ) async throws(StoreError) -> RawBody? {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select * from raw_bodies
                    where workspace = ? and kind = ? and coalesce(conversation_id, '') = ?
                    order by received_ms desc, id desc limit 1
                    """
            )
            let arguments: StatementArguments = [
                identity.workspace, kind.rawValue, identity.conversationID,
            ]
            return try Row.fetchOne(statement, arguments: arguments).map { row in
                RawBody(
                    kind: kind,
                    workspace: row["workspace"],
                    conversationID: row["conversation_id"],
                    receivedAtMilliseconds: row["received_ms"],
                    body: try Zlib.decompress(row["body"], bytes: row["bytes"]),
                    unreadableReason: row["unreadable_reason"]
                )
            }
        }
    }

    /// Bodies that could not be understood, newest first.
    package func unreadableBodies(limit: Int) async throws(StoreError) -> [RawBodyNote] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select id, kind, conversation_id, received_ms, bytes, unreadable_reason
                    from raw_bodies where unreadable_reason is not null
                    order by id desc limit ?
                    """
            )
            return try Row.fetchAll(statement, arguments: [limit]).map { row in
                RawBodyNote(
                    id: row["id"],
                    kind: RawBody.Kind(rawValue: row["kind"]) ?? .detail,
                    conversationID: row["conversation_id"],
                    receivedAtMilliseconds: row["received_ms"],
                    bytes: row["bytes"],
                    unreadableReason: row["unreadable_reason"]
                )
            }
        }
    }

    /// Jobs of the outbox whose time has come, the longest due first; done ones are not among
    /// them.
    package func dueOutbox(limit: Int) async throws(StoreError) -> [OutboxEntry] {
        let now = ambient.nowMilliseconds
        return try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select * from outbox
                    where due_ms <= ?
                    and not exists (select 1 from ledger where ledger.job_id = outbox.job_id)
                    order by due_ms, job_id limit ?
                    """
            )
            return try Row.fetchAll(statement, arguments: [now, limit])
                .map { try CallReading.outboxEntry($0) }
        }
    }

    /// Which of these jobs wait in the outbox.
    package func inOutbox(among ids: [JobID]) async throws(StoreError) -> Set<JobID> {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "select 1 from outbox where job_id = ?"
            )
            var found: Set<JobID> = []
            for id in ids where try Int.fetchOne(statement, arguments: [id.text]) != nil {
                found.insert(id)
            }
            return found
        }
    }

    /// The instant of a mark, Unix milliseconds; nil when it was never set.
    package func mark(
        _ mark: SyncMark,
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> Int64? {
        try await read { try CallReading.mark(mark, workspace, in: $0) }
    }

    /// Where a walk stands; nil when it never began.
    package func cursor(ofWalk walk: String) async throws(StoreError) -> WalkCursor? {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "select * from walk_cursors where name = ?"
            )
            return try Row.fetchOne(statement, arguments: [walk]).map { row in
                WalkCursor(
                    position: row["position"],
                    fence: row["fence"],
                    updatedMilliseconds: row["updated_ms"]
                )
            }
        }
    }

    /// Exports, newest first.
    package func exports(limit: Int) async throws(StoreError) -> [ExportRecord] {
        try await exports(where: "true", [], order: "id desc", limit: limit)
    }

    /// The export that a job made; nil when there is none yet, or it is forgotten.
    package func export(ofJob id: JobID) async throws(StoreError) -> ExportRecord? {
        try await exports(where: "job_id = ?", [id.text], order: "id desc", limit: 1).first
    }

    /// One export; nil when it is forgotten.
    package func export(_ id: Int64) async throws(StoreError) -> ExportRecord? {
        try await exports(where: "id = ?", [id], order: "id", limit: 1).first
    }

    /// Finished exports whose time is over, oldest first.
    package func expiredExports(limit: Int) async throws(StoreError) -> [ExportRecord] {
        try await exports(
            where: "state = 'finished' and expires_ms <= ?",
            [ambient.nowMilliseconds],
            order: "expires_ms, id",
            limit: limit
        )
    }

    /// Whether a row names this file as its own, or did so before it expired.
    package func exportFiles(among names: [String]) async throws(StoreError) -> Set<String> {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select 1 from exports
                    where (file_name = ?1 or manifest_name = ?1) and state = 'finished'
                    """
            )
            var known: Set<String> = []
            for name in names where try Int.fetchOne(statement, arguments: [name]) != nil {
                known.insert(name)
            }
            return known
        }
    }

    private func exports(
        where condition: String,
        _ arguments: StatementArguments,
        order: String,
        limit: Int
    ) async throws(StoreError) -> [ExportRecord] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "select * from exports where \(condition) order by \(order) limit ?"
            )
            return try Row.fetchAll(statement, arguments: arguments + [limit]).map { row in
                ExportRecord(
                    id: row["id"],
                    jobID: row["job_id"],
                    what: row["what"],
                    dialect: row["dialect"],
                    fileName: row["file_name"],
                    manifestName: row["manifest_name"],
                    rows: row["rows"],
                    bytes: row["bytes"],
                    sha256: row["sha256"],
                    filter: row["filter"],
                    createdBy: row["created_by"],
                    createdMilliseconds: row["created_ms"],
                    expiresMilliseconds: row["expires_ms"],
                    state: ExportRecord.State(rawValue: row["state"]) ?? .expired,
                    cursor: row["cursor"]
                )
            }
        }
    }

    /// What waits inside the store and what could not be understood.
    package func health() async throws(StoreError) -> StoreHealth {
        try await read { database in
            func number(_ sql: String) throws -> Int {
                try Int.fetchOne(database.cachedStatement(sql: sql)) ?? 0
            }
            return StoreHealth(
                schemaVersion: try Schema.version(of: database),
                inboxWaiting: try number("select count(*) from inbox where state = 'waiting'"),
                inboxDead: try number("select count(*) from inbox where state = 'dead'"),
                outboxWaiting: try number("select count(*) from outbox"),
                outboxOldestMilliseconds: try Int64.fetchOne(
                    database,
                    sql: "select min(created_ms) from outbox"
                ),
                ledgerRows: try number("select count(*) from ledger"),
                unreadableBodies: try number(
                    "select count(*) from raw_bodies where unreadable_reason is not null"
                ),
                bytes: Int64(try number("pragma page_count"))
                    * Int64(try number("pragma page_size"))
            )
        }
    }
}

extension CallReading {
    static func outboxEntry(_ row: Row) throws -> OutboxEntry {
        OutboxEntry(
            id: try JobID(row["job_id"]),
            job: OutboxJob(
                queue: try QueueName(row["queue"]),
                kind: row["kind"],
                lane: Lane(rawValue: row["lane"]) ?? .std,
                payload: Array(row["payload"] as Data),
                unique: try (row["unique_key"] as String?).map { try UniqueKey($0) },
                uniqueHorizon: .milliseconds(row["unique_horizon_ms"] as Int64),
                delay: .milliseconds(row["delay_ms"] as Int64),
                trace: row["trace"]
            ),
            createdMilliseconds: row["created_ms"],
            sends: row["sends"]
        )
    }
}
