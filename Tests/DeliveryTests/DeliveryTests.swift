import Ambient
import CallJobs
import CallStore
import Delivery
import ElevenLabs
import Foundation
import HTTPClient
import JobQueue
import JobWorker
import Logging
import TestSupport
import Testing
import Upkeep

@Suite("Delivering events")
struct DeliveryTests {
    private struct Fixture: Sendable {
        let clock: TestClock
        let store: CallStore
        let handler: UpkeepHandler
        let deliverer: EventDeliverer
        let url: String

        func record(_ conversation: String, title: String) async throws {
            var record = CallRecord(
                identity: CallIdentity(conversationID: conversation),
                source: .detail,
                fetchedAtMilliseconds: clock.now,
                agentID: "agent_1",
                status: .done
            )
            record.startedUnix = 1_794_700_000
            record.title = title
            let final = record
            try await store.write { _ = try $0.record(final) }
        }

        /// Runs the job as a worker does, with what the outbox has for it.
        func run(_ endpoint: EndpointID) async throws -> HandlerResult<StoreChange> {
            let arguments = UpkeepArguments(deliveringTo: endpoint)
            let job = try Job.upkeep(arguments)
            return try await handler.run(
                job,
                in: JobContext(
                    ambient: clock.ambient,
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                    fence: 1
                )
            )
        }
    }

    private static func with(
        _ receiver: Receiver,
        clock: TestClock = TestClock(),
        privateHosts: Set<String> = ["127.0.0.1"],
        _ body: @escaping @Sendable (Fixture) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder()
        let store = try await CallStore.open(
            path: folder.file("s.sqlite"),
            ambient: clock.ambient
        )
        let http = try HTTPClient(ambient: clock.ambient)
        let deliverer = EventDeliverer(
            store: store,
            poster: Poster(http: http, ambient: clock.ambient, privateHosts: privateHosts)
        )
        let handler = UpkeepHandler(
            store: store,
            settings: UpkeepSettings(exportsFolder: folder.path),
            errands: UpkeepErrands(
                deliver: { try await deliverer.deliver(to: $0, in: $1) },
                sendExport: UpkeepErrands.none.sendExport,
                alerts: UpkeepErrands.none.alerts,
                digest: UpkeepErrands.none.digest
            )
        )
        try await receiver.listen { port in
            try await body(
                Fixture(
                    clock: clock,
                    store: store,
                    handler: handler,
                    deliverer: deliverer,
                    url: "http://127.0.0.1:\(port)/hook"
                )
            )
        }
        await http.shutDown()
        try store.close()
    }

    @Test("a receiver that is away for two hours gets everything in order, and nothing twice")
    func outage() async throws {
        let clock = TestClock()
        let outageEnd = clock.now + 2 * 3_600_000
        let receiver = Receiver { _ in clock.now < outageEnd ? 503 : 204 }
        try await Self.with(receiver, clock: clock) { fixture in
            let endpoint = try await fixture.store.write {
                try $0.addEndpoint(url: fixture.url, kinds: [])
            }
            for number in 1...5 {
                try await fixture.record("conv_\(number)", title: "one")
            }
            fixture.clock.advance(by: .seconds(1))
            for number in 1...5 {
                try await fixture.record("conv_\(number)", title: "two")
            }
            var snoozes = 0
            while true {
                let result = try await fixture.run(endpoint.id)
                switch result {
                case .snooze(let pause, let reason):
                    snoozes += 1
                    #expect(reason == "status 503")
                    #expect(pause <= DeliveryLimits.pauseMax)
                    fixture.clock.advance(by: pause)
                    guard snoozes < 100 else {
                        Issue.record("It never gets through.")
                        return
                    }
                    continue
                case .done(let change):
                    try await fixture.store.write(change)
                default: Issue.record("\(result)")
                }
                break
            }
            // Backed off: a pause of ten seconds throughout would be 720 attempts.
            #expect((8...40).contains(snoozes))
            let got = receiver.all
            let delivered = got.filter { $0.status == 204 }
            #expect(delivered.count == 10)
            #expect(Set(delivered.map(\.id)).count == 10)
            #expect(Set(got.map(\.id)) == Set(delivered.map(\.id)))
            let bodies = try delivered.map {
                try JSONDecoder().decode(Body.self, from: Data($0.body))
            }
            #expect(bodies.map(\.id) == delivered.map(\.id))
            for number in 1...5 {
                let types = bodies.filter { $0.call.conversationID == "conv_\(number)" }
                    .map(\.type)
                #expect(types == ["call.recorded", "call.changed"])
            }
            #expect(try await fixture.store.endpoint(endpoint.id)?.waiting == 0)
            #expect(try await fixture.store.endpoint(endpoint.id)?.failures == 0)
            let log = try await fixture.store.deliveries(limit: 1_000)
            #expect(log.filter { $0.delivery.outcome == .delivered }.count == 10)
            #expect(log.filter { $0.delivery.outcome == .failed }.count == snoozes)
        }
    }

