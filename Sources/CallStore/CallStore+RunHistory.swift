import GRDB

/// How the jobs of a kind went in one stretch of time.
package struct RunStretch: Hashable, Sendable {
    package var startMilliseconds: Int64
    package var jobs: Int

    /// Nil where no job of it said how long it took.
    package var p50Wait: Duration?
    package var p95Wait: Duration?
    package var p50Run: Duration?
    package var p95Run: Duration?
}

/// How the jobs of a kind went lately, stretch by stretch.
package struct RunHistory: Hashable, Sendable {
    /// Oldest first, without gaps; the last one is not over.
    package var stretches: [RunStretch]
    package var stretchMilliseconds: Int64

    /// Whether there were more jobs than are looked at; the oldest stretches are short then.
    package var isCut: Bool
}

extension CallStore {
    /// Jobs that one history looks at, the newest.
    package static let historyRowsMax = 50_000

    /// How jobs of a kind went in equal stretches up to now, from the ledger.
    ///
    /// - Parameters:
    ///   - kind: The jobs' kind.
    ///   - stretches: How many, 1 or more.
    ///   - milliseconds: The length of one.
    /// - Returns: The stretches, from one consistent look.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func runHistory(
        of kind: String,
        stretches: Int,
        of milliseconds: Int64
    ) async throws(StoreError) -> RunHistory {
        precondition(stretches >= 1 && milliseconds >= 1, "There must be something to show.")
        // Ends at the next full stretch, so that two looks cut time at the same instants.
        let end = (ambient.nowMilliseconds / milliseconds + 1) * milliseconds
        let start = end - Int64(stretches) * milliseconds
        return try await read { database in
            let rows = try Row.fetchCursor(
                database.cachedStatement(
                    sql: """
                        select finished_ms, waited_ms, ran_ms from ledger
                        where finished_ms >= ? and finished_ms < ? and kind = ?
                        order by finished_ms desc limit ?
                        """
                ),
                arguments: [start, end, kind, Self.historyRowsMax]
            )
            var found = Array(
                repeating: (jobs: 0, waits: [Int64](), runs: [Int64]()),
                count: stretches
            )
            var count = 0
            while let row = try rows.next() {
                count += 1
                let place = Int(((row[0] as Int64) - start) / milliseconds)
                found[place].jobs += 1
                if let wait: Int64 = row[1] { found[place].waits.append(wait) }
                if let run: Int64 = row[2] { found[place].runs.append(run) }
            }
            return RunHistory(
                stretches: found.enumerated().map { place, found in
                    RunStretch(
                        startMilliseconds: start + Int64(place) * milliseconds,
                        jobs: found.jobs,
                        p50Wait: Self.percentile(50, of: found.waits),
                        p95Wait: Self.percentile(95, of: found.waits),
                        p50Run: Self.percentile(50, of: found.runs),
                        p95Run: Self.percentile(95, of: found.runs)
                    )
                },
                stretchMilliseconds: milliseconds,
                isCut: count == Self.historyRowsMax
            )
        }
    }

    private static func percentile(_ rank: Int, of milliseconds: [Int64]) -> Duration? {
        guard !milliseconds.isEmpty else { return nil }
        let index = (milliseconds.count * rank + 99) / 100 - 1
        return .milliseconds(milliseconds.sorted()[index])
    }
}
