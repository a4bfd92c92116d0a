import CallJobs
import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JobQueue
import Testing
import Traces
import WebAPI

@Suite struct WebhookTests {
    private static let call = """
        {"type":"post_call_transcription","event_timestamp":1794700000,\
        "data":{"conversation_id":"conv_42","agent_id":"agent_1"}}
        """

    @Test("keeps a signed webhook with its job, then answers 200")
    func stored() async throws {
        try await WebFixture.serve { fixture, client in
            let answer = try await WebFixture.send(Self.call, with: client)
            #expect(answer.status == 200)
            #expect(answer.body == "{\"status\":\"stored\"}\n")
            let due = try await fixture.outbox()
            let entry = try #require(due.first)
            #expect(due.count == 1)
            #expect(entry.job.queue.text == "sync")
            #expect(entry.job.lane == .hi)
            guard case .inbox(let id) = try SyncArguments(payload: entry.job.payload) else {
                Issue.record("the job reads no inbox")
                return
            }
            let item = try #require(try await fixture.store.inboxItem(id))
            #expect(item.delivery.body == Data(Self.call.utf8))
            #expect(item.delivery.type == "post_call_transcription")
            #expect(item.delivery.conversationID == "conv_42")
            #expect(item.state == .waiting)
            #expect(
                try await fixture.store.mark(.lastWebhook) == WebFixture.nowUnix * 1_000
            )
            #expect(fixture.webhooks("stored") == 1)
        }
    }

    @Test(
        "its job is in the trace of the request, or in a new one when the header is not valid",
        arguments: [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("", false),
        ]
    )
    func traces(header: String, isTaken: Bool) async throws {
        try await WebFixture.serve { fixture, client in
            let headers = header.isEmpty ? [:] : ["traceparent": header]
            let answer = try await WebFixture.send(Self.call, headers: headers, with: client)
            #expect(answer.status == 200)
            let text = try #require(try await fixture.outbox().first?.job.trace)
            let trace = try #require(TraceContext(traceparent: text))
            #expect((trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736") == isTaken)
            #expect(trace.spanID != "00f067aa0ba902b7")
        }
    }

    @Test("a repeat of the same body is answered 200 and makes no second job")
    func known() async throws {
        try await WebFixture.serve { fixture, client in
            for expected in ["stored", "known", "known"] {
                let answer = try await WebFixture.send(Self.call, with: client)
                #expect(answer.status == 200)
                #expect(answer.body == "{\"status\":\"\(expected)\"}\n")
            }
            #expect(try await fixture.outbox().count == 1)
            #expect(try await fixture.store.health().inboxWaiting == 1)
            #expect(fixture.webhooks("known") == 2)
        }
    }

    @Test("what is about a conversation that was erased here is answered 200, and not kept")
    func erased() async throws {
        try await WebFixture.serve { fixture, client async throws in
            try await fixture.store.write { writer throws in
                try writer.bury(CallIdentity(conversationID: "conv_42"), .erased)
            }
            let answer = try await WebFixture.send(Self.call, with: client)
            #expect(answer.status == 200)
            let due = try await fixture.outbox()
            #expect(due.isEmpty)
            let waiting = try await fixture.store.health().inboxWaiting
            #expect(waiting == 0)
            #expect(fixture.webhooks("erased") == 1)
        }
    }

    @Test("many at once are each kept once")
    func parallel() async throws {
        try await WebFixture.serve { fixture, client in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<40 {
                    group.addTask {
                        // Each body comes twice.
                        let body = "{\"type\":\"ping\",\"data\":{\"n\":\(index / 2)}}"
                        return try await WebFixture.send(body, with: client).status
                    }
                }
                for try await status in group { #expect(status == 200) }
            }
            #expect(try await fixture.store.health().inboxWaiting == 20)
            #expect(fixture.webhooks("stored") == 20)
            #expect(fixture.webhooks("known") == 20)
        }
    }

    @Test(
        "keeps what it does not know, for a later version or a person",
        arguments: [
            "{\"type\":\"brand_new\",\"data\":{}}", "{\"type\":7}", "{}", "[]", "not json", "",
            "{\"type\":\"post_call_transcription\",\"data\":null}",
        ]
    )
    func unknown(body: String) async throws {
        try await WebFixture.serve { fixture, client in
            let answer = try await WebFixture.send(body, with: client)
            #expect(answer.status == 200)
            #expect(try await fixture.store.health().inboxWaiting == 1)
            #expect(try await fixture.outbox().count == 1)
        }
    }

    @Test(
        "refuses what is not signed with the secret, and keeps nothing",
        arguments: [
            "t=1794700000", "v0=00", "nonsense", "t=1794700000,v0=00",
            WebFixture.signature(call, secret: "wsec_other"),
            WebFixture.signature(call + " "),
            WebFixture.signature(call, at: WebFixture.nowUnix - 1_801),
            WebFixture.signature(call, at: WebFixture.nowUnix + 301),
        ]
    )
    func badSignature(signature: String) async throws {
        try await WebFixture.serve { fixture, client in
            let answer = try await WebFixture.send(Self.call, signature: signature, with: client)
            #expect(answer.status == 401)
            #expect(answer.body.contains("\"code\":\"bad_signature\""))
            #expect(try await fixture.store.health().inboxWaiting == 0)
            #expect(try await fixture.store.mark(.lastWebhook) == nil)
            #expect(fixture.webhooks("bad_signature") == 1)
        }
    }

    @Test("refuses what is not signed at all")
    func unsigned() async throws {
        try await WebFixture.serve { fixture, client in
            try await client.execute(
                uri: WebFixture.webhookPath,
                method: .post,
                body: ByteBuffer(string: Self.call)
            ) { #expect($0.status == .unauthorized) }
            #expect(fixture.webhooks("bad_signature") == 1)
        }
    }

    @Test("takes the previous secret, too, during a rotation")
    func rotation() async throws {
        try await WebFixture.serve(secrets: ["wsec_new", "wsec_old"]) { fixture, client in
            for secret in ["wsec_new", "wsec_old"] {
                let body = "{\"type\":\"ping\",\"data\":\"\(secret)\"}"
                let signature = WebFixture.signature(body, secret: secret)
                let answer = try await WebFixture.send(body, signature: signature, with: client)
                #expect(answer.status == 200)
            }
            #expect(fixture.webhooks("stored") == 2)
        }
    }

    @Test("without a secret nothing is taken, and the answer says what to set")
    func noSecret() async throws {
        try await WebFixture.serve(secrets: []) { fixture, client in
            let answer = try await WebFixture.send(Self.call, with: client)
            #expect(answer.status == 503)
            #expect(answer.body.contains("\"code\":\"webhooks_not_configured\""))
            #expect(answer.body.contains("ELEVENLABS_WEBHOOK_SECRET"))
            #expect(answer.body.split(separator: "\n").count == 1)
            #expect(try await fixture.store.health().inboxWaiting == 0)
        }
        // An empty secret would let anybody sign.
        try await WebFixture.serve(secrets: [""]) { _, client in
            let signature = WebFixture.signature(Self.call, secret: "")
            let answer = try await WebFixture.send(Self.call, signature: signature, with: client)
            #expect(answer.status == 503)
        }
    }

    @Test("a store that cannot be written is answered 503, which the sender repeats")
    func storeAway() async throws {
        let fixture = try await WebFixture()
        try fixture.store.close()
        let application = Application(router: WebServer(fixture.parts).router())
        try await application.test(.router) { client in
            let answer = try await WebFixture.send(Self.call, with: client)
            #expect(answer.status == 503)
            #expect(answer.body.contains("\"code\":\"inbox_unavailable\""))
            #expect(fixture.webhooks("unavailable") == 1)
            try await client.execute(uri: "/healthz", method: .get) { response in
                #expect(response.status == .serviceUnavailable)
                #expect(String(buffer: response.body).contains("\"store\":\"does not answer\""))
            }
        }
        try FileManager.default.removeItem(at: fixture.folder)
    }

    @Test("a body over the limit is refused before it is read")
    func tooLarge() async throws {
        try await WebFixture.serve { fixture, client in
            try await client.execute(
                uri: WebFixture.webhookPath,
                method: .post,
                body: ByteBuffer(repeating: 0x20, count: WebLimits.webhookBytesMax + 1)
            ) { response in
                #expect(response.status == .contentTooLarge)
                #expect(String(buffer: response.body).contains("\"code\":\"too_large\""))
            }
            #expect(fixture.webhooks("too_large") == 1)
        }
    }

    @Test("only POST is for webhooks", arguments: ["GET", "PUT", "DELETE", "PATCH"])
    func methods(name: String) async throws {
        try await WebFixture.serve { _, client in
            let method = try #require(HTTPRequest.Method(rawValue: name))
            try await client.execute(uri: WebFixture.webhookPath, method: method) { response in
                #expect(response.status == .methodNotAllowed)
                #expect(response.headers[.allow] == "POST")
            }
        }
    }
}
