import Foundation
import GRDB

extension StoreWriter {
    /// Adds a row to the audit log, in the transaction of what it tells of.
    package func audit(_ note: AuditNote) throws {
        let last = try Row.fetchOne(
            database.cachedStatement(
                sql: "select position, hash from audit_log order by position desc limit 1"
            )
        )
        let position: Int64 = (last?["position"] ?? 0) + 1
        let previous: Data = last?["hash"] ?? AuditEntry.origin
        let before = try note.before.map { try StoredJSON.text($0) }
        let after = try note.after.map { try StoredJSON.text($0) }
        let reason = note.reason.map(Redaction([.numbers]).redacted)
        let hash = try AuditEntry.hash(
            position: position,
            atMilliseconds: nowMilliseconds,
            actor: note.actor,
            action: note.action,
            object: note.object,
            keyID: note.keyID,
            before: before,
            after: after,
            reason: reason,
            previous: previous
        )
        try run(
            """
            insert into audit_log (
                position, at_ms, actor, action, object, key_id, before, after, reason, previous,
                hash
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                position, nowMilliseconds, note.actor, note.action, note.object, note.keyID,
                before, after, reason, previous, hash,
            ]
        )
    }
}

extension CallStore {
    /// Rows of the audit log, the newest first.
    ///
    /// - Parameters:
    ///   - before: Only rows before this position; nil for the newest.
    ///   - action: Only rows of this action, or of a group such as `caller`.
    ///   - object: Only rows about this object.
    ///   - limit: Most rows.
    /// - Returns: The rows.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func auditLog(
        before: Int64? = nil,
        action: String? = nil,
        object: String? = nil,
        limit: Int
    ) async throws(StoreError) -> [AuditEntry] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    select * from audit_log
                    where position < ?1
                    and (?2 is null or action = ?2 or action like ?2 || '.%')
                    and (?3 is null or object = ?3)
                    order by position desc limit ?4
                    """,
                arguments: [before ?? .max, action, object, limit]
            )
            return try rows.map { try CallReading.auditEntry($0) }
        }
    }

    /// Checks that no row of the audit log was changed, removed or put in between.
    ///
    /// Rows that were cut off the end leave no trace in the log itself: note the head now and then
    /// in another place, and give it here later.
    ///
    /// - Parameter noted: Lower-case hex of a head that was noted earlier.
    /// - Returns: What was found.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func verifyAuditLog(noted: String? = nil) async throws(StoreError) -> AuditVerdict {
        try await read { database in
            var verdict = AuditVerdict(sound: 0, holdsNoted: noted.map { _ in false })
            var previous = AuditEntry.origin
            let rows = try Row.fetchCursor(
                database,
                sql: "select * from audit_log order by position"
            )
            while let row = try rows.next() {
                let position: Int64 = row["position"]
                let hash = try AuditEntry.hash(
                    position: position,
                    atMilliseconds: row["at_ms"],
                    actor: row["actor"],
                    action: row["action"],
                    object: row["object"],
                    keyID: row["key_id"],
                    before: row["before"],
                    after: row["after"],
                    reason: row["reason"],
                    previous: previous
                )
                guard position == Int64(verdict.sound) + 1, row["previous"] == previous,
                    row["hash"] == hash
                else {
                    verdict.brokenAt = position
                    return verdict
                }
                verdict.sound += 1
                verdict.head = AuditObject.hex(hash)
                if verdict.head == noted { verdict.holdsNoted = true }
                previous = hash
            }
            return verdict
        }
    }
}

extension CallReading {
    static func auditEntry(_ row: Row) throws -> AuditEntry {
        AuditEntry(
            position: row["position"],
            atMilliseconds: row["at_ms"],
            note: AuditNote(
                actor: row["actor"],
                action: row["action"],
                object: row["object"],
                keyID: row["key_id"],
                before: try StoredJSON.value(row["before"], as: [String: StoredValue].self),
                after: try StoredJSON.value(row["after"], as: [String: StoredValue].self),
                reason: row["reason"]
            ),
            previous: row["previous"],
            hash: row["hash"]
        )
    }
}
