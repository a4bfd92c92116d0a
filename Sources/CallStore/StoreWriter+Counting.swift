import GRDB

extension StoreWriter {
    /// Decides anew which conversions of a call's caller count, where one of them has changed.
    ///
    /// Of a type that counts once per caller in so many days, the first conversion counts, and
    /// then the first that starts so many days after the last that counts. The outcome follows
    /// from the calls alone, not from the order in which they came. A call without a number counts
    /// for itself.
    func count(_ call: CallID, before: Conversion?, after: EffectiveOutcome) throws {
        guard after.oncePerCallerDays != nil || before?.oncePerCallerDays != nil else { return }
        var types = Set([after.type].compactMap(\.self))
        if before?.outcome == .yes, let type = before?.type { types.insert(type) }
        for type in types.sorted() {
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        select conversions.call_id, conversions.once_per_caller_days as days,
                            conversions.is_counted, calls.started_unix
                        from call_parties as own
                        join call_parties on call_parties.caller_key = own.caller_key
                        join conversions on conversions.call_id = call_parties.call_id
                        join calls on calls.id = conversions.call_id
                        where own.call_id = ? and conversions.outcome = 'yes'
                        and conversions.type = ?
                        order by calls.started_unix, calls.id
                        """
                ),
                arguments: [call.number, type]
            )
            try count(rows)
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

    private func count(_ rows: [Row]) throws {
        var lastCounted: Int64?
        for row in rows {
            let started: Int64 = row["started_unix"]
            var isCounted = true
            if let days = row["days"] as Int64?, let last = lastCounted {
                isCounted = started - last >= days * 86_400
            }
            if isCounted { lastCounted = started }
            guard isCounted != row["is_counted"] else { continue }
            try run(
                "update conversions set is_counted = ? where call_id = ?",
                [isCounted, row["call_id"] as Int64]
            )
        }
    }
}
