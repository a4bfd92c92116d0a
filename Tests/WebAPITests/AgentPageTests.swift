import CallStore
import Foundation
import HTTPTypes
import Testing
import WebAPI

@Suite("The page of agents")
struct AgentPageTests {
    /// Eight calls of two versions, of which the newer one answers slower and is interrupted.
    private static func fill(_ fixture: WebFixture) async throws {
        for number in 0..<8 {
            let isNewer = number >= 4
            _ = try await fixture.record(
                .heard("conv_\(number)") { record in
                    record.versionID = isNewer ? "agtvrsn_2" : "agtvrsn_1"
                    record.responseMilliseconds = [isNewer ? 1_250 : 640]
                    record.terminationReason =
                        isNewer ? "end_call tool was called." : "Call ended by remote party"
                    record.costDollars = 0.25
                    if isNewer {
                        record.transcript?.append(
                            Turn(
                                speaker: .agent,
                                message: "And then...",
                                secondsIn: 12,
                                wasInterrupted: true
                            )
                        )
                    }
                }
            )
        }
        try await fixture.store.write { try $0.note(Agent(id: "agent_1", name: "Reception")) }
    }

    @Test("answers, interruptions, ends, cost and versions stand on it")
    func page() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let body = try await client.ask(.get, "/agents").body
            for text in [
                "0.64 s", "1.25 s", "0.50", "$2.00", "agtvrsn_1", "agtvrsn_2", "caller hung up",
                "agent ended it", "4 (50 %)",
            ] { #expect(body.contains(">\(text)<"), "\(text)") }
            // Versions are compared once an agent is chosen.
            #expect(!body.contains("id=\"compare-versions\""))
            let chosen = try await client.ask(.get, "/agents?agent=agent_1").body
            #expect(chosen.contains("id=\"compare-versions\""))
        }
    }

    @Test("two versions of an agent stand against each other, with an interval")
    func versions() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let path = "/agents?agent=agent_1&version=agtvrsn_2&against=agtvrsn_1"
            let body = try await client.ask(.get, path).body
            #expect(body.contains(">Reception, agtvrsn_2<"))
            #expect(body.contains(">Reception, agtvrsn_1<"))
            // All four against none of four is more than chance; the rest is not.
            #expect(body.contains("+100.0 points"))
            #expect(body.contains("95 % interval +"))
            #expect(body.contains("Too small to tell ("))
            let none = try await client.ask(
                .get,
                "/agents?agent=agent_1&version=agtvrsn_2&against=none"
            ).body
            #expect(none.contains("Too small to tell: no calls on one side."))
        }
    }

    @Test("the API gives the same figures of each agent and version")
    func figures() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let answer = try await client.ask(.get, "/api/v1/agents/figures").object()
            let items = try #require(answer["items"] as? [[String: Any]])
            let agent = try #require(items.first)
            #expect(agent["name"] as? String == "Reception")
            #expect(agent["responseP50"] as? Double == 0.64)
            #expect(agent["responseP95"] as? Double == 1.25)
            #expect(agent["interruptionsPerCall"] as? Double == 0.5)
            #expect(agent["isPartial"] as? Bool == false)
            let endings = try #require(agent["endings"] as? [[String: Any]])
            #expect(endings.map { $0["ending"] as? String } == ["caller-hung-up", "agent-ended"])
            #expect(endings.map { $0["calls"] as? Int } == [4, 4])
            let versions = try #require(agent["versions"] as? [[String: Any]])
            #expect(versions.map { $0["version"] as? String } == ["agtvrsn_1", "agtvrsn_2"])
            #expect(versions.map { $0["interruptedCalls"] as? Int } == [0, 4])
            let sums = try #require(versions.first?["figures"] as? [String: Any])
            #expect(sums["calls"] as? Int == 4)
            #expect(sums["agentCost"] as? Double == 1)
            let none = try await client.ask(.get, "/api/v1/agents/figures?to=2020-01-01").object()
            #expect((none["items"] as? [Any])?.isEmpty == true)
            #expect(try await client.ask(.get, "/api/v1/agents/figures?from=x").status == 400)
        }
    }
}
