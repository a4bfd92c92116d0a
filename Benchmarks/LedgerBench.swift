import Ambient
import CallJobs
import CallStore
import Foundation
import GRDB
import JobQueue

/// Drain with results in SQLite, against inserting the same ledger rows in batches of 500.
///
/// Both with a WAL, `synchronous = full`, and the store's own schema.
struct LedgerBench {
    private static let rawBatch = 500

    let stage: BenchStage
    let jobs: Int

    func rows(runs: Int) async throws -> [BenchRow] {
        var rates: [(ours: Double, limit: Double)] = []
        for run in 0...runs {
            let raw = try await stage.inFolder { try await rawRate(file: $0) }
            let ours = try await stage.inFolder { try await ourRate(file: $0, run) }
            if run > 0 { rates.append((ours, raw)) }
        }
        return [BenchRow("queue-ledger", unit: "jobs/s", aim: .atLeast(0.7), runs: rates)]
    }

    private func ourRate(file: String, _ run: Int) async throws -> Double {
        let store = try await CallStore.open(path: file, ambient: stage.ambient)
        var rate = 0.0
        try await stage.withQueue { queue in
            let relay = OutboxRelay(
                store: store,
                queues: [queue],
                ambient: stage.ambient,
                logger: stage.logger
            )
            let nothing: StoreChange = { _ in }
            _ = try await stage.fill(queue, jobs: jobs, prefix: "ledger\(run)")
            let seconds = try await stage.drain(
                queue,
                handler: IdleHandler(effect: nothing),
                committer: CountingCommitter(
                    StoreCommitter(store: store, relay: relay),
                    count: jobs,
                    ambient: stage.ambient
                )
            )
            rate = Double(jobs) / seconds
        }
        try store.close()
        return rate
    }

    /// Rows per second of a bare loop of inserts into the same table.
    private func rawRate(file: String) async throws -> Double {
        try await CallStore.open(path: file, ambient: stage.ambient).close()
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            try database.execute(sql: "pragma journal_mode = wal; pragma synchronous = full")
        }
        let database = try DatabaseQueue(path: file, configuration: configuration)
        let now = Int64(stage.ambient.now().timeIntervalSince1970 * 1000)
        let ids = stride(from: 0, to: jobs, by: BenchStage.batch).flatMap { start in
            (0..<min(BenchStage.batch, jobs - start)).map { "ledger.\(start)-\($0)" }
        }
        let rows = jobs
        let start = stage.ambient.elapsed()
        for first in stride(from: 0, to: rows, by: Self.rawBatch) {
            try await database.write { database in
                let statement = try database.cachedStatement(
                    sql: """
                        insert into ledger (
                            job_id, kind, worker, fence, attempt, finished_ms, entity, enqueued_ms,
                            waited_ms, ran_ms
                        ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                        """
                )
                for id in ids[first..<min(rows, first + Self.rawBatch)] {
                    try statement.execute(arguments: [
                        id, "bench", "worker", 1, 1, now, nil, now, 1, 1,
                    ])
                }
            }
        }
        let seconds = (stage.ambient.elapsed() - start) / .seconds(1)
        try database.close()
        return Double(rows) / seconds
    }
}
