import CallStore
import Foundation
import HTTPTypes
import Testing
import WebAPI

@Suite("A test of the webhook's secret")
struct WebhookTrialTests {
    private static let path = "/api/v1/webhooks/test"

    @Test("with a secret it is taken, nothing is kept or counted, and the audit log has it")
    func taken() async throws {
        try await WebFixture.serve { fixture, client in
            let answer = try await client.ask(.post, Self.path)
            #expect(answer.status == 200, "\(answer.body)")
            let object = try answer.object()
            #expect(object["taken"] as? Bool == true)
            #expect(object["secrets"] as? Int == 1)
            #expect(object["lastWebhook"] is NSNull)
            let text = try #require(object["text"] as? String)
            #expect(text.contains("is taken; one that is not is refused."))
            #expect(text.contains("RINGBACK_PUBLIC_URL is not set"))
            #expect(!answer.body.contains("wsec_example"))
            for table in ["calls", "inbox", "outbox", "raw_bodies"] {
                #expect(try fixture.number("select count(*) from \(table)") == 0, "\(table)")
            }
            #expect(fixture.webhooks("stored") == 0)
            // The forged one is refused without raising the figure that an alert looks at.
            #expect(fixture.webhooks("bad_signature") == 0)
            let notes = try await fixture.store.auditLog(limit: 9).map(\.note)
            #expect(notes.map(\.action) == ["webhook.test"])
            #expect(notes.first?.after == ["taken": .bool(true)])
        }
    }

    @Test("without a secret it says which setting is missing")
    func missing() async throws {
        try await WebFixture.serve(secrets: []) { _, client in
            let object = try await client.ask(.post, Self.path).object()
            #expect(object["taken"] as? Bool == false)
            #expect(object["secrets"] as? Int == 0)
            let text = try #require(object["text"] as? String)
            #expect(text.contains("ELEVENLABS_WEBHOOK_SECRET"))
        }
    }

    @Test("with two secrets it says when the one before may go, and when a webhook came last")
    func rotation() async throws {
        try await WebFixture.serve(secrets: ["wsec_new", "wsec_old"]) { fixture, client in
            try await fixture.store.write {
                try $0.note(.lastWebhook, atMilliseconds: WebFixture.nowUnix * 1_000)
            }
            let object = try await client.ask(.post, Self.path).object()
            #expect(object["taken"] as? Bool == true)
            #expect(object["secrets"] as? Int == 2)
            #expect(object["lastWebhook"] is String)
            let text = try #require(object["text"] as? String)
            #expect(text.contains("ELEVENLABS_WEBHOOK_SECRET_PREVIOUS"))
            #expect(try await client.ask(.get, "/settings").body.contains("just now"))
        }
    }
}
