import GRDB

/// How soon a campaign's recipients called, counted from the day it reached them.
package struct ResponseCurve: Hashable, Sendable {
    /// Recipients by the days since their touch.
    package struct Day: Hashable, Sendable {
        /// 0 is the first 24 hours.
        package var day: Int

        /// Recipients whose first credited call came on this day.
        package var calledFirst: Int

        /// Recipients who had called by its end.
        package var calledByThen: Int

        /// Recipients whose touch is so long ago that this day has begun for them.
        package var reachedBefore: Int
    }

    /// What is counted from: the delivery, or the sending where no delivery is known.
    package var since: Touch.Kind

    /// Recipients with such a touch.
    package var recipients: Int

    /// From day 0 until the window's end, or the day that has begun for nobody yet.
    package var days: [Day]

    /// Days of a curve at most, whatever the window is.
    package static let daysMax = 90

    /// Makes the running sums.
    ///
    /// A pure rule.
    ///
    /// - Parameters:
    ///   - since: What is counted from.
    ///   - firstCalls: Recipients by the day of their first call.
    ///   - ages: Recipients by how many days ago their touch was.
    ///   - windowDays: The campaign's window.
    package init(
        since: Touch.Kind,
        firstCalls: [Int: Int],
        ages: [Int: Int],
        windowDays: Int
    ) {
        self.since = since
        recipients = ages.values.reduce(0, +)
        days = []
        let oldest = ages.keys.max() ?? -1
        let end = min(windowDays, Self.daysMax, oldest + 1)
        var called = 0
        for day in 0..<max(0, end) {
            let first = firstCalls[day, default: 0]
            called += first
            let reached = ages.reduce(0) { $1.key >= day ? $0 + $1.value : $0 }
            days.append(
                Day(day: day, calledFirst: first, calledByThen: called, reachedBefore: reached)
            )
        }
    }
}

extension CallStore {
    /// When a campaign's recipients called, by days since it was delivered to them.
    ///
    /// Calls that are credited to them, without those that are excluded.
    ///
    /// - Parameter id: The campaign.
    /// - Returns: The curve over all days; nil where nothing was delivered or sent, or there is no
    ///   such campaign.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func responseCurve(
        of id: CampaignID
    ) async throws(StoreError) -> ResponseCurve? {
        let now = ambient.nowMilliseconds / 1000
        return try await read { database in
            let window = try Int.fetchOne(
                database.cachedStatement(sql: "select window_days from campaigns where id = ?"),
                arguments: [id.number]
            )
            guard let window else { return nil }
            for kind in [Touch.Kind.delivered, .sent] {
                let arguments: StatementArguments = [
                    "campaign": id.number, "kind": kind.rawValue, "now": now,
                    "most": ResponseCurve.daysMax,
                ]
                let ages = try counts(Self.agesQuery, arguments, database)
                guard !ages.isEmpty else { continue }
                return ResponseCurve(
                    since: kind,
                    firstCalls: try counts(
                        Self.firstCallsQuery,
                        ["campaign": id.number, "kind": kind.rawValue, "now": now],
                        database
                    ),
                    ages: ages,
                    windowDays: window
                )
            }
            return nil
        }
    }

    /// Each recipient's first touch of a kind that is not still to come.
    private static let agesQuery = """
        select min((:now - opened) / 86400, :most), count(*) from (
            select min(at_unix) as opened from touches indexed by touches_by_recipient
            where campaign_id = :campaign and kind = :kind and recipient_id is not null
            and at_unix <= :now group by recipient_id
        ) group by 1
        """

    /// Looks up the touches of those alone who have called.

    private static let firstCallsQuery = """
        select day, count(*) from (
            select (min(started) - opened) / 86400 as day from (
                select attributions.recipient_id as recipient, calls.started_unix as started, (
                    select min(at_unix) from touches indexed by touches_by_recipient
                    where campaign_id = :campaign and kind = :kind
                    and recipient_id = attributions.recipient_id and at_unix <= :now
                ) as opened
                from attributions
                join calls on calls.id = attributions.call_id
                join call_facts on call_facts.call_id = calls.id
                where attributions.campaign_id = :campaign
                and attributions.recipient_id is not null and call_facts.is_excluded = 0
            ) where started >= opened group by recipient
        ) group by 1
        """

    private func counts(
        _ query: String,
        _ arguments: StatementArguments,
        _ database: Database
    ) throws -> [Int: Int] {
        var found: [Int: Int] = [:]
        for row in try Row.fetchAll(database.cachedStatement(sql: query), arguments: arguments) {
            found[row[0]] = row[1]
        }
        return found
    }
}
