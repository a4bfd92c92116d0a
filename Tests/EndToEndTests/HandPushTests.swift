import Foundation
import TestSupport
import Testing

/// Jobs that a person pushes with redis-cli.
///
/// Redis runs with `appendfsync always`.
@Suite("pushed by hand", .serialized)
struct HandPushTests {
    @Test("a bare JSON job runs once, also when its first worker is killed while it runs")
    func killedWorker() async throws {
        let chaos = try await Chaos.start(calls: 300, seed: 7, kinds: ["sync"])
        try chaos.watchEffects()
        try await chaos.push("{\"type\":\"sync\",\"args\":{\"window\":\"30d\"}}", onto: "sync")
        let hasBegun = try await eventually(within: .seconds(30), every: .milliseconds(20)) {
            try await chaos.runningJobs(of: "sync") > 0
        }
        #expect(hasBegun, "\(chaos.report)")
        await chaos.killWorkers(of: "sync")
        try await chaos.relaunchWorkers(of: "sync")
        let isThere = try await eventually(within: .seconds(120), every: .seconds(1)) {
            try chaos.storedCalls() >= 300
        }
        #expect(isThere, "\(chaos.report)")
        let isOver = try await eventually(within: .seconds(60)) {
            try await chaos.runningJobs(of: "sync") == 0
        }
        #expect(isOver, "\(chaos.report)")
        #expect(try chaos.doubledEffects() == [])
        #expect(try chaos.ledgerRows(like: "hand-%") == 1)
        await chaos.end()
    }

    @Test("garbage ends in dead whole, with its reason")
    func garbage() async throws {
        let chaos = try await Chaos.start(calls: 10, seed: 8, kinds: ["sync"])
        try await chaos.push("not a job \u{1F4DE} {", onto: "sync")
        let listing = try await eventuallyDead(chaos)
        #expect(listing.contains("not a job"), "\(listing)")
        #expect(listing.contains("neither an envelope nor a JSON object"), "\(listing)")
        await chaos.end()
    }

    /// `dead list` and `dead show` of what was buried.
    private func eventuallyDead(_ chaos: Chaos) async throws -> String {
        var output = ""
        _ = try await eventually(within: .seconds(30)) {
            output = try await chaos.ringback("dead", "list", "--json")
            return output.contains("garbage-")
        }
        guard let start = output.range(of: "garbage-")?.lowerBound else { return output }
        let id = String(output[start...].prefix { $0 != "\"" })
        return output + (try await chaos.ringback("dead", "show", id, "--json"))
    }
}
