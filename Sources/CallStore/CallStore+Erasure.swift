package import Foundation
import GRDB
import PhoneNumbers

/// A body whose conversation could not be read, where it stands.
package struct UnnamedBody: Hashable, Sendable {
    let table: String
    let id: Int64
    package let body: Data
}

/// Where a walk through such bodies goes on.
package struct UnnamedBodyCursor: Hashable, Sendable {
    var table: String
    var id: Int64
}

extension CallStore {
    /// One erasure; nil when there is none.
    package func erasure(_ id: ErasureID) async throws(StoreError) -> Erasure? {
        try await erasures(where: "id = ?", [id.number], limit: 1).first
    }

    /// Erasures that are not over, the oldest first.
    package func openErasures(limit: Int = 100) async throws(StoreError) -> [Erasure] {
        try await erasures(where: "step <> 'done'", [], limit: limit)
    }

    /// Erasures, the newest first.
    package func erasures(limit: Int) async throws(StoreError) -> [Erasure] {
        try await erasures(where: "true", [], order: "id desc", limit: limit)
    }

    /// The newest erasure that a conversation was part of.
    package func erasure(of identity: CallIdentity) async throws(StoreError) -> Erasure? {
        try await erasures(
            where: """
                id = (
                    select max(erasure_id) from erasure_calls
                    where workspace = ? and conversation_id = ?
                )
                """,
            [identity.workspace, identity.conversationID],
            limit: 1
        )
        .first
    }

    private func erasures(
        where condition: String,
        _ arguments: StatementArguments,
        order: String = "id",
        limit: Int
    ) async throws(StoreError) -> [Erasure] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    select erasures.*, (
                        select count(*) from erasure_calls
                        where erasure_id = erasures.id and upstream = 'waiting'
                    ) as upstream_waiting
                    from erasures where \(condition) order by \(order) limit ?
                    """,
                arguments: arguments + [limit]
            )
            return try rows.map { row in
                Erasure(
                    id: ErasureID(row["id"]),
                    caller: (row["caller"] as String?).flatMap { CallerIdentity(stored: $0) },
                    object: AuditObject.caller(row["caller_key"]),
                    person: row["person"],
                    step: Erasure.Step(rawValue: row["step"]) ?? .content,
                    requestedMilliseconds: row["requested_ms"],
                    finishedMilliseconds: row["finished_ms"],
                    report: try StoredJSON.value(row["report"], as: ErasureReport.self)
                        ?? ErasureReport(),
                    upstreamWaiting: row["upstream_waiting"]
                )
            }
        }
    }

    /// The conversations of an erasure, by id.
    package func conversations(
        of erasure: ErasureID
    ) async throws(StoreError) -> [CallIdentity] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    select workspace, conversation_id from erasure_calls
                    where erasure_id = ? order by call_id
                    """,
                arguments: [erasure.number]
            ).map {
                CallIdentity(workspace: $0["workspace"], conversationID: $0["conversation_id"])
            }
        }
    }

    /// Whether a conversation was erased here and is to be deleted upstream.
    package func isErased(_ identity: CallIdentity) async throws(StoreError) -> Bool {
        try await read { database in
            try Bool.fetchOne(
                database.cachedStatement(
                    sql: """
                        select exists (
                            select 1 from tombstones
                            where workspace = ? and conversation_id = ? and reason = 'erased'
                        )
                        """
                ),
                arguments: [identity.workspace, identity.conversationID]
            ) ?? false
        }
    }

    /// A page of the bodies whose conversation could not be read, unpacked.
    ///
    /// - Parameters:
    ///   - cursor: Where to go on; nil to begin.
    ///   - limit: Most bodies of the page.
    /// - Returns: The bodies, and where to go on; nil at the end.
    /// - Throws: `StoreError.damaged` for a body that cannot be unpacked.
    package func unnamedBodies(
        after cursor: UnnamedBodyCursor?,
        limit: Int
    ) async throws(StoreError) -> (bodies: [UnnamedBody], next: UnnamedBodyCursor?) {
        let cursor = cursor ?? UnnamedBodyCursor(table: "raw_bodies", id: 0)
        return try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    select id, bytes, body from \(cursor.table)
                    where conversation_id is null and id > ? order by id limit ?
                    """,
                arguments: [cursor.id, limit]
            )
            let bodies = try rows.map { row in
                UnnamedBody(
                    table: cursor.table,
                    id: row["id"],
                    body: try Zlib.decompress(row["body"], bytes: row["bytes"])
                )
            }
            if let last = bodies.last, bodies.count == limit {
                return (bodies, UnnamedBodyCursor(table: cursor.table, id: last.id))
            }
            let next =
                cursor.table == "raw_bodies" ? UnnamedBodyCursor(table: "inbox", id: 0) : nil
            return (bodies, next)
        }
    }

    /// Names of the files of exports that are still there, with the exports' ids.
    package func presentExports() async throws(StoreError) -> [ExportRecord] {
        try await exports(limit: 10_000).filter { $0.state == .finished }
    }
}
