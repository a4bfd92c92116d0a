import CallJobs
import CallStore
import JobQueue
import Logging
import RedisQueue
import Synchronization
import TestSupport
import Testing

/// The whole way of an estimate, in virtual time that both the queue's scripts and the store go by.
///
/// The scheduler's duty feeds a real queue and samples a real store, a worker ends slices as fast
/// as the budget allows, and a person asks what is left.
@Suite("What is left of a backfill")
struct BackfillEstimateTests {
    private static let slices = 2_400

    /// Mean seconds of a slice.
    private static let sliceSeconds = 5

    /// Many times the rounds that the slices need.
    private static let roundsMax = 20_000

    private struct Look {
        var second: Int
        var estimate: Double
        var left: Int
        var parallel: Int
    }

    @Test("is told within a fifth from the tenth minute on, though the budget halves in the middle")
    func halves() async throws {
        try await BackfillStage.run(slices: Self.slices, seed: 21) { stage async throws in
            let budget = ChangingBudget(parallel: 4)
            let looks = try await Self.run(stage, budget: budget)
            let end = try #require(looks.last).second
            let late = looks.filter { $0.second >= 600 }
            #expect(late.contains { $0.parallel == 4 } && late.contains { $0.parallel == 2 })
            for look in late {
                // What nobody has announced yet is part of no estimate: until the budget changes,
                // the truth is the end under the one in force.
                let truth =
                    look.parallel == 4
                    ? Double(look.left * Self.sliceSeconds) / 4 : Double(end - look.second)
                // In the last minutes single slices are more than a fifth of what is left.
                guard truth >= 300 else { continue }
                #expect(abs(look.estimate - truth) <= 0.2 * truth, "\(look), truth \(truth)")
            }
        }
    }

    /// Runs to the end; asks after each round.
    private static func run(
        _ stage: BackfillStage,
        budget: ChangingBudget
    ) async throws -> [Look] {
        let duty = BackfillDuty(
            store: stage.store,
            queue: stage.queue,
            budget: budget,
            ambient: stage.time.ambient(seed: 22, isElapsing: true),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let worker = try WorkerID("w1")
        var settlement: Settlement?
        var looks: [Look] = []
        var second = 0
        for round in 1...roundsMax {
            try await stage.beat(worker, holding: nil, slots: 4)
            try await duty.work()
            let request = TurnRequest(
                worker: worker,
                number: round,
                settlement: settlement,
                limit: budget.parallel,
                isIdle: true
            )
            let batch = try await stage.queue.turn(request).batch
            let seconds = stage.random.int(in: sliceSeconds - 2..<sliceSeconds + 3)
            try await stage.advance(Int64(seconds))
            second += seconds
            settlement = nil
            if let batch {
                let outcomes = try await stage.commit(batch, by: worker)
                settlement = Settlement(
                    batch: batch.reference,
                    slots: zip(batch.jobs, outcomes).enumerated().map { position, pair in
                        Settlement.Slot(position: position, id: pair.0.id, outcome: pair.1)
                    }
                )
            }
            let backfill = try await stage.backfill()
            if backfill.left <= slices / 2 { budget.change(to: 2) }
            if backfill.left == 0 { return looks }
            let progress = BackfillProgress(
                backfill,
                samples: try await stage.store.pace(of: stage.id),
                parallel: budget.parallel
            )
            guard let left = progress.left else { continue }
            looks.append(
                Look(
                    second: second,
                    estimate: left / .seconds(1),
                    left: backfill.left,
                    parallel: budget.parallel
                )
            )
        }
        throw BackfillStage.Failure(reason: "no end after \(roundsMax) rounds")
    }
}

/// A budget that shows how many requests it allows, and is never asked for one.
private final class ChangingBudget: UpstreamBudget {
    private let allowed: Mutex<Int>

    init(parallel: Int) { allowed = Mutex(parallel) }

    var parallel: Int { allowed.withLock { $0 } }

    func change(to parallel: Int) { allowed.withLock { $0 = parallel } }

    func acquire() async throws(QueueError) -> BudgetAnswer { .wait(.seconds(1)) }

    func release(
        _ permit: BudgetPermit,
        _ feedback: BudgetFeedback
    ) async throws(QueueError) -> Duration? { nil }

    func state() async throws(QueueError) -> BudgetState {
        BudgetState(parallel: parallel, ceiling: 4, inFlight: 0, quietUntilMilliseconds: nil)
    }
}