    private struct Body: Decodable {
        struct Call: Decodable {
            var id: Int64
            var conversationID: String?
        }

        var id: String
        var type: String
        var at: String
        var call: Call
    }

    @Test("each body is signed as the upstream signs its own, and holds ids and words of ours")
    func signed() async throws {
        let receiver = Receiver { _ in 200 }
        try await Self.with(receiver) { fixture in
            let endpoint = try await fixture.store.write {
                try $0.addEndpoint(url: fixture.url, kinds: [])
            }
            try await fixture.record("conv_1", title: "A secret word of the caller")
            guard case .done = try await fixture.run(endpoint.id) else {
                Issue.record("not delivered")
                return
            }
            let got = try #require(receiver.all.first)
            let verifier = WebhookVerifier(secrets: [WebhookSecret(endpoint.secret)])
            let now = Date(timeIntervalSince1970: Double(fixture.clock.now) / 1_000)
            try verifier.verify(got.body, signedBy: got.signature, now: now)
            #expect(throws: WebhookSignatureError.self) {
                try verifier.verify(got.body + [32], signedBy: got.signature, now: now)
            }
            #expect(!String(decoding: got.body, as: UTF8.self).contains("secret"))
            let test = try await fixture.deliverer.test(endpoint.id, ambient: fixture.clock.ambient)
            #expect(test.outcome == .delivered && test.status == 200)
        }
    }

    @Test("an event that never gets through is given up, and the next one tried")
    func givesUp() async throws {
        let receiver = Receiver { $0 < 2 ? 500 : 200 }
        try await Self.with(receiver) { fixture in
            let endpoint = try await fixture.store.write {
                try $0.addEndpoint(url: fixture.url, kinds: [])
            }
            try await fixture.record("conv_1", title: "one")
            _ = try await fixture.run(endpoint.id)
            fixture.clock.advance(by: DeliveryLimits.ageMax + .seconds(1))
            try await fixture.record("conv_2", title: "one")
            _ = try await fixture.run(endpoint.id)
            let log = try await fixture.store.deliveries().map(\.delivery.outcome)
            #expect(log == [.delivered, .givenUp, .failed])
        }
    }

    @Test(
        "what leads into a private network is refused, by whatever name, before any byte is sent",
        arguments: [nil, "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"]
    )
    func privateNetworks(host: String?) async throws {
        let receiver = Receiver { _ in 200 }
        try await Self.with(receiver, privateHosts: ["other.example"]) { fixture in
            let url =
                host.map { fixture.url.replacingOccurrences(of: "127.0.0.1", with: $0) }
                ?? fixture.url
            let endpoint = try await fixture.store.write {
                try $0.addEndpoint(url: url, kinds: [])
            }
            try await fixture.record("conv_1", title: "one")
            guard case .snooze(_, let reason) = try await fixture.run(endpoint.id) else {
                Issue.record("It was not refused.")
                return
            }
            #expect(reason.contains("RINGBACK_PRIVATE_HOSTS"))
            #expect(receiver.all.isEmpty)
        }
    }

    @Test(
        "addresses are absolute, of the web, and without a user",
        arguments: [
            ("https://example.com/hook?a=b", true), ("http://example.com", true),
            ("ftp://example.com", false), ("https://user:x@example.com", false),
            ("https://", false), ("/hook", false), ("file:///etc/passwd", false),
            ("https://example.com/#top", false), ("https://exa mple.com", false),
        ]
    )
    func addresses(text: String, isTaken: Bool) {
        #expect((OutgoingAddress(text) != nil) == isTaken)
    }
}
