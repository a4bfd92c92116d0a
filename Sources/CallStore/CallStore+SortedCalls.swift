import GRDB

/// By what a list of calls can be put in order, beside their start.
package enum CallSort: String, Hashable, Sendable, CaseIterable {
    case duration
    case turns
    case rating
    case cost
    case agent
    case campaign
    case outcome
    case conversion

    /// Whether it compares words; those stand from A to Z, figures from the largest.
    package var isOfWords: Bool {
        switch self {
        case .duration, .turns, .rating, .cost: false
        case .agent, .campaign, .outcome, .conversion: true
        }
    }

    /// What is compared, null where the call has none.
    fileprivate var value: String {
        switch self {
        case .duration: "calls.duration_seconds"
        case .turns: "calls.message_count"
        case .rating: "calls.rating"
        case .cost: "calls.cost_credits"
        case .agent: "lower(coalesce(calls.agent_name, calls.agent_id))"
        case .campaign: "lower(campaigns.name)"
        case .outcome: "coalesce(calls.call_successful, 'pending')"
        case .conversion:
            "iif(conversions.outcome = 'yes', conversions.type, conversions.outcome)"
        }
    }

    /// The value, with what stands behind all others in its place where there is none.
    fileprivate func key(isRising: Bool) -> String {
        let last =
            switch (isOfWords, isRising) {
            case (false, true): "9e18"
            case (false, false): "-9e18"
            case (true, true): "char(1114111)"
            case (true, false): "''"
            }
        return "coalesce(\(value), \(last))"
    }
}

/// A page of calls in another order than that of their start.
package struct SortedCalls: Hashable, Sendable {
    package var calls: [CallSummary]

    /// The last call, after which the next page goes on; nil on the last page.
    package var next: CallID?

    /// Whether only the newest `CallStore.sortedMax` calls of the filter were put in order.
    package var isCut: Bool
}

extension CallStore {
    /// Calls that are put in order for one page; of more, the newest.
    package static let sortedMax = 100_000

    /// A page of calls in another order than that of their start.
    ///
    /// - Parameters:
    ///   - filter: Which calls; its search is looked for as in `calls`.
    ///   - sort: What is compared; where that is equal, the newest comes first in a falling order.
    ///   - isRising: Whether the smallest comes first. Calls without a value come last either way.
    ///   - call: Goes on behind it, from where it stands now.
    ///   - limit: Most calls to return.
    /// - Returns: The page.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func calls(
        _ filter: CallFilter,
        by sort: CallSort,
        isRising: Bool,
        after call: CallID? = nil,
        limit: Int
    ) async throws(StoreError) -> SortedCalls {
        let most = filter.search == nil ? Self.sortedMax : Self.searchedMax
        return try await read { database in
            var looked = filter
            looked.search = nil
            var clause = FilterClause(looked, search: nil)
            let oldest = try Row.fetchOne(
                database,
                sql: """
                    select calls.started_unix, calls.id from calls
                    \(clause.isOfCallsAlone ? "" : CallSummary.joins) \(clause.sql)
                    order by calls.started_unix desc, calls.id desc limit 1 offset ?
                    """,
                arguments: clause.arguments + [most - 1]
            )
            clause = try FilterClause(filter, in: database)
            if let oldest {
                clause.add(
                    "(calls.started_unix, calls.id) >= (?, ?)",
                    [oldest[0] as Int64, oldest[1] as Int64]
                )
            }
            let value = sort.key(isRising: isRising)
            let key = "\(value), calls.started_unix, calls.id"
            if let call {
                clause.add(
                    """
                    (\(key)) \(isRising ? ">" : "<") (
                        select \(key) from calls \(CallSummary.joins) where calls.id = ?
                    )
                    """,
                    [call.number]
                )
            }
            let way = isRising ? "asc" : "desc"
            let ordering = "\(value) \(way), calls.started_unix \(way), calls.id \(way)"
            // Only ids are put in order: whole rows would be carried through the sorter.
            let ids = try Int64.fetchAll(
                database,
                sql: """
                    select calls.id from calls \(CallSummary.joins) \(clause.sql)
                    order by \(ordering) limit ?
                    """,
                arguments: clause.arguments + [limit]
            )
            let rows = try Row.fetchAll(
                database,
                sql: """
                    \(CallSummary.select)
                    where calls.id in (\(databaseQuestionMarks(count: ids.count)))
                    order by \(ordering)
                    """,
                arguments: StatementArguments(ids)
            )
            return SortedCalls(
                calls: rows.map(CallSummary.init(row:)),
                next: ids.count < limit ? nil : ids.last.map { CallID($0) },
                isCut: oldest != nil
            )
        }
    }
}
