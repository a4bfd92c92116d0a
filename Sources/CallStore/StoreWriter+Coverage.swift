import GRDB

extension StoreWriter {
    /// Notes that every call which started in a range was listed, in the transaction that ends the
    /// walk.
    ///
    /// What an older delivery had read of it is replaced; what a newer one has read stays.
    ///
    /// - Parameters:
    ///   - range: Starts of calls, Unix seconds.
    ///   - agentID: Only this agent's calls; nil for all.
    ///   - calls: How many calls the walk saw there.
    ///   - requests: How many requests to the upstream it made.
    ///   - fence: The fence of the delivery that ended it.
    ///   - workspace: Whose calls.
    /// - Throws: Errors of the database.
    package func cover(
        _ range: Range<Int64>,
        agentID: String?,
        calls: Int,
        requests: Int,
        fence: Int64,
        in workspace: String = CallIdentity.defaultWorkspace
    ) throws {
        guard !range.isEmpty else { return }
        let place = CoveragePlace(workspace: workspace, agentID: agentID ?? "")
        var free = range.lowerBound
        let own = FencedCoverage(
            coverage: Coverage(
                fromUnix: range.lowerBound,
                toUnix: range.upperBound,
                calls: calls,
                requests: requests
            ),
            fence: fence,
            coveredMilliseconds: nowMilliseconds
        )
        for row in try CallReading.coverage(over: range, place, in: database) {
            if row.fence > fence {
                try insert(own.cut(from: free, to: row.coverage.fromUnix), place)
                free = max(free, row.coverage.toUnix)
            } else {
                try run(
                    """
                    delete from coverage
                    where workspace = ? and agent_id = ? and from_unix = ?
                    """,
                    [place.workspace, place.agentID, row.coverage.fromUnix]
                )
                let found = row.coverage
                try insert(row.cut(from: found.fromUnix, to: range.lowerBound), place)
                try insert(row.cut(from: range.upperBound, to: found.toUnix), place)
            }
        }
        try insert(own.cut(from: free, to: range.upperBound), place)
    }

    private func insert(_ part: FencedCoverage?, _ place: CoveragePlace) throws {
        guard let part else { return }
        try run(
            """
            insert into coverage (
                workspace, agent_id, from_unix, to_unix, calls, requests, fence, covered_ms
            ) values (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                place.workspace, place.agentID, part.coverage.fromUnix, part.coverage.toUnix,
                part.coverage.calls, part.coverage.requests, part.fence, part.coveredMilliseconds,
            ]
        )
    }
}

extension CallStore {
    /// What is covered of a range, as stretches without a gap between them, in order; of all
    /// agents' and, if one is named, of that agent's calls.
    package func coverage(
        over range: Range<Int64>,
        agentID: String? = nil,
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [Coverage] {
        try await read { database in
            try CallReading.stretches(over: range, agentID, workspace, in: database)
        }
    }

    /// How many calls a day the whole of what is covered holds; nil when nothing is.
    package func coverageDensity(
        agentID: String? = nil,
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> CoverageDensity? {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select sum(calls) as calls, sum(to_unix - from_unix) as seconds from coverage
                    where workspace = ? and agent_id = ?
                    """
            )
            let arguments: StatementArguments = [workspace, agentID ?? ""]
            guard let row = try Row.fetchOne(statement, arguments: arguments),
                let seconds = row["seconds"] as Int64?
            else { return nil }
            return CoverageDensity(calls: row["calls"], seconds: seconds)
        }
    }
}

/// Calls that were seen in so much covered time.
package struct CoverageDensity: Hashable, Sendable {
    package var calls: Int
    package var seconds: Int64

    package init(calls: Int, seconds: Int64) {
        self.calls = calls
        self.seconds = seconds
    }
}

/// Whose calls a range speaks of.
struct CoveragePlace {
    var workspace: String

    /// Empty for all agents.
    var agentID: String
}

/// A row of the coverage.
struct FencedCoverage {
    var coverage: Coverage
    var fence: Int64
    var coveredMilliseconds: Int64

    /// A part of it, with its share of the calls; nil when the part is empty.
    func cut(from: Int64, to: Int64) -> FencedCoverage? {
        guard from < to else { return nil }
        let length = coverage.toUnix - coverage.fromUnix
        func share(_ number: Int) -> Int {
            Int((Double(number) * Double(to - from) / Double(length)).rounded())
        }
        var part = self
        part.coverage = Coverage(
            fromUnix: from,
            toUnix: to,
            calls: share(coverage.calls),
            requests: share(coverage.requests)
        )
        return part
    }
}

extension CallReading {
    /// The rows that overlap a range, in order.
    static func coverage(
        over range: Range<Int64>,
        _ place: CoveragePlace,
        in database: Database
    ) throws -> [FencedCoverage] {
        try Array(cursor(over: range, place, in: database).map { FencedCoverage(row: $0) })
    }

    /// What the rows cover of a range, with what touches put together.
    static func stretches(
        over range: Range<Int64>,
        _ agentID: String?,
        _ workspace: String,
        in database: Database
    ) throws -> [Coverage] {
        guard !range.isEmpty else { return [] }
        func stretches(of agent: String) throws -> [Coverage] {
            let place = CoveragePlace(workspace: workspace, agentID: agent)
            let rows = try cursor(over: range, place, in: database)
            var found: [Coverage] = []
            // Row by row: there may be one for each minute of years.
            while let row = try rows.next() {
                let part = FencedCoverage(row: row)
                    .cut(
                        from: max(range.lowerBound, row["from_unix"]),
                        to: min(range.upperBound, row["to_unix"])
                    )
                if let part { found.append(joining: part.coverage) }
            }
            return found
        }
        let all = try stretches(of: "")
        guard let agentID else { return all }
        let both = (all + (try stretches(of: agentID))).sorted { $0.fromUnix < $1.fromUnix }
        return both.reduce(into: []) { $0.append(joining: $1) }
    }

    private static func cursor(
        over range: Range<Int64>,
        _ place: CoveragePlace,
        in database: Database
    ) throws -> RowCursor {
        // The ranges do not overlap, so the one that begins last before it is the first to look at.
        try Row.fetchCursor(
            database.cachedStatement(
                sql: """
                    select * from coverage
                    where workspace = ?1 and agent_id = ?2 and from_unix < ?4
                    and from_unix >= coalesce(
                        (
                            select max(from_unix) from coverage
                            where workspace = ?1 and agent_id = ?2 and from_unix <= ?3
                        ),
                        ?3
                    )
                    and to_unix > ?3
                    order by from_unix
                    """
            ),
            arguments: [place.workspace, place.agentID, range.lowerBound, range.upperBound]
        )
    }
}

extension FencedCoverage {
    fileprivate init(row: Row) {
        self.init(
            coverage: Coverage(
                fromUnix: row["from_unix"],
                toUnix: row["to_unix"],
                calls: row["calls"],
                requests: row["requests"]
            ),
            fence: row["fence"],
            coveredMilliseconds: row["covered_ms"]
        )
    }
}
