import Ambient
import CallStore
import Delivery
import Foundation
import HTTPClient
import JobWorker
import Logging
import Mail
import TestSupport
import Testing

@Suite("Checking the rules of the alerts")
struct AlertCheckerTests {
    /// A port on which nobody listens.
    private static let nobody = 1

    private struct Fixture: Sendable {
        let clock: TestClock
        let scratch: ScratchFolder
        let store: CallStore
        let http: HTTPClient

        /// Says when a poll ended last; more than 46 minutes ago is an alert.
        func poll(minutesAgo: Int64) async throws {
            let moment = clock.now - minutesAgo * 60_000
            try await store.write { try $0.note(.lastPoll, atMilliseconds: moment) }
        }

        /// One attempt of the job that checks.
        ///
        /// - Parameters:
        ///   - webhook: Where it is posted.
        ///   - mail: The mail server's port; nil for none.
        ///   - isKept: Whether the worker lives to commit what it did.
        /// - Returns: Why the job is tried again; nil when it is done.
        /// - Throws: What the check does.
        func check(webhook: Int, mail: Int?, isKept: Bool = true) async throws -> String? {
            let letters = mail.map { port in
                Channels.Letters(
                    mailer: Mailer(server: "smtp://127.0.0.1:\(port)"),
                    from: "ringback@example.com",
                    recipients: ["ops@example.com"]
                )
            }
            let channels = Channels(
                poster: Poster(http: http, ambient: clock.ambient, privateHosts: ["127.0.0.1"]),
                webhook: Channels.Webhook(
                    url: "http://127.0.0.1:\(webhook)/hook",
                    secret: "a-secret-of-the-tests"
                ),
                letters: letters,
                ambient: clock.ambient
            )
            let checker = AlertChecker(
                store: store,
                gathering: AlertGathering(store: store, queues: [], ambient: clock.ambient),
                channels: AlertChannels(channels)
            )
            let context = JobContext(
                ambient: clock.ambient,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                fence: 1
            )
            switch try await checker.check(in: context) {
            case .done(let change):
                if isKept { try await store.write(change) }
                return nil
            case .retry(let reason, _):
                return reason
            default:
                Issue.record("The check is neither done nor tried again.")
                return nil
            }
        }
    }

    private static func with(_ body: (Fixture) async throws -> Void) async throws {
        let clock = TestClock()
        let scratch = try ScratchFolder()
        let store = try await CallStore.open(path: scratch.file("s.sqlite"), ambient: clock.ambient)
        let http = try HTTPClient(ambient: clock.ambient)
        try await body(Fixture(clock: clock, scratch: scratch, store: store, http: http))
        await http.shutDown()
        try store.close()
    }

    @Test("while the mail server is away, the webhook gets the notice once, and its end once")
    func mailFails() async throws {
        let receiver = Receiver { _ in 200 }
        try await receiver.listen { port in
            try await Self.with { fixture in
                try await fixture.poll(minutesAgo: 120)
                for _ in 1...4 {
                    let reason = try await fixture.check(webhook: port, mail: Self.nobody)
                    #expect(reason?.hasPrefix("mail: ") == true)
                    fixture.clock.advance(by: .seconds(60))
                }
                #expect(receiver.all.count == 1)
                // Nobody who reads mail knows of it, or is to be told that it is over.
                try await fixture.poll(minutesAgo: 0)
                #expect(try await fixture.check(webhook: port, mail: Self.nobody) == nil)
                let ids = receiver.all.map(\.id)
                #expect(ids.count == 2)
                #expect(ids.first?.hasSuffix("_firing") == true)
                #expect(ids.last?.hasSuffix("_resolved") == true)
            }
        }
    }

    @Test("a channel that comes back gets the notice under the id that the other one got")
    func comesBack() async throws {
        let receiver = Receiver { _ in 200 }
        let server = MailServer()
        try await server.listen { mail in
            try await receiver.listen { port in
                try await Self.with { fixture in
                    try await fixture.poll(minutesAgo: 120)
                    _ = try await fixture.check(webhook: port, mail: Self.nobody)
                    fixture.clock.advance(by: .seconds(600))
                    #expect(try await fixture.check(webhook: port, mail: mail) == nil)
                    let id = try #require(receiver.all.first?.id)
                    #expect(server.said.contains("Message-ID: <\(id)@example.com>"))
                    // All have it now.
                    fixture.clock.advance(by: .seconds(600))
                    #expect(try await fixture.check(webhook: port, mail: Self.nobody) == nil)
                    #expect(receiver.all.count == 1)
                }
            }
        }
    }

    @Test("while the webhook is refused, the mail goes out once")
    func webhookFails() async throws {
        let receiver = Receiver { $0 < 2 ? 503 : 200 }
        let server = MailServer()
        try await server.listen { mail in
            try await receiver.listen { port in
                try await Self.with { fixture in
                    try await fixture.poll(minutesAgo: 120)
                    for _ in 1...2 {
                        let reason = try await fixture.check(webhook: port, mail: mail)
                        #expect(reason == "webhook: status 503")
                        fixture.clock.advance(by: .seconds(600))
                    }
                    #expect(try await fixture.check(webhook: port, mail: mail) == nil)
                    #expect(receiver.all.count == 3)
                    #expect(Set(receiver.all.map(\.id)).count == 1)
                    #expect(server.said.count { $0.hasPrefix("Message-ID:") } == 1)
                }
            }
        }
    }

    @Test("what was sent before a worker died is sent again under the same id")
    func dies() async throws {
        let receiver = Receiver { _ in 200 }
        try await receiver.listen { port in
            try await Self.with { fixture in
                try await fixture.poll(minutesAgo: 120)
                _ = try await fixture.check(webhook: port, mail: nil, isKept: false)
                fixture.clock.advance(by: .seconds(60))
                #expect(try await fixture.check(webhook: port, mail: nil) == nil)
                #expect(receiver.all.count == 2)
                #expect(Set(receiver.all.map(\.id)).count == 1)
                fixture.clock.advance(by: .seconds(60))
                #expect(try await fixture.check(webhook: port, mail: nil) == nil)
                #expect(receiver.all.count == 2)
            }
        }
    }
}
