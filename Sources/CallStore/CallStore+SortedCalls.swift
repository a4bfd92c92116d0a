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

    /// Characters of a word that are compared: a cursor holds it.
    package static let wordMax = 200

    /// What is compared, null where the call has none.
    fileprivate var value: String {
        switch self {
        case .duration: "calls.duration_seconds"
        case .turns: "calls.message_count"
        case .rating: "calls.rating"
        case .cost: "calls.cost_credits"
        case .agent: "substr(lower(coalesce(calls.agent_name, calls.agent_id)), 1, \(Self.wordMax))"
        case .campaign: "substr(lower(campaigns.name), 1, \(Self.wordMax))"
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

/// Where a page of calls in another order ended: what stood there when it was made.
package struct SortedCursor: Hashable, Sendable {
    package enum Key: Hashable, Sendable {
        case number(Double)
        case word(String)
    }

    /// What is compared, or what stands in its place where the call has none.
    package var key: Key
    package var startedUnix: Int64
    package var id: CallID

    package init(key: Key, startedUnix: Int64, id: CallID) {
        self.key = key
        self.startedUnix = startedUnix
        self.id = id
    }

    fileprivate init(_ row: Row, _ sort: CallSort) {
        key = sort.isOfWords ? .word(row["value"]) : .number(row["value"])
        startedUnix = row["started_unix"]
        id = CallID(row["id"])
    }

    fileprivate var values: StatementArguments {
        switch key {
        case .number(let value): [value, startedUnix, id.number]
        case .word(let value): [value, startedUnix, id.number]
        }
    }
}

/// A page of calls in another order than that of their start.
package struct SortedCalls: Hashable, Sendable {
    package var calls: [CallSummary]

    /// Where the next page goes on; nil on the last one.
    package var next: SortedCursor?

    /// How many of the calls, the newest ones, were put in order; nil when all of them were.
    package var newest: Int?
}

extension CallStore {
    /// Calls that are put in order for one page; of more, the newest.
    package static let sortedMax = 100_000

    /// A page of calls in another order than that of their start.
    ///
    /// - Parameters:
    ///   - filter: Which calls; of a search for common words alone, the newest `searchedMax`.
    ///   - sort: What is compared; where that is equal, the newest comes first in a falling order.
    ///   - isRising: Whether the smallest comes first. Calls without a value come last either way.
    ///   - cursor: Goes on after it.
    ///   - limit: Most calls to return.
    ///   - most: How many calls are put in order; of more, the newest.
    /// - Returns: The page.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func calls(
        _ filter: CallFilter,
        by sort: CallSort,
        isRising: Bool,
        after cursor: SortedCursor? = nil,
        limit: Int,
        of most: Int = CallStore.sortedMax
    ) async throws(StoreError) -> SortedCalls {
        try await read { database in
            let search = try SearchCondition(of: filter, in: database)
            var looked = FilterClause(filter, search: nil)
            // The index of words names few calls, all of which can be put in order.
            let newest = search.map { $0.isNarrow ? nil : Self.searchedMax } ?? most
            let left = try newest.flatMap { newest in
                try Self.call(at: newest, of: looked, in: database)
            }
            let isNewer = "(calls.started_unix, calls.id) > (?, ?)"
            if let left { looked.add(isNewer, left.values) }
            let isWide = search.map { !$0.isNarrow } ?? false
            var clause = FilterClause(
                filter,
                search: search,
                among: isWide ? try Self.ids(of: looked, in: database) : nil
            )
            if let left { clause.add(isNewer, left.values) }
            let value = sort.key(isRising: isRising)
            if let cursor {
                clause.add(
                    "(\(value), calls.started_unix, calls.id) \(isRising ? ">" : "<") (?, ?, ?)",
                    cursor.values
                )
            }
            let way = isRising ? "asc" : "desc"
            let ordering = "\(value) \(way), calls.started_unix \(way), calls.id \(way)"
            // Only keys are put in order: whole rows would be carried through the sorter.
            let keys = try Row.fetchAll(
                database,
                sql: """
                    select calls.id, calls.started_unix, \(value) as value
                    from calls \(CallSummary.joins) \(clause.sql)
                    order by \(ordering) limit ?
                    """,
                arguments: clause.arguments + [limit]
            )
            let rows = try Row.fetchAll(
                database,
                sql: """
                    \(CallSummary.select)
                    where calls.id in (\(databaseQuestionMarks(count: keys.count)))
                    order by \(ordering)
                    """,
                arguments: StatementArguments(keys.map { $0["id"] as Int64 })
            )
            return SortedCalls(
                calls: try rows.map(CallSummary.init(row:)),
                next: keys.count < limit ? nil : keys.last.map { SortedCursor($0, sort) },
                newest: left == nil ? nil : newest
            )
        }
    }
}
