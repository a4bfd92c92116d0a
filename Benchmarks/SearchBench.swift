import Ambient
import CallStore
import GRDB

/// The first page of a search among a million calls, and among ten thousand.
///
/// Held against one statement of SQLite's own full-text search that finds the same page.
struct SearchBench {
    /// Searches in one run; their median counts.
    private static let looks = 21

    /// Calls of a page.
    private static let page = 50

    /// Server time of a search's first page with a million calls.
    private static let budgetMilliseconds = 100.0

    let stage: BenchStage

    func rows(runs: Int) async throws -> [BenchRow] {
        var rows: [BenchRow] = []
        var slowest = [Double](repeating: 0, count: runs)
        for (name, calls) in [("10k", 10_000), ("1m", 1_000_000)] {
            _ = try await stage.inFolder { file in
                try await CallStore.open(path: file, ambient: stage.ambient).close()
                try await CallsFill.fill(file, calls: calls)
                try await SearchFill.fill(file, ambient: stage.ambient)
                for (kind, word, aim) in [
                    // Whether words are common is asked first, and whole rows are made of calls.
                    ("rare", SearchFill.rare, 6.0), ("common", SearchFill.common, 3.0),
                ] {
                    let times = try await measure(word, file, runs)
                    rows.append(
                        BenchRow(
                            "search-\(kind)-\(name)",
                            unit: "ms",
                            aim: .atMost(aim),
                            runs: times
                        )
                    )
                    slowest = zip(slowest, times).map { max($0, $1.ours) }
                }
                return 0
            }
        }
        rows.append(
            BenchRow(
                "search-budget",
                unit: "ms",
                aim: .atMost(1),
                runs: slowest.map { ($0, Self.budgetMilliseconds) }
            )
        )
        return rows
    }

    private func measure(
        _ word: String,
        _ file: String,
        _ runs: Int
    ) async throws -> [(ours: Double, limit: Double)] {
        let store = try await CallStore.open(path: file, ambient: stage.ambient)
        let database = try DatabaseQueue(path: file)
        var times: [(ours: Double, limit: Double)] = []
        for run in 0...runs {
            let limit = try await milliseconds { try await plain(word, database) }
            let ours = try await milliseconds {
                try await store.calls(CallFilter(search: word), limit: Self.page).calls.count
            }
            if run > 0 { times.append((ours, limit)) }
        }
        try database.close()
        try store.close()
        return times
    }

    /// The same page by the library alone.
    private func plain(_ word: String, _ database: DatabaseQueue) async throws -> Int {
        try await database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    select * from calls where id in (
                        select rowid / 1048576 from call_texts where call_texts match ?
                    )
                    order by started_unix desc, id desc limit ?
                    """,
                arguments: ["\"\(word)\"", Self.page]
            ).count
        }
    }

    /// The middle of the times of an operation that finds something.
    private func milliseconds(_ operation: () async throws -> Int) async throws -> Double {
        var times: [Double] = []
        for _ in 0..<Self.looks {
            let start = stage.ambient.elapsed()
            let found = try await operation()
            times.append((stage.ambient.elapsed() - start) / .milliseconds(1))
            guard found > 0 else { throw RawRedis.Failure(reason: "the search finds no calls") }
        }
        return times.sorted()[Self.looks / 2]
    }
}
