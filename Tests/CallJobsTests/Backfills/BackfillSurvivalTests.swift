import CallJobs
import CallStore
import Foundation
import JobQueue
import RedisClient
import RedisQueue
import TestSupport
import Testing

/// Backfills on a real Redis and a real store, whose feeders, workers and server die at drawn
/// moments.
///
/// `RINGBACK_TEST_SCALE=full` runs 100,000 slices.
@Suite("Backfills survive", .serialized)
struct BackfillSurvivalTests {
    private static var slices: Int {
        ProcessInfo.processInfo.environment["RINGBACK_TEST_SCALE"] == "full" ? 100_000 : 2000
    }

    private static var stepsMax: Int { slices * 10 }

    @Test("the death of everybody at any moment, each slice done once", arguments: Seeds.first(2))
    func kills(seed: UInt64) async throws {
        try await BackfillStage.run(slices: Self.slices, seed: seed) { stage async throws in
            var driver = try BackfillDriver(stage)
            try await driver.run(.init(kills: 3), stepsMax: Self.stepsMax) {
                try await stage.isDone()
            }
            try await stage.expectEnd(Self.slices, seed: seed)
            #expect(driver.kills > 0, "\(Seeds.replay(seed, filter: "BackfillSurvivalTests"))")
        }
    }

    @Test("a Redis that comes back empty: the store knows how far it was")
    func emptyRedis() async throws {
        try await BackfillStage.run(slices: Self.slices, seed: 11) { stage async throws in
            var driver = try BackfillDriver(stage)
            for part in 1...3 {
                try await driver.run(stepsMax: Self.stepsMax) {
                    try await stage.backfill().counts.ended >= Self.slices * part / 4
                }
                _ = try await stage.client.send(RedisCommand("FLUSHALL"))
                try await stage.advance(0)
                try driver.startAll()
            }
            try await driver.run(stepsMax: Self.stepsMax) { try await stage.isDone() }
            try await stage.expectEnd(Self.slices, seed: 11)
        }
    }

    @Test("a store that comes back from an older copy: it has done again what it does not know")
    func olderStore() async throws {
        try await BackfillStage.run(slices: Self.slices, seed: 12) { stage async throws in
            var driver = try BackfillDriver(stage)
            try await driver.run(stepsMax: Self.stepsMax) {
                try await stage.backfill().counts.ended >= Self.slices / 4
            }
            let copy = try await stage.copy()
            try await driver.run(stepsMax: Self.stepsMax) {
                try await stage.backfill().counts.ended >= Self.slices / 2
            }
            try await stage.restore(from: copy)
            try driver.startAll()
            #expect(try await stage.backfill().counts.ended < Self.slices / 2)
            try await driver.run(stepsMax: Self.stepsMax) { try await stage.isDone() }
            try await stage.expectEnd(Self.slices, seed: 12)
        }
    }

    @Test("a Redis that comes back from an older copy: what had ended is not done again")
    func olderRedis() async throws {
        try await BackfillStage.run(slices: Self.slices, seed: 14) { stage async throws in
            var driver = try BackfillDriver(stage)
            try await driver.run(stepsMax: Self.stepsMax) {
                try await stage.backfill().counts.ended >= Self.slices / 4
            }
            let copy = try await stage.copyRedis()
            try await driver.run(stepsMax: Self.stepsMax) {
                try await stage.backfill().counts.ended >= Self.slices / 2
            }
            try await stage.restoreRedis(from: copy)
            try driver.startAll()
            try await driver.run(stepsMax: Self.stepsMax) { try await stage.isDone() }
            try await stage.expectEnd(Self.slices, seed: 14)
        }
    }

    @Test("a cancellation ends what waits and what comes")
    func cancels() async throws {
        try await BackfillStage.run(slices: 500, seed: 13) { stage async throws in
            var driver = try BackfillDriver(stage)
            try await driver.run(stepsMax: 5000) {
                try await stage.backfill().counts.done >= 50
            }
            let steering = BackfillSteering(
                store: stage.store,
                queue: stage.queue,
                budget: IdleBudget(),
                ambient: .live(seed: 1)
            )
            _ = try #require(try await steering.cancel(stage.id, by: "test"))
            #expect(try await steering.cancel(stage.id, by: "test") == nil)
            let ended = try await stage.backfill()
            #expect(ended.state == .cancelled)
            #expect(ended.left == 0)
            try await driver.run(stepsMax: 5000) { try await stage.isQueueEmpty() }
            #expect(try await stage.queue.feedCursor(stage.id.feed) == .closed)
            #expect(try await stage.backfill().counts.ended == ended.counts.ended)
        }
    }

    @Test("a cancellation that a restored store has forgotten still holds")
    func cancelledBeforeRestore() async throws {
        try await BackfillStage.run(slices: 500, seed: 15) { stage async throws in
            var driver = try BackfillDriver(stage)
            try await driver.run(stepsMax: 5000) {
                try await stage.backfill().counts.done >= 50
            }
            let copy = try await stage.copy()
            let steering = BackfillSteering(
                store: stage.store,
                queue: stage.queue,
                budget: IdleBudget(),
                ambient: .live(seed: 1)
            )
            _ = try #require(try await steering.cancel(stage.id, by: "test"))
            try await stage.restore(from: copy)
            #expect(try await stage.backfill().state == .running)
            try driver.startAll()
            try await driver.run(stepsMax: 5000) {
                try await stage.backfill().state == .cancelled
            }
            #expect(try await stage.backfill().left == 0)
        }
    }
}

/// A budget that is never asked for permits.
struct IdleBudget: UpstreamBudget {
    func acquire() async throws(QueueError) -> BudgetAnswer { .wait(.seconds(1)) }

    func release(
        _ permit: BudgetPermit,
        _ feedback: BudgetFeedback
    ) async throws(QueueError) -> Duration? { nil }

    func state() async throws(QueueError) -> BudgetState {
        BudgetState(parallel: 3, ceiling: 3, inFlight: 0, quietUntilMilliseconds: nil)
    }
}

extension BackfillStage {
    func backfill() async throws -> Backfill {
        guard let backfill = try await store.backfill(id) else {
            throw Failure(reason: "the backfill is gone")
        }
        return backfill
    }

    func isQueueEmpty() async throws -> Bool {
        let figures = try await queue.figures()
        let waiting = figures.ready.values.reduce(0, +) + figures.suspects
        return waiting + figures.running + figures.later == 0
    }

    func isDone() async throws -> Bool {
        guard try await backfill().state == .done else { return false }
        return try await isQueueEmpty()
    }

    /// Every slice ended once: done, or dead as planted.
    func expectEnd(_ slices: Int, seed: UInt64) async throws {
        let replay = Seeds.replay(seed, filter: "BackfillSurvivalTests")
        let planted = (0..<slices).count { $0 % Self.failEvery == 3 }
        let backfill = try await backfill()
        #expect(backfill.counts.done == slices - planted, "\(replay)")
        #expect(backfill.counts.failed == planted, "\(replay)")
        #expect(backfill.counts.ended == slices, "\(replay)")
        #expect(backfill.calls == slices - planted, "\(replay)")
        #expect(try number("select count(*) from effects") == slices - planted, "\(replay)")
        #expect(
            try number("select count(distinct position) from effects") == slices - planted,
            "\(replay)"
        )
        let failed = try await store.failedSlices(of: id, limit: slices)
        #expect(Set(failed.map(\.reason)) == ["planted"], "\(replay)")
    }
}
