import Ambient
import Foundation
import JobQueue
import RedisQueue

/// What one job costs, and how long answers take, while many others wait.
///
/// The queue is driven without a worker: a round enqueues a batch, and one turn settles the batch
/// before and fetches the next, so the backlog stays as it is.
struct BacklogBench {
    private static let base = 1000
    private static let backlogs = [("100k", 100_000), ("1m", 1_000_000)]
    private static let rounds = 200
    private static let answers = 50

    let stage: BenchStage

    func rows(runs: Int) async throws -> [BenchRow] {
        var costs: [[(ours: Double, limit: Double)]] = Self.backlogs.map { _ in [] }
        var answers = costs
        for run in 0...runs {
            try await stage.withQueue { queue in
                var turns = try Turns(queue: queue, stage: stage)
                _ = try await stage.fill(queue, jobs: Self.base, prefix: "backlog\(run)")
                let cost = try await turns.microsecondsPerJob(rounds: Self.rounds)
                let answer = try await microsecondsToAnswer(queue)
                var depth = Self.base
                for (index, (_, backlog)) in Self.backlogs.enumerated() {
                    let missing = backlog - depth
                    _ = try await stage.fill(
                        queue,
                        jobs: missing,
                        prefix: "backlog\(run).\(index)"
                    )
                    depth = backlog
                    let more = try await turns.microsecondsPerJob(rounds: Self.rounds)
                    let later = try await microsecondsToAnswer(queue)
                    // The first run only warms up.
                    guard run > 0 else { continue }
                    costs[index].append((more, cost))
                    answers[index].append((later, answer))
                }
            }
        }
        var rows: [BenchRow] = []
        for (index, (name, _)) in Self.backlogs.enumerated() {
            rows.append(
                BenchRow(
                    "queue-backlog-\(name)",
                    unit: "us/job",
                    aim: .atMost(1.2),
                    runs: costs[index]
                )
            )
            rows.append(
                BenchRow(
                    "queue-answers-\(name)",
                    unit: "us",
                    aim: .atMost(1.5),
                    runs: answers[index]
                )
            )
        }
        return rows
    }

    /// Microseconds of what `status`, `top` and `explain` ask, and of a page of waiting jobs.
    private func microsecondsToAnswer(_ queue: RedisQueue) async throws -> Double {
        let seconds = try await stage.seconds {
            for _ in 0..<Self.answers {
                _ = try await queue.figures()
                _ = try await queue.workers()
                _ = try await queue.situation()
                _ = try await queue.jobs(in: .ready, after: nil, limit: 20)
            }
        }
        return seconds * 1e6 / Double(Self.answers)
    }
}

/// Jobs through a queue whose depth stays the same.
struct Turns {
    private let queue: RedisQueue
    private let stage: BenchStage
    private let worker: WorkerID
    private var number = 0
    private var last: Batch?

    init(queue: RedisQueue, stage: BenchStage) throws {
        self.queue = queue
        self.stage = stage
        worker = try WorkerID("bench-\(stage.ambient.newID().uuidString.lowercased())")
    }

    /// Microseconds for each job, of rounds of one call of enqueue and one turn.
    mutating func microsecondsPerJob(
        rounds: Int,
        batch: Int = BenchStage.batch
    ) async throws -> Double {
        let prefix = stage.ambient.newID().uuidString.lowercased()
        let calls = try (0..<rounds).map { round in
            (
                jobs: try stage.makeJobs(batch, prefix: "\(prefix).\(round)"),
                id: try EnqueueCallID("\(prefix).\(round)")
            )
        }
        let start = stage.ambient.elapsed()
        for call in calls {
            _ = try await queue.enqueue(call.jobs, call: call.id)
            try await turn(limit: batch)
        }
        return (stage.ambient.elapsed() - start) / .microseconds(1) / Double(rounds * batch)
    }

    /// Settles the batch before and fetches the next.
    private mutating func turn(limit: Int) async throws {
        number += 1
        let reply = try await queue.turn(
            TurnRequest(
                worker: worker,
                number: number,
                settlement: last?.done,
                limit: limit,
                isIdle: false
            )
        )
        guard let batch = reply.batch, batch.jobs.count == limit else {
            throw RawRedis.Failure(reason: "fetched \(reply.batch?.jobs.count ?? 0) of \(limit)")
        }
        last = batch
    }
}

extension Batch {
    /// The settlement that says `done` of every job.
    fileprivate var done: Settlement {
        Settlement(
            batch: reference,
            slots: jobs.enumerated()
                .map { Settlement.Slot(position: $0.offset, id: $0.element.id, outcome: .done) },
            wholeFence: fence
        )
    }
}
