import Ambient
import CallStore
import Foundation

/// What an overview reads of a store with a million calls, against one with ten thousand.
///
/// Sums of 28 days, by day, agent and campaign, with exact percentiles.
struct FigureBench {
    /// Looks in one run; their median counts.
    private static let looks = 21

    /// Server time of the overview's whole page with a million calls.
    private static let budgetMilliseconds = 20.0

    let stage: BenchStage

    func rows(runs: Int) async throws -> [BenchRow] {
        var figures: [(ours: Double, limit: Double)] = []
        var pages: [(ours: Double, limit: Double)] = []
        let page = PageBench(stage: stage)
        _ = try await stage.inFolder { small in
            try await fill(small, calls: 10_000)
            return try await stage.inFolder { large in
                try await fill(large, calls: 1_000_000)
                let few = try await CallStore.open(path: small, ambient: stage.ambient)
                let many = try await CallStore.open(path: large, ambient: stage.ambient)
                for run in 0...runs {
                    let limit = try await milliseconds(few)
                    let ours = try await milliseconds(many)
                    let pageLimit = try await page.milliseconds(few)
                    let pageTime = try await page.milliseconds(many)
                    guard run > 0 else { continue }
                    figures.append((ours, limit))
                    pages.append((pageTime, pageLimit))
                }
                try few.close()
                try many.close()
                return 0
            }
        }
        return [
            BenchRow("overview-figures-1m", unit: "ms", aim: .atMost(2), runs: figures),
            BenchRow("overview-page-1m", unit: "ms", aim: .atMost(2), runs: pages),
            BenchRow(
                "overview-page-budget",
                unit: "ms",
                aim: .atMost(1),
                runs: pages.map { ($0.ours, Self.budgetMilliseconds) }
            ),
        ]
    }

    private func fill(_ file: String, calls: Int) async throws {
        try await CallStore.open(path: file, ambient: stage.ambient).close()
        try await CallsFill.fill(file, calls: calls)
    }

    private func milliseconds(_ store: CallStore) async throws -> Double {
        let last = LocalDay(unix: CallsFill.newestUnix, offsetSeconds: 0)
        let scope = FigureScope(from: last + -27, to: last)
        var times: [Double] = []
        for _ in 0..<Self.looks {
            let start = stage.ambient.elapsed()
            let report = try await store.figureReport(scope)
            times.append((stage.ambient.elapsed() - start) / .milliseconds(1))
            guard report.total.calls > 0, report.durations.median != nil else {
                throw RawRedis.Failure(reason: "the overview shows no calls")
            }
        }
        return times.sorted()[Self.looks / 2]
    }
}
