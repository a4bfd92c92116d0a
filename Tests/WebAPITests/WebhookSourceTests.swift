import Ambient
import CallStore
import Foundation
import HTTPClient
import Testing
import WebAPI

/// From where webhooks are taken, on a real connection.
@Suite struct WebhookSourceTests {
    private let call = """
        {"type":"post_call_transcription","event_timestamp":1794700000,\
        "data":{"conversation_id":"conv_42","agent_id":"agent_1"}}
        """

    @Test(
        "where sources are named, nobody else may send, whatever signature and whatever header",
        arguments: [
            ("34.67.146.145", 200, "stored"), ("34.67.146.146", 403, "foreign_source"),
            ("2001:db8::7", 200, "stored"), ("2001:db9::7", 403, "foreign_source"),
            ("34.67.146.145, 9.9.9.9", 403, "foreign_source"),
            ("nonsense", 403, "foreign_source"), (nil, 403, "foreign_source"),
        ]
    )
    func sources(forwarded: String?, status: Int, result: String) async throws {
        let fixture = try await WebFixture(
            policy: AccessPolicy(
                trustedProxies: ["127.0.0.1"],
                webhookSources: ["34.67.146.145", "2001:db8::/32"]
            )
        )
        let client = try HTTPClient(ambient: .live())
        try await fixture.listen { port in
            let forwarding = forwarded.map { [HTTPHeader("X-Forwarded-For", $0)] } ?? []
            let signature = HTTPHeader("ElevenLabs-Signature", WebFixture.signature(call))
            let answer = try await client.send(
                HTTPRequest(
                    method: .post,
                    url: "http://127.0.0.1:\(port)\(WebFixture.webhookPath)",
                    headers: HTTPHeaders([signature] + forwarding),
                    body: Array(call.utf8)
                )
            )
            #expect(answer.status == status)
            #expect(fixture.webhooks(result) == 1)
            let isKept = try await fixture.store.health().inboxWaiting == 1
            #expect(isKept == (status == 200))
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(status == 200 || text.contains("\"code\":\"source_not_allowed\""))
        }
        await client.shutDown()
        try fixture.close()
    }
}
