import Ambient
import CallStore
import Foundation
import HTTPClient
import JobQueue
import TestSupport
import Testing
import WebAPI

/// The server on a real port, from its start to its end.
@Suite struct ServerTests {
    @Test("takes a webhook, ends in order, and leaves its job in the queue")
    func wholeLife() async throws {
        let fixture = try await WebFixture()
        let client = try HTTPClient(ambient: .live())
        try await fixture.listen { port in
            let body = "{\"type\":\"ping\",\"event_timestamp\":1794700000,\"data\":{}}"
            let answer = try await client.send(
                HTTPRequest(
                    method: .post,
                    url: "http://127.0.0.1:\(port)/api/webhooks/elevenlabs",
                    headers: [
                        HTTPHeader("ElevenLabs-Signature", WebFixture.signature(body)),
                        HTTPHeader("Host", "ringback.example.com"),
                    ],
                    body: Array(body.utf8)
                )
            )
            #expect(answer.status == 200)
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            // A second server cannot have the port.
            let taken = await #expect(throws: WebServerError.self) {
                try await WebServer(fixture.parts).run(
                    host: "127.0.0.1",
                    port: port,
                    until: {}
                )
            }
            guard case .cannotListen(let address, _) = taken else {
                Issue.record("the port was taken, and nobody said so")
                return
            }
            #expect(address == "127.0.0.1:\(port)")
        }
        await client.shutDown()
        let figures = try await #require(fixture.queues.first).figures()
        #expect(figures.ready[.hi] == 1)
        try fixture.close()
    }

    @Test("what follows from a change goes to its queue at once, without the scheduler")
    func atOnce() async throws {
        let fixture = try await WebFixture()
        let id = try await ChangeTests.campaign(fixture)
        let client = try HTTPClient(ambient: .live())
        try await fixture.listen { port in
            let answer = try await client.send(
                HTTPRequest(
                    method: .patch,
                    url: "http://127.0.0.1:\(port)/api/v1/campaigns/\(id)",
                    headers: [HTTPHeader("Content-Type", "application/json")],
                    body: Array("{\"windowDays\":90,\"apply\":\"everything\"}".utf8)
                )
            )
            #expect(answer.status == 200)
        }
        await client.shutDown()
        let attribution = try #require(fixture.queues.first { $0.name.text == "attribution" })
        #expect(try await attribution.figures().ready[.low] == 1)
        try fixture.close()
    }
}
