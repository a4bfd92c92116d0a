import CallStore
import Foundation
import HTTPTypes
import Testing
import WebAPI

@Suite("Limits of agents over HTTP")
struct AgentRouteTests {
    private static func fill(_ fixture: WebFixture) async throws {
        _ = try await fixture.record(.heard("conv_1"))
        try await fixture.store.write { try $0.note(Agent(id: "agent_1", name: "Reception")) }
    }

    @Test("an agent's limits are set, shown, counted by, and taken back")
    func limits() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let path = "/api/v1/agents/agent_1/limits"
            let set = try await client.ask(.put, path, #"{"turns":900,"seconds":5}"#)
            #expect(set.status == 200)
            #expect(try set.object()["changed"] as? Bool == true)
            let again = try await client.ask(.put, path, #"{"turns":900,"seconds":5}"#)
            #expect(try again.object()["changed"] as? Bool == false)
            let listed = try await client.ask(.get, "/api/v1/agents").object()
            let items = try #require(listed["items"] as? [[String: Any]])
            #expect(items.map { $0["turns"] as? Int } == [900])
            #expect(items.map { $0["isSet"] as? Bool } == [true])
            // The scheduler counts anew; until then the figures say so.
            let waiting = try await client.ask(.get, "/api/v1/metrics").object()
            #expect((waiting["rebuilding"] as? [String: Any])?["reason"] as? String == "limits")
            while try await fixture.store.continueRebuild() != nil {}
            let counted = try await client.ask(.get, "/api/v1/metrics").object()
            #expect(counted["rebuilding"] is NSNull)
            #expect((counted["total"] as? [String: Any])?["qualified"] as? Int == 0)
            #expect(try await client.ask(.delete, path).status == 200)
            #expect(try await fixture.store.agents().map(\.isSet) == [false])
        }
    }

    @Test(
        "limits beyond their ranges are refused",
        arguments: [
            #"{"turns":0,"seconds":5}"#, #"{"turns":2,"seconds":-1}"#, #"{"turns":2}"#, "",
            #"{"turns":1001,"seconds":5}"#, #"{"turns":2,"seconds":86401}"#,
        ]
    )
    func refuses(body: String) async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let answer = try await client.ask(.put, "/api/v1/agents/agent_1/limits", body)
            #expect(answer.status == 400)
            #expect(try await fixture.store.agents().map(\.isSet) == [false])
            let nobody = try await client.ask(
                .put,
                "/api/v1/agents/nobody/limits",
                #"{"turns":2,"seconds":5}"#
            )
            #expect(nobody.status == 404)
        }
    }
}
