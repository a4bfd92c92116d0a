import Foundation
import GRDB
import PhoneNumbers

/// A number of ours whose calls are tests: they are excluded, old ones and new ones.
package struct InternalNumber: Hashable, Sendable {
    /// The list of callers that they stand on, so that rules can ask for them, too.
    ///
    /// Nothing else puts numbers on it or takes them off: their calls would not follow.
    package static let callerList = "internal-numbers"

    /// Tells it without telling the number.
    package var id: String

    /// E.164, from a call of it: personal data; nil while no call of it holds a number.
    package var number: String?
    package var calls: Int
    package var addedMilliseconds: Int64
}

/// What adding or removing an internal number comes to.
package struct InternalNumberChange: Hashable, Sendable {
    package var isListed: Bool

    /// Calls of the number.
    package var calls: Int

    /// Calls that are counted otherwise afterwards.
    package var recounted: Int

    /// Why the number cannot be added; nil where it can, or is on the list already.
    package var refusal: String?
}

/// The numbers of internal numbers.
package enum InternalNumberLimits {
    /// Calls that are excluded in one transaction; a number with more is nobody's test.
    package static let callsMax = 10_000

    /// Numbers on the list.
    package static let numbersMax = 200
}

private enum InternalList {
    static let name = InternalNumber.callerList

    /// Who has excluded the calls of them: no person, so that removing a number finds them.
    static let person = "internal numbers"

    /// Tells a number by its key, as `InternalNumber.id`.
    static func id(_ key: Data) -> String { AuditObject.hex(key.prefix(8)) }

    static func key(_ id: String, in database: Database) throws -> Data? {
        try Data.fetchAll(
            database.cachedStatement(sql: "select caller_key from caller_lists where name = ?"),
            arguments: [name]
        )
        .first { self.id($0) == id }
    }

    static func calls(of key: Data, in database: Database) throws -> Int {
        try Int.fetchOne(
            database.cachedStatement(sql: "select count(*) from call_parties where caller_key = ?"),
            arguments: [key]
        ) ?? 0
    }
}

extension CallStore {
    /// The internal numbers, in the order in which they came.
    package func internalNumbers() async throws(StoreError) -> [InternalNumber] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    select caller_key, added_ms, (
                        select count(*) from call_parties
                        where call_parties.caller_key = caller_lists.caller_key
                    ) as calls, (
                        select e164 from call_parties
                        where call_parties.caller_key = caller_lists.caller_key limit 1
                    ) as number
                    from caller_lists where name = ? order by added_ms, caller_key limit ?
                    """,
                arguments: [InternalList.name, InternalNumberLimits.numbersMax]
            )
            .map { row in
                InternalNumber(
                    id: InternalList.id(row["caller_key"]),
                    number: row["number"],
                    calls: row["calls"],
                    addedMilliseconds: row["added_ms"]
                )
            }
        }
    }
}

extension StoreWriter {
    /// What adding a number would come to; changes nothing but a key that is being replaced.
    package func internalNumberTrial(_ number: PartyNumber) throws -> InternalNumberChange {
        let key = try internalKey(of: number)
        let isListed = try Bool.fetchOne(
            database.cachedStatement(
                sql: "select exists (select 1 from caller_lists where name = ? and caller_key = ?)"
            ),
            arguments: [InternalList.name, key]
        )
        let excluded = try Int.fetchOne(
            database.cachedStatement(
                sql: """
                    select count(*) from call_parties join call_exclusions using (call_id)
                    where caller_key = ?
                    """
            ),
            arguments: [key]
        )
        var change = InternalNumberChange(
            isListed: isListed ?? false,
            calls: try InternalList.calls(of: key, in: database),
            recounted: 0
        )
        if !change.isListed { change.refusal = try internalRefusal(change) }
        if change.refusal == nil { change.recounted = change.calls - (excluded ?? 0) }
        return change
    }

    private func internalRefusal(_ change: InternalNumberChange) throws -> String? {
        if change.calls > InternalNumberLimits.callsMax {
            return "the number has more than \(InternalNumberLimits.callsMax) calls"
        }
        let listed = try Int.fetchOne(
            database.cachedStatement(sql: "select count(*) from caller_lists where name = ?"),
            arguments: [InternalList.name]
        )
        return listed ?? 0 < InternalNumberLimits.numbersMax
            ? nil : "there are \(InternalNumberLimits.numbersMax) internal numbers already"
    }

    /// Puts a number on the list, and excludes its calls.
    ///
    /// Calls that a person has excluded stay as they are, whatever becomes of the list.
    ///
    /// - Throws: `StoreError.rejected` for what is no telephone number, one with too many calls,
    ///   and one too many.
    package func addInternal(
        _ number: PartyNumber,
        by person: String
    ) throws -> InternalNumberChange {
        let change = try internalNumberTrial(number)
        guard !change.isListed else { return change }
        if let reason = change.refusal { throw StoreError.rejected(reason: reason) }
        try add([number], toCallerList: InternalList.name)
        let key = try internalKey(of: number)
        try run(
            """
            insert into call_exclusions (call_id, reason, person, excluded_ms)
            select call_id, 'internal', ?, ? from call_parties where caller_key = ?
            on conflict (call_id) do nothing
            """,
            [InternalList.person, nowMilliseconds, key]
        )
        try countAnew(callerWith: key)
        try audit(
            AuditNote(
                actor: person,
                action: "internal-number.add",
                object: AuditObject.caller(key),
                keyID: try phoneKeys().current.id,
                after: ["calls": .integer(Int64(change.recounted))]
            )
        )
        return change
    }

    /// Takes a number off the list, and counts its calls again.
    ///
    /// Calls whose number has gone since are found no more, and stay excluded.
    ///
    /// - Returns: What changed; nil when no number has this id.
    /// - Throws: Errors of the database.
    package func removeInternal(_ id: String, by person: String) throws -> InternalNumberChange? {
        guard let key = try InternalList.key(id, in: database) else { return nil }
        let calls = try InternalList.calls(of: key, in: database)
        try run(
            "delete from caller_lists where name = ? and caller_key = ?",
            [InternalList.name, key]
        )
        let counted = try run(
            """
            delete from call_exclusions where reason = 'internal' and person = ? and call_id in (
                select call_id from call_parties where caller_key = ?
            )
            """,
            [InternalList.person, key]
        )
        try countAnew(callerWith: key)
        try audit(
            AuditNote(
                actor: person,
                action: "internal-number.remove",
                object: AuditObject.caller(key),
                keyID: try phoneKeys().current.id,
                after: ["calls": .integer(Int64(counted))]
            )
        )
        return InternalNumberChange(isListed: false, calls: calls, recounted: counted)
    }

    /// Excludes a call whose number stands on the list.
    func excludeInternal(_ call: CallID, _ key: DatabaseValue) throws {
        guard !key.isNull else { return }
        try run(
            """
            insert into call_exclusions (call_id, reason, person, excluded_ms)
            select ?, 'internal', ?, ? from caller_lists where name = ? and caller_key = ?
            on conflict (call_id) do nothing
            """,
            [call.number, InternalList.person, nowMilliseconds, InternalList.name, key]
        )
    }

    private func internalKey(of number: PartyNumber) throws -> Data {
        guard let key = Data.fromDatabaseValue(try callerKey(of: number).key) else {
            throw StoreError.rejected(reason: "an internal number is a telephone number")
        }
        return key
    }
}
