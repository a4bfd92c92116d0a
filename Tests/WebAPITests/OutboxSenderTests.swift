import Ambient
import Foundation
import HTTPClient
import JobQueue
import TestSupport
import Testing
import WebAPI

@Suite("Outbox sender")
struct OutboxSenderTests {
    @Test("notes what it has sent, so that the scheduler does not soon send it again")
    func notes() async throws {
        let fixture = try await WebFixture()
        let client = try HTTPClient(ambient: .live())
        let count = 20
        try await fixture.listen { port in
            for number in 0..<count {
                let body = """
                    {"type":"ping","event_timestamp":1794700000,"data":{"number":\(number)}}
                    """
                let answer = try await client.send(
                    HTTPRequest(
                        method: .post,
                        url: "http://127.0.0.1:\(port)\(WebFixture.webhookPath)",
                        headers: [
                            HTTPHeader("ElevenLabs-Signature", WebFixture.signature(body))
                        ],
                        body: Array(body.utf8)
                    )
                )
                #expect(answer.status == 200)
            }
        }
        await client.shutDown()
        let figures = try await #require(fixture.queues.first).figures()
        #expect(figures.ready[.hi] == count)
        #expect(try fixture.number("select count(*) from outbox where sends = 1") == count)
        // Nobody has the scheduler's sweep send them now, but in ten minutes.
        let grace = (WebFixture.nowUnix + 599) * 1_000
        #expect(try fixture.number("select count(*) from outbox where due_ms < \(grace)") == 0)
        try fixture.close()
    }
}
