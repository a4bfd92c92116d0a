import Foundation
import GRDB
import PhoneNumbers

extension StoreWriter {
    /// The caller key of a number and the id of the secret it was made with.
    ///
    /// While earlier secrets are still kept, all rows of the same caller get the new key at once:
    /// in every committed state a caller has one key.
    func callerKey(of number: PartyNumber?) throws -> (key: DatabaseValue, id: DatabaseValue) {
        guard let e164 = number?.e164 else { return (.null, .null) }
        let ring = try phoneKeys()
        if !ring.previous.isEmpty { try rekey(e164.text, ring) }
        let key = ring.current.callerKey(e164: e164.text)
        return (key.databaseValue, ring.current.id.databaseValue)
    }

    /// Tables that hold callers' keys and no number.
    private static let bareKeyTables = ["suppressions", "caller_lists"]

    /// The secrets in force.
    ///
    /// - Throws: `StoreError.rejected` when the store was opened without any.
    func phoneKeys() throws -> PhoneKeyRing {
        guard let ring else {
            throw StoreError.rejected(reason: "the store was opened without the phone key")
        }
        return ring
    }

    /// Gives all rows of one caller the key in force; returns how many had another.
    @discardableResult
    private func rekey(_ e164: String, _ ring: PhoneKeyRing) throws -> Int {
        let key = ring.current.callerKey(e164: e164)
        var changed = 0
        for old in ring.previous {
            let values: StatementArguments = [
                key, ring.current.id, old.callerKey(e164: e164),
            ]
            for table in ["call_parties", "recipients"] {
                changed += try run(
                    "update \(table) set caller_key = ?, key_id = ? where caller_key = ?",
                    values
                )
            }
            for table in Self.bareKeyTables {
                try run(
                    "update or replace \(table) set caller_key = ?, key_id = ? where caller_key = ?",
                    values
                )
            }
        }
        return changed
    }

    /// Gives the callers of a page of rows the key in force.
    ///
    /// - Parameters:
    ///   - table: Whose numbers.
    ///   - id: Rows after this one, in the order of ids.
    ///   - limit: Most rows to look at: a transaction stays short.
    /// - Returns: How many rows changed, and the last one looked at; nil at the end.
    /// - Throws: `StoreError.rejected` when the store was opened without a key.
    package func rekey(
        _ table: KeyedTable,
        after id: Int64,
        limit: Int
    ) throws -> (changed: Int, last: Int64?) {
        let ring = try phoneKeys()
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select \(table.idColumn) as id, e164, caller_key, key_id
                    from \(table.rawValue)
                    where \(table.idColumn) > ? order by \(table.idColumn) limit ?
                    """
            ),
            arguments: [id, limit]
        )
        var changed = 0
        for row in rows {
            guard let e164: String = row["e164"], row["key_id"] != ring.current.id else { continue }
            let key = ring.current.callerKey(e164: e164)
            // By the key that the row has: its secret may be on the ring no more.
            for other in KeyedTable.allCases {
                changed += try run(
                    "update \(other.rawValue) set caller_key = ?, key_id = ? where caller_key = ?",
                    [key, ring.current.id, row["caller_key"] as Data]
                )
            }
            for table in Self.bareKeyTables {
                try run(
                    "update or replace \(table) set caller_key = ?, key_id = ? where caller_key = ?",
                    [key, ring.current.id, row["caller_key"] as Data]
                )
            }
        }
        return (changed, rows.count < limit ? nil : rows.last?["id"])
    }
}

/// A table whose rows carry caller keys.
package enum KeyedTable: String, Sendable, CaseIterable {
    case parties = "call_parties"
    case recipients

    var idColumn: String {
        switch self {
        case .parties: "call_id"
        case .recipients: "id"
        }
    }
}

/// How many rows carry keys of one secret.
package struct PhoneKeyUse: Hashable, Sendable {
    /// Id of the secret.
    package var id: String
    package var calls: Int
    package var recipients: Int

    /// Erased callers whose suppression only this secret can tell.
    package var suppressions: Int

    /// Entries of the rules' lists of callers that only this secret can tell.
    package var listed: Int

    package init(
        id: String,
        calls: Int = 0,
        recipients: Int = 0,
        suppressions: Int = 0,
        listed: Int = 0
    ) {
        self.id = id
        self.calls = calls
        self.recipients = recipients
        self.suppressions = suppressions
        self.listed = listed
    }

    package var isUnused: Bool {
        calls == 0 && recipients == 0 && suppressions == 0 && listed == 0
    }
}

extension CallStore {
    /// Whether rows of a table carry keys of another secret than the one in force.
    package func needsRekey(_ table: KeyedTable) async throws(StoreError) -> Bool {
        guard let ring = privacy.ring() else { return false }
        return try await read { database in
            try Bool.fetchOne(
                database,
                sql: """
                    select exists (
                        select 1 from \(table.rawValue) where key_id is not null and key_id <> ?
                    )
                    """,
                arguments: [ring.current.id]
            ) ?? false
        }
    }

    /// What the store's rows need which secrets for, by the secrets' ids.
    package func phoneKeyUses() async throws(StoreError) -> [PhoneKeyUse] {
        try await read { database in
            var uses: [String: PhoneKeyUse] = [:]
            func count(
                _ table: String,
                _ path: WritableKeyPath<PhoneKeyUse, Int>
            ) throws {
                let rows = try Row.fetchAll(
                    database,
                    sql: """
                        select key_id, count(*) as rows from \(table)
                        where key_id is not null group by key_id
                        """
                )
                for row in rows {
                    let id: String = row["key_id"]
                    uses[id, default: PhoneKeyUse(id: id)][keyPath: path] = row["rows"]
                }
            }
            try count("call_parties", \.calls)
            try count("recipients", \.recipients)
            try count("suppressions", \.suppressions)
            try count("caller_lists", \.listed)
            return uses.values.sorted { $0.id < $1.id }
        }
    }
}
