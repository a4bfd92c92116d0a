import Ambient
import Crypto
import Foundation
import HTTPClient
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Simulator
import Synchronization
import TestSupport
import Testing

private let secret = "wsec_example"

@Suite("webhooks")
struct WebhookTests {
    @Test("are signed as the documented test vector says")
    func vector() {
        let body = ByteBuffer(string: #"{"type":"ping","event_timestamp":1794700000,"data":{}}"#)
        #expect(
            WebhookSignature.value(body: body, secret: secret, time: 1_794_700_000)
                == "t=1794700000,v0="
                + "da576c329c47fede83197ed45f85e6984a7446c531c14f852d87feaee5c2284b"
        )
    }

    @Test("happen once for each call that ends, whatever the steps", arguments: [1, 7, 60])
    func events(step: Int) throws {
        let fixture = Fixture(seed: 3, calls: 100, liveEvery: 5, unfinished: 25)
        let settings = WebhookSettings(url: "http://127.0.0.1:1/", secret: secret)
        let end = Fixture.anchor + 1_200
        fixture.wall.set(end)
        var events: [WebhookEvent] = []
        var from = Fixture.anchor
        while from < end {
            let to = min(end, from + step)
            events += fixture.simulation.events(after: from, through: to, settings)
            from = to
        }
        #expect(Set(events.map(\.index)).count == events.count)
        let truth = try fixture.rows("/_truth/conversations")
        for (index, row) in truth.enumerated() {
            let detail = try fixture.detail(try text(row, "id"))
            let metadata = try object(detail, "metadata")
            let event = events.first { $0.index == index }
            // The history before the unfinished calls was over at the start.
            if index < 75 {
                #expect(event == nil)
            } else if row["status"] as? String == "done" {
                #expect(event?.kind == .transcription)
            } else if metadata["accepted_time_unix_secs"] is NSNull,
                row["status"] as? String == "failed"
            {
                #expect(event?.kind == .initiationFailure)
            } else {
                #expect(event == nil)
            }
        }
        #expect(events == events.sorted { ($0.moment, $0.index) < ($1.moment, $1.index) })
    }

    @Test("carry the conversation as its detail shows it then")
    func bodies() throws {
        let fixture = Fixture(seed: 3, calls: 100, liveEvery: 5, unfinished: 25)
        var settings = WebhookSettings(url: "http://127.0.0.1:1/", secret: secret)
        let end = Fixture.anchor + 600
        fixture.wall.set(end)
        settings.withAudio = true
        let events = fixture.simulation.events(after: Fixture.anchor, through: end, settings)
        #expect(Set(events.map(\.kind)) == [.transcription, .audio, .initiationFailure])
        for event in events {
            fixture.wall.set(event.moment)
            let body = fixture.simulation.body(of: event, settings)
            let envelope = try jsonObject(Data(body.readableBytesView))
            #expect(envelope["type"] as? String == event.kind.rawValue)
            #expect(envelope["event_timestamp"] as? Int == event.moment)
            let data = try object(envelope, "data")
            let identifier = try text(data, "conversation_id")
            switch event.kind {
            case .transcription:
                let bytes = fixture.get("/v1/convai/conversations/\(identifier)").bytes
                let sent = Data(body.readableBytesView)
                #expect(sent.range(of: bytes) != nil)
                #expect(data["status"] as? String == "done")
                var bare = settings
                bare.withoutTranscript = true
                let other = fixture.simulation.body(of: event, bare)
                let otherData = try object(try jsonObject(Data(other.readableBytesView)), "data")
                #expect(otherData["transcript"] == nil && otherData["metadata"] != nil)
            case .audio:
                #expect(Data(base64Encoded: try text(data, "full_audio")) != nil)
                #expect(data.count == 3)
            case .initiationFailure:
                #expect(["busy", "no-answer"].contains(try text(data, "failure_reason")))
                let metadata = try object(data, "metadata")
                #expect(["twilio", "sip"].contains(try text(metadata, "type")))
                #expect(metadata["body"] is [String: Any])
            case .unknown: Issue.record("Only the hostile upstream sends unknown types.")
            }
        }
    }

