import Ambient
import Foundation
import JobQueue
import JobWorker
import RedisClient
import RedisQueue
import TestSupport

/// Drain by several worker processes, and in batches of several sizes.
///
/// Held against one process, and against full batches. A trend without an aim: the machine's cores
/// decide it.
struct CrowdBench {
    private static let processes = [2, 4]
    private static let batches = [1, 10, 100]

    /// Longest wait for processes to come up and for a queue to be drained.
    private static let patience = Duration.seconds(120)

    let stage: BenchStage
    let jobs: Int

    func rows(runs: Int) async throws -> [BenchRow] {
        var rows: [BenchRow] = []
        var rates: [[(ours: Double, limit: Double)]] = Self.processes.map { _ in [] }
        for run in 0...runs {
            let one = try await rate(processes: 1, run)
            for (index, count) in Self.processes.enumerated() {
                let many = try await rate(processes: count, run)
                if run > 0 { rates[index].append((many, one)) }
            }
        }
        for (count, runs) in zip(Self.processes, rates) {
            rows.append(BenchRow("queue-workers-\(count)", unit: "jobs/s", aim: nil, runs: runs))
        }
        rates = Self.batches.map { _ in [] }
        for run in 0...runs {
            let usual = try await rate(batch: QueueLimits.batchMax)
            for (index, size) in Self.batches.enumerated() {
                let ours = try await rate(batch: size)
                if run > 0 { rates[index].append((ours, usual)) }
            }
        }
        for (size, runs) in zip(Self.batches, rates) {
            rows.append(BenchRow("queue-batch-\(size)", unit: "jobs/s", aim: nil, runs: runs))
        }
        return rows
    }

    /// Jobs per second through calls and turns of one size.
    private func rate(batch: Int) async throws -> Double {
        var rate = 0.0
        try await stage.withQueue { queue in
            var turns = try Turns(queue: queue, stage: stage)
            let rounds = min(1000, max(1, jobs / batch / 10))
            rate = 1e6 / (try await turns.microsecondsPerJob(rounds: rounds, batch: batch))
        }
        return rate
    }

    /// Jobs per second of worker processes that find a full, paused queue, from its release on.
    private func rate(processes: Int, _ run: Int) async throws -> Double {
        var rate = 0.0
        try await stage.withQueue { queue in
            _ = try await stage.fill(queue, jobs: jobs, prefix: "crowd\(run)")
            try await queue.pause(by: "bench", reason: "until all are there")
            var children: [ChildProcess] = []
            for _ in 0..<processes {
                children.append(
                    try await ChildProcess.launch(
                        .init([
                            CommandLine.arguments[0], "drain", "--redis", stage.server.url,
                            "--queue", queue.name.text,
                        ])
                    )
                )
            }
            try await wait { try await queue.workers().count == processes }
            let start = stage.ambient.elapsed()
            _ = try await queue.resume(by: "bench")
            try await wait { try await queue.figures().counters.succeeded >= jobs }
            rate = Double(jobs) / ((stage.ambient.elapsed() - start) / .seconds(1))
            for child in children { child.signal(SIGKILL) }
            for child in children { _ = await child.ended() }
        }
        return rate
    }

    private func wait(for condition: () async throws -> Bool) async throws {
        let end = stage.ambient.elapsed() + Self.patience
        while try await !condition() {
            guard stage.ambient.elapsed() < end else {
                throw RawRedis.Failure(reason: "worker processes took too long")
            }
            try await stage.ambient.sleep(for: .milliseconds(2))
        }
    }
}
