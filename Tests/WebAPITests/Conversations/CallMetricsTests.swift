import CallStore
import Foundation
import HTTPTypes
import JobQueue
import Testing
import WebAPI

@Suite("Metrics of a campaign's calls")
struct CallMetricsTests {
    @Test("have the shape, and parts that add up")
    func metrics() async throws {
        try await WebFixture.serve { fixture, client in
            let campaign = try await fixture.store.write { writer in
                try writer.add(NewCampaign(name: "Spring", channel: .mail))
            }
            let empty = try await client.ask(.get, "/api/v1/campaigns/\(campaign)/call-metrics")
            #expect(try SchemaCheck("call-metrics").problems(in: empty.body) == [])
            #expect(try empty.object()["conversion_rate"] as? Double == 0)
            for (index, outcome) in ["success", "success", "failure", nil].enumerated() {
                let call = try await fixture.record(
                    .heard("conv_\(index)") { $0.callSuccessful = outcome }
                )
                _ = try await client.ask(
                    .post,
                    "/api/v1/calls/\(call)/assignment",
                    "{\"scope\":\"call\",\"campaign\":\(campaign)}"
                )
                guard index == 0 else { continue }
                let label = try await client.ask(
                    .post,
                    "/api/v1/calls/\(call)/labels",
                    "{\"rule\":\"booking\",\"value\":\"yes\"}"
                )
                #expect(label.status == 200)
            }
            let answer = try await client.ask(.get, "/api/v1/campaigns/\(campaign)/call-metrics")
            #expect(try SchemaCheck("call-metrics").problems(in: answer.body) == [])
            let metrics = try answer.object()
            #expect(metrics["total_calls"] as? Int == 4)
            #expect(metrics["successful_calls"] as? Int == 2)
            #expect(metrics["failed_calls"] as? Int == 1)
            #expect(metrics["unknown_calls"] as? Int == 1)
            #expect(metrics["conversions"] as? Int == 1)
            #expect(metrics["conversion_rate"] as? Double == 0.5)
            #expect(metrics["average_call_duration"] as? Double == 60)
            #expect(metrics["calls_today"] as? Int == 4)
            #expect(try await client.ask(.get, "/api/v1/campaigns/99/call-metrics").status == 404)
        }
    }

    @Test("an assignment is undone, and both stand in the audit log; who comes second is told")
    func assignment() async throws {
        try await WebFixture.serve { fixture, client in
            let call = try await fixture.record(.heard("conv_1"))
            let ids = try await fixture.store.write { writer in
                try ["Spring", "Autumn"].map {
                    try writer.add(NewCampaign(name: $0, channel: .mail))
                }
            }
            let path = "/api/v1/calls/\(call)/assignment"
            let first = try await client.ask(
                .post,
                path,
                "{\"scope\":\"caller\",\"campaign\":\(ids[0]),\"expected\":0}"
            )
            #expect(first.status == 200)
            let second = try await client.ask(
                .post,
                path,
                "{\"scope\":\"call\",\"campaign\":\(ids[1]),\"expected\":0}"
            )
            #expect(second.status == 409)
            let conflict = try second.object()
            #expect(conflict["by"] as? String == "dashboard")
            #expect(conflict["campaign"] as? String == "Spring")
            #expect(conflict["at"] is String)
            let change = try #require(try first.object()["undo"] as? String)
            let undone = try await client.ask(.post, "/api/v1/changes/\(change)/undo")
            #expect(undone.status == 200)
            let now = try await fixture.store.call(call)
            #expect(now?.attribution?.decision.campaign == nil)
            let again = try await client.ask(.post, "/api/v1/changes/\(change)/undo")
            #expect(again.status == 422)
            let log = try await fixture.store.auditLog(object: "call:\(call)", limit: 10)
            #expect(log.count == 2)
            #expect(Set(log.map(\.note.actor)) == ["dashboard"])
            // The rules are asked again.
            #expect(try await fixture.outbox().contains { $0.job.queue.text == "attribution" })
        }
    }
}
