import Foundation
import GRDB

extension StoreWriter {
    /// Decides anew which conversions of a call's caller count, where one of them has changed.
    ///
    /// Of a type that counts once per caller in so many days, the first conversion counts, and
    /// then the first that starts so many days after the last that counts. The outcome follows
    /// from the calls alone, not from the order in which they came. A call without a number counts
    /// for itself. Excluded calls do not count, and stand in no other's way.
    func count(_ call: CallID, before: Conversion?, after: EffectiveOutcome) throws {
        guard after.oncePerCallerDays != nil || before?.oncePerCallerDays != nil else { return }
        var types = Set([after.type].compactMap(\.self))
        if before?.outcome == .yes, let type = before?.type { types.insert(type) }
        if let key = try keyOfCaller(of: call) {
            for type in types.sorted() { try count(type, ofCallerWith: key) }
        }
        try run(
            """
            update conversions set is_counted = 1
            where call_id = ? and is_counted = 0 and (
                outcome <> 'yes' or not exists (
                    select 1 from call_parties
                    where call_id = conversions.call_id and caller_key is not null
                )
            )
            """,
            [call.number]
        )
    }

    /// Decides anew which conversions of a call's caller count, where the call was excluded or
    /// counts again.
    ///
    /// One whose number has gone keeps what was decided: nothing tells the caller's other calls.
    func countAnew(_ call: CallID) throws {
        guard let conversion = try CallReading.conversion(of: call, in: database),
            conversion.outcome == .yes, let type = conversion.type,
            let key = try keyOfCaller(of: call)
        else { return }
        try count(type, ofCallerWith: key)
    }

    /// Decides anew which conversions of a caller count, where many of the calls were excluded or
    /// count again.
    ///
    /// Once for all of them: one by one, each would read the others.
    func countAnew(callerWith key: Data) throws {
        let types = try String.fetchAll(
            database.cachedStatement(
                sql: """
                    select distinct conversions.type
                    from call_parties
                    join conversions on conversions.call_id = call_parties.call_id
                    where call_parties.caller_key = ? and conversions.outcome = 'yes'
                    and conversions.once_per_caller_days is not null
                    and conversions.type is not null
                    order by conversions.type
                    """
            ),
            arguments: [key]
        )
        for type in types { try count(type, ofCallerWith: key) }
    }

    private func keyOfCaller(of call: CallID) throws -> Data? {
        try Data.fetchOne(
            database.cachedStatement(
                sql: """
                    select caller_key from call_parties
                    where call_id = ? and caller_key is not null
                    """
            ),
            arguments: [call.number]
        )
    }

    private func count(_ type: String, ofCallerWith key: Data) throws {
        // Excluded is what call_facts_now takes for excluded.
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select conversions.call_id, conversions.once_per_caller_days as days,
                        conversions.is_counted, calls.started_unix,
                        call_exclusions.call_id is not null
                        or coalesce(calls.initiation_source, '') = 'template_preview'
                            as is_excluded
                    from call_parties
                    join conversions on conversions.call_id = call_parties.call_id
                    join calls on calls.id = conversions.call_id
                    left join call_exclusions on call_exclusions.call_id = calls.id
                    where call_parties.caller_key = ? and conversions.outcome = 'yes'
                    and conversions.type = ?
                    order by calls.started_unix, calls.id
                    """
            ),
            arguments: [key, type]
        )
        try count(rows)
    }

    private func count(_ rows: [Row]) throws {
        var lastCounted: Int64?
        for row in rows {
            let started: Int64 = row["started_unix"]
            let isExcluded: Bool = row["is_excluded"]
            var isCounted = true
            if let days = row["days"] as Int64? {
                let isFar = lastCounted.map { started - $0 >= days * 86_400 } ?? true
                isCounted = isFar && !isExcluded
            }
            if isCounted, !isExcluded { lastCounted = started }
            guard isCounted != row["is_counted"] else { continue }
            try run(
                "update conversions set is_counted = ? where call_id = ?",
                [isCounted, row["call_id"] as Int64]
            )
        }
    }
}
