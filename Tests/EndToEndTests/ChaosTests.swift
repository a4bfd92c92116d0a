import Ambient
import Foundation
import JobQueue
import RedisClient
import RedisQueue
import TestSupport
import Testing

/// Processes of the product are killed at random moments while they work.
///
/// Redis runs with `appendfsync always`, so that nothing that it acknowledged may be missing.
@Suite("chaos", .serialized)
struct ChaosTests {
    private static let calls = 2000

    @Test("a sync survives kills of workers, scheduler and Redis", arguments: Seeds.first(1))
    func survivesKills(seed: UInt64) async throws {
        let chaos = try await Chaos.start(calls: Self.calls, seed: seed)
        do {
            try chaos.watchEffects()
            try await chaos.enqueueSync()
            try await chaos.rampage(kills: 60)
            let isDone = try await eventually(within: .seconds(600), every: .seconds(1)) {
                try await chaos.isFinished()
            }
            let difference = try await chaos.differenceFromTruth()
            #expect(isDone, "\(chaos.report) \(Seeds.replay(seed, filter: "ChaosTests"))")
            #expect(difference == [], "\(chaos.report)")
            #expect(try chaos.doubledEffects() == [], "\(chaos.report)")
            #expect(try await chaos.leftovers() == [], "\(chaos.report)")
            #expect(chaos.killsOfWorkers >= 30, "\(chaos.report)")
            #expect(chaos.killsOfRedis >= 4, "\(chaos.report)")
        } catch {
            Issue.record(error, "\(chaos.report) \(Seeds.replay(seed, filter: "ChaosTests"))")
        }
        await chaos.end()
    }
}
