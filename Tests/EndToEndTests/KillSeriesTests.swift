import Ambient
import Foundation
import TestSupport
import Testing

/// Every process of `ringback up`, and `up` itself, is killed while the first backfill runs.
///
/// The private Redis runs with `appendfsync everysec`: what it can lose, the outbox sends again.
/// `RINGBACK_TEST_KILLS=10` kills each of them ten times.
@Suite("kill series", .serialized)
struct KillSeriesTests {
    private static let programs = [
        "worker-sync", "worker-attribution", "worker-conversion", "worker-export", "worker-upkeep",
        "scheduler", "server", "elevenlabs-simulator", "redis", "up",
    ]

    private static var killsOfEach: Int {
        ProcessInfo.processInfo.environment["RINGBACK_TEST_KILLS"].flatMap { Int($0) } ?? 1
    }

    @Test("nothing is lost and nothing doubled", arguments: Seeds.first(1))
    func everybody(seed: UInt64) async throws {
        var random = Seeded(seed: seed)
        let ambient = Ambient.live()
        let folder = try ScratchFolder()
        var stack = try await RunningStack.start(in: folder, calls: 2000)
        let probe = try StoreProbe(path: "\(stack.data)/ringback.sqlite")
        try probe.watchEffects()
        var kills: [String: Int] = [:]
        for _ in 0..<Self.killsOfEach {
            for program in Self.programs.shuffled(using: &random) {
                try await ambient.sleep(for: .seconds(Double.random(in: 0.2...1.2, using: &random)))
                if program == "up" {
                    await stack.process.kill()
                    stack = try await RunningStack.start(in: folder, calls: 2000)
                    kills[program, default: 0] += 1
                } else if let id = try await stack.child(program) {
                    kill(id, SIGKILL)
                    kills[program, default: 0] += 1
                }
            }
        }
        let current = stack
        var difference = ["not compared"]
        let isDone = try await eventually(within: .seconds(300), every: .seconds(2)) {
            let status = try await current.fleet.ringback("status", "--json")
            guard status.ending == .exited(0) else { return false }
            let report = try StatusReport(status.output)
            guard report.queues.allSatisfy(\.isIdle) else { return false }
            difference = StoreProbe.difference(
                truth: try await Truth(address: current.simulator).rows(),
                calls: try probe.calls()
            )
            return difference.isEmpty
        }
        let report = "kills: \(kills); \(Seeds.replay(seed, filter: "KillSeriesTests"))"
        #expect(isDone, "\(report)\n\(stack.process.recentOutput)")
        #expect(difference == [], "\(report)")
        #expect(try probe.doubledEffects() == [], "\(report)")
        #expect(kills.count == Self.programs.count, "\(report)")
        stack.process.signal(SIGTERM)
        #expect(await stack.process.ended() == .exited(0))
    }
}