    @Test("are repeated on the upstream's schedule, and only what it repeats")
    func policy() {
        var settings = WebhookSettings(url: "", secret: "")
        func delay(
            _ answer: WebhookPolicy.Answer,
            _ attempt: Int,
            _ kind: WebhookEvent.Kind = .transcription
        ) -> Duration? {
            WebhookPolicy.delay(after: answer, attempt: attempt, kind, settings, chance: 0.5)
        }
        #expect(delay(.status(503), 1) == nil)
        settings.retries = true
        let delays = (1...6).map { delay(.status(503), $0) }
        #expect(
            delays == [
                .zero, .milliseconds(31_500), .seconds(126), .seconds(504), .seconds(1_890), nil,
            ]
        )
        for answer in [.status(500), .status(429), .status(408), .timedOut]
            as [WebhookPolicy.Answer]
        {
            #expect(delay(answer, 2) != nil)
        }
        for code in [201, 202, 204, 301, 400, 401, 403, 404, 422] {
            #expect(delay(.status(code), 1) == nil)
        }
        #expect(delay(.status(503), 1, .initiationFailure) == nil)
        #expect(delay(.status(503), 1, .audio) == nil)
        settings.retryScale = 0.01
        #expect(delay(.status(503), 2) == .milliseconds(315))
    }

    @Test("reach a server, signed over the bytes sent, and are repeated until it has them")
    func delivery() async throws {
        let receiver = Receiver(failuresBefore: 2)
        let ambient = Ambient.live(seed: 5)
        let started = Int(ambient.now().timeIntervalSince1970)
        let simulation = SimulatedUpstream(
            // The unfinished calls end from the tenth second after the anchor on.
            WorldSettings(seed: 1, calls: 60, anchor: started, unfinished: 60),
            apiKey: "k",
            ambient: ambient,
            logger: Logger(label: "test")
        )
        try await receiver.withServer { port in
            var settings = WebhookSettings(url: "http://127.0.0.1:\(port)/hook", secret: secret)
            settings.retries = true
            settings.retryScale = 0.001
            let client = try HTTPClient(ambient: ambient)
            let sender = WebhookSender(
                simulation,
                settings,
                client: client,
                ambient: ambient,
                logger: Logger(label: "test")
            )
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    do {
                        try await sender.run()
                    } catch is CancellationError {
                        return
                    } catch {
                        Issue.record(error)
                    }
                }
                await receiver.accepted(3)
                group.cancelAll()
            }
            await client.shutDown()
        }
        let received = receiver.received
        #expect(received.count >= 5)
        for delivery in received {
            let parts = delivery.signature.split(separator: ",")
            let stamp = try #require(parts.first)
            let time = try #require(Int(stamp.dropFirst(2)))
            let expected = WebhookSignature.value(body: delivery.body, secret: secret, time: time)
            #expect(delivery.signature == expected)
        }
        let first = try #require(received.first)
        #expect(received.count { $0.body == first.body } >= 2)
        #expect(simulation.faults.counted("webhook_failed") >= 2)
        #expect(simulation.faults.counted("webhook_delivered") >= 1)
    }
}

/// A server that takes webhooks, after it has refused some.
private final class Receiver: Sendable {
    struct Delivery {
        let signature: String
        let body: ByteBuffer
    }

    private struct State {
        var received: [Delivery] = []
        var failuresLeft: Int
        var accepted = 0
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    init(failuresBefore: Int) {
        state = Mutex(State(failuresLeft: failuresBefore))
    }

    var received: [Delivery] { state.withLock { $0.received } }

    /// Waits until so many deliveries were answered with 200.
    func accepted(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if state.accepted >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isDone { continuation.resume() }
        }
    }

    private func take(_ delivery: Delivery) -> Int {
        let (status, ready) = state.withLock { state -> (Int, [CheckedContinuation<Void, Never>]) in
            state.received.append(delivery)
            guard state.failuresLeft == 0 else {
                state.failuresLeft -= 1
                return (503, [])
            }
            state.accepted += 1
            let accepted = state.accepted
            let ready = state.waiters.filter { $0.count <= accepted }.map(\.continuation)
            state.waiters.removeAll { $0.count <= accepted }
            return (200, ready)
        }
        for continuation in ready { continuation.resume() }
        return status
    }

    func withServer(_ body: @Sendable (Int) async throws -> Void) async throws {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "receiver")
        logger.logLevel = .error
        let app = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                var request = request
                let bytes = try await request.collectBody(upTo: 10_000_000)
                let name = HTTPField.Name(WebhookSignature.header)
                let signature = name.flatMap { request.headers[$0] } ?? ""
                let status = self.take(Delivery(signature: signature, body: bytes))
                return Response(status: .init(code: status))
            },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await app.run() }
            for await number in ports {
                try await body(number)
                break
            }
            group.cancelAll()
            do {
                try await group.waitForAll()
            } catch is CancellationError {
                return
            }
        }
    }
}
