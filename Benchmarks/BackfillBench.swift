import Ambient
import Foundation
import Histogram
import JobQueue
import JobWorker
import Logging
import RedisQueue
import Scheduling
import Synchronization
import TestSupport

/// From enqueue to the start of a live job's handler, while a backfill is fed beside it.
///
/// Held against the same without a backfill, in the same run. Slices keep their handler busy for a
/// time and are fed by the feeder that ships, 100,000 of them waiting in its plan.
struct BackfillBench {
    private static let slices = 100_000

    /// How long a slice keeps a slot: an upstream's answer, and far longer than a live job.
    private static let sliceTime = Duration.milliseconds(50)

    /// The pause before a live job.
    private static let pause = Duration.milliseconds(5)

    let stage: BenchStage
    let samples: Int

    func rows(runs: Int) async throws -> [BenchRow] {
        var tails: [(ours: Double, limit: Double)] = []
        for run in 0...runs {
            let alone = try await tail(run, slices: 0)
            let beside = try await tail(run, slices: Self.slices)
            guard run > 0 else { continue }
            tails.append((beside, alone))
        }
        return [BenchRow("live-p99-beside-backfill", unit: "us", aim: .atMost(3), runs: tails)]
    }

    /// Microseconds of the 99th percentile of the live jobs.
    private func tail(_ run: Int, slices: Int) async throws -> Double {
        var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
        try await stage.withQueue { queue in
            let starts = StartWatch()
            let plan = try BenchPlan(slices: slices)
            let handler = BackfillHandler(starts: starts, plan: plan, ambient: stage.ambient)
            let feeder = Feeder(
                source: plan,
                queue: queue,
                ambient: stage.ambient,
                logger: stage.logger
            )
            let duty = Duty(name: "feed", interval: Feeder.interval) { try await feeder.round() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await duty.run(ambient: stage.ambient, logger: stage.logger) }
                group.addTask {
                    // Never as many: the live jobs end the run, not the backfill.
                    let ledger = CountingCommitter(
                        NoLedger(),
                        count: .max,
                        ambient: stage.ambient
                    )
                    try await stage.work(queue, handler: handler, committer: ledger)
                }
                if slices > 0 { try await plan.untilBusy(stage.ambient) }
                for index in 0..<samples {
                    try await stage.ambient.sleep(for: Self.pause)
                    let jobs = try stage.makeJobs(1, prefix: "live\(run).\(slices).\(index)")
                    let call = try EnqueueCallID("live\(run).\(slices).\(index)")
                    let start = stage.ambient.elapsed()
                    _ = try await queue.enqueue(jobs, call: call)
                    let delay = await starts.next() - start
                    histogram.record(UInt64(max(1, delay / .nanoseconds(1))))
                }
                group.cancelAll()
                do {
                    try await group.waitForAll()
                } catch is CancellationError {
                    // As it was asked to.
                }
            }
        }
        return Double(histogram.valueAtPercentile(99)) / 1000
    }

    /// Slices take their time; live jobs are stamped.
    private struct BackfillHandler: JobHandler {
        let starts: StartWatch
        let plan: BenchPlan
        let ambient: Ambient

        func run(_ job: Job, in context: JobContext) async throws -> HandlerResult<Void> {
            guard job.lane == .low else {
                starts.note(ambient.elapsed())
                return .done(())
            }
            try await ambient.sleep(for: BackfillBench.sliceTime)
            plan.noteEnd()
            return .done(())
        }

        func policy(forKind kind: String) -> JobPolicy { JobPolicy() }
    }
}

/// A plan in memory that only counts.
final class BenchPlan: FeedSource {
    private struct State {
        var recorded = 0
        var ended = 0
    }

    private let slices: Int
    private let name: FeedName
    private let state = Mutex(State())

    init(slices: Int) throws {
        self.slices = slices
        name = try FeedName("bench")
    }

    func noteEnd() { state.withLock { $0.ended += 1 } }

    /// Waits until slices have begun to end.
    func untilBusy(_ ambient: Ambient) async throws {
        while state.withLock({ $0.ended }) < 10 { try await ambient.sleep(for: .milliseconds(10)) }
    }

    func feeds() async throws -> [FeedName] { slices > 0 ? [name] : [] }

    func progress(of feed: FeedName, cursor: Int?) async throws -> FeedProgress? {
        state.withLock { state in
            FeedProgress(
                count: slices,
                recorded: state.recorded,
                firstOpen: nil,
                open: state.recorded - state.ended,
                ended: state.ended
            )
        }
    }

    func part(of feed: FeedName, from position: Int, jobsMax: Int) async throws -> FeedPart {
        let end = min(position + jobsMax, slices)
        state.withLock { $0.recorded = max($0.recorded, end) }
        let jobs = try (position..<end).map { position in
            NewJob(
                id: try JobID("bench/\(position)"),
                kind: "bench",
                lane: .low,
                payload: BenchStage.payload
            )
        }
        return FeedPart(end: end, jobs: jobs)
    }

    func overdue(in feed: FeedName, limit: Int) async throws -> [JobID] { [] }

    func note(_ looks: [FeedLook], in feed: FeedName) async throws -> [NewJob] { [] }

    func end(_ feed: FeedName) async throws {}
}
