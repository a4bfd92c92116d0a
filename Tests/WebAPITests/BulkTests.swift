import CallStore
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

@Suite("Many calls at once")
struct BulkTests {
    private static let path = "/api/v1/calls/changes"

    /// Three calls and a campaign.
    private static func fill(_ fixture: WebFixture) async throws -> (CampaignID, [CallID]) {
        try await fixture.store.write { writer in
            let calls = try (1...3).map {
                try writer.record(DashboardTests.record("conv_\($0)")).call
            }
            return (try writer.add(NewCampaign(name: "Spring", channel: .mail)), calls)
        }
    }

    /// Sends what the answer says takes the change back.
    private static func takeBack(_ answer: Answered, _ client: any TestClientProtocol) async throws
    {
        let undo = try #require(try answer.object()["undo"] as? [[String: Any]])
        #expect(!undo.isEmpty)
        for request in undo {
            let body = try JSONSerialization.data(withJSONObject: request)
            let answer = try await client.ask(.post, path, String(decoding: body, as: UTF8.self))
            #expect(answer.status == 200, "\(answer.body)")
        }
    }

    @Test("calls are assigned together, and given back by what the answer holds")
    func assigns() async throws {
        try await WebFixture.serve { fixture, client in
            let (campaign, calls) = try await Self.fill(fixture)
            let ids = calls.map(\.description).joined(separator: ",")
            let answer = try await client.ask(
                .post,
                Self.path,
                "{\"change\":\"assign\",\"calls\":[\(ids)],\"campaign\":\(campaign)}"
            )
            #expect(answer.status == 200, "\(answer.body)")
            #expect(try answer.object()["changed"] as? [Int] == calls.map { Int($0.number) })
            for call in calls {
                let found = try await fixture.store.call(call)?.attribution
                #expect(found?.decision.campaign == campaign)
            }
            try await Self.takeBack(answer, client)
            for call in calls {
                let found = try await fixture.store.call(call)?.attribution
                #expect(found?.decision.campaign == nil && found?.isPinned != true)
            }
            let actions = try await fixture.store.auditLog(limit: 20).map(\.note.action)
            #expect(actions.filter { $0 == "call.assign" }.count == 3)
        }
    }

    @Test("an exclusion is taken back to what stood there before")
    func excludes() async throws {
        try await WebFixture.serve { fixture, client in
            let (_, calls) = try await Self.fill(fixture)
            try await fixture.store.write { try $0.exclude(calls[1], for: .spam, by: "ana") }
            let ids = calls.map(\.description).joined(separator: ",")
            let answer = try await client.ask(
                .post,
                Self.path,
                "{\"change\":\"exclude\",\"calls\":[\(ids),\(calls[0])],\"reason\":\"test\"}"
            )
            #expect(answer.status == 200, "\(answer.body)")
            var found = try await fixture.store.exclusions(of: calls)
            #expect(
                found.mapValues(\.reason) == [
                    calls[0]: .test, calls[1]: .test, calls[2]: .test,
                ]
            )
            try await Self.takeBack(answer, client)
            found = try await fixture.store.exclusions(of: calls)
            #expect(found.mapValues(\.reason) == [calls[1]: .spam])
            #expect(try await fixture.store.recount().isRight)
        }
    }

    @Test("labels are given together and taken back to the earlier word")
    func labels() async throws {
        try await WebFixture.serve { fixture, client in
            let (_, calls) = try await Self.fill(fixture)
            let earlier = ManualLabel(type: "booking", label: .no, person: "ana", note: nil)
            try await fixture.store.write { try $0.label(calls[2], earlier) }
            let ids = calls.map(\.description).joined(separator: ",")
            let answer = try await client.ask(
                .post,
                Self.path,
                "{\"change\":\"label\",\"calls\":[\(ids)],\"rule\":\"booking\",\"value\":\"yes\"}"
            )
            #expect(answer.status == 200, "\(answer.body)")
            var found = try await fixture.store.labels(of: calls, type: "booking")
            #expect(found.values.map(\.label) == [.yes, .yes, .yes])
            try await Self.takeBack(answer, client)
            found = try await fixture.store.labels(of: calls, type: "booking")
            #expect(found.mapValues(\.label) == [calls[2]: .no])
        }
    }

    @Test(
        "what is not whole is refused, and changes nothing",
        arguments: [
            ("{\"change\":\"exclude\",\"calls\":[1],\"reason\":\"because\"}", 400),
            ("{\"change\":\"exclude\",\"calls\":[],\"reason\":\"test\"}", 400),
            ("{\"change\":\"exclude\",\"calls\":[1,99],\"reason\":\"test\"}", 404),
            ("{\"change\":\"label\",\"calls\":[1],\"value\":\"yes\"}", 400),
            ("{\"change\":\"label\",\"calls\":[1],\"rule\":\"r\",\"value\":\"perhaps\"}", 400),
            ("{\"change\":\"assign\",\"calls\":[1],\"campaign\":77}", 422),
            ("{\"change\":\"assign\",\"calls\":[1],\"scope\":\"all\"}", 400),
            ("{\"change\":\"undo\",\"changes\":[\"x\"]}", 400),
            ("{\"change\":\"erase\",\"calls\":[1]}", 400),
        ]
    )
    func refuses(body: String, status: Int) async throws {
        try await WebFixture.serve { fixture, client in
            let (_, calls) = try await Self.fill(fixture)
            let before = try await fixture.store.auditLog(limit: 20).count
            #expect(try await client.ask(.post, Self.path, body).status == status)
            #expect(try await fixture.store.exclusions(of: calls).isEmpty)
            #expect(try await fixture.store.auditLog(limit: 20).count == before)
        }
    }

    @Test("a label for a sample is noted as blind, and only of the sample's calls")
    func blind() async throws {
        try await WebFixture.serve { fixture, client in
            let (_, calls) = try await Self.fill(fixture)
            let sample = LabelSample(
                id: LabelSampleID("sample-1"),
                type: "booking",
                ruleVersion: "r1",
                fromUnix: 0,
                toUnix: WebFixture.nowUnix,
                person: "ana",
                entries: [
                    LabelEntry(
                        call: calls[0],
                        stratum: "yes",
                        weight: 1,
                        isDouble: false,
                        isHeldBack: false
                    )
                ]
            )
            try await fixture.store.write { try $0.add(sample) }
            let body = "{\"rule\":\"booking\",\"value\":\"yes\",\"sample\":\"sample-1\"}"
            let other = try await client.ask(.post, "/api/v1/calls/\(calls[1])/labels", body)
            #expect(other.status == 422)
            let answer = try await client.ask(.post, "/api/v1/calls/\(calls[0])/labels", body)
            #expect(answer.status == 200, "\(answer.body)")
            let readings = try await fixture.store.labels(limit: 9)
            #expect(readings.map(\.isBlind) == [true])
            #expect(readings.map(\.sample) == [sample.id])
        }
    }
}
