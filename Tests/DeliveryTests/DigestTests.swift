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

@Suite("The daily digest")
struct DigestTests {
    private static func with(
        mail: Int,
        _ body: (CallStore, Digest, JobContext) async throws -> Void
    ) async throws {
        let clock = TestClock()
        let folder = try ScratchFolder()
        let store = try await CallStore.open(path: folder.file("s.sqlite"), ambient: clock.ambient)
        let http = try HTTPClient(ambient: clock.ambient)
        let letters = Channels.Letters(
            mailer: Mailer(server: "smtp://127.0.0.1:\(mail)"),
            from: "ringback@example.com",
            recipients: ["ops@example.com"]
        )
        let digest = Digest(
            store: store,
            channels: Channels(
                poster: Poster(http: http, ambient: clock.ambient),
                webhook: nil,
                letters: mail == 0 ? nil : letters,
                ambient: clock.ambient
            ),
            publicURL: "https://calls.example.com"
        )
        let context = JobContext(
            ambient: clock.ambient,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            fence: 1
        )
        try await body(store, digest, context)
        await http.shutDown()
        try store.close()
    }

    /// Calls of one day in UTC, so many of them a success.
    private static func fill(
        _ store: CallStore,
        _ day: String,
        startUnix: Int64,
        calls: Int,
        successes: Int
    ) async throws {
        for number in 0..<calls {
            var record = CallRecord(
                identity: CallIdentity(conversationID: "\(day)_\(number)"),
                source: .detail,
                fetchedAtMilliseconds: 1_794_700_000_000,
                agentID: "agent_1",
                status: .done
            )
            record.startedUnix = startUnix + Int64(number)
            record.durationSeconds = 60
            record.channel = .phone
            record.callSuccessful = number < successes ? "success" : "failure"
            let recorded = record
            try await store.write { _ = try $0.record(recorded) }
        }
    }

    @Test("tells of yesterday, of the week before, and of what fires")
    func sends() async throws {
        let server = MailServer()
        try await server.listen { port in
            try await Self.with(mail: port) { store, digest, context in
                // The clock stands at 23:46 on 14 November 2026.
                let yesterday: Int64 = 1_794_700_000 - 86_400
                try await Self.fill(store, "now", startUnix: yesterday, calls: 8, successes: 6)
                try await Self.fill(
                    store,
                    "then",
                    startUnix: yesterday - 7 * 86_400,
                    calls: 5,
                    successes: 5
                )
                try await store.write { writer in
                    try writer.keep([
                        AlertState(
                            rule: "dead-jobs",
                            isFiring: true,
                            sinceMilliseconds: 1_794_600_000_000,
                            checkedMilliseconds: 1_794_700_000_000,
                            text: "Dead jobs: 2 in sync.",
                            notifiedMilliseconds: nil,
                            isTold: false
                        )
                    ])
                }
                guard case .done = try await digest.send(in: context) else {
                    Issue.record("It was not sent.")
                    return
                }
                let said = server.said
                #expect(said.contains("Subject: [Ringback] Calls of 2026-11-13"))
                #expect(said.contains("RCPT TO:<ops@example.com>"))
                let lines = said.drop { !$0.isEmpty }.prefix { $0 != "." }.joined()
                let data = try #require(Data(base64Encoded: lines))
                let text = String(decoding: data, as: UTF8.self)
                #expect(text.contains("8 (a week before: 5)"))
                #expect(text.contains("6 of 8 (75.0 %)"))
                #expect(text.contains("8 of 8 (100.0 %)"))
                #expect(text.contains("Dead jobs: 2 in sync."))
                #expect(text.contains("https://calls.example.com/"))
            }
        }
    }

    @Test("without a mail server nothing is sent and nothing is wrong; a refusal is tried again")
    func others() async throws {
        try await Self.with(mail: 0) { _, digest, context in
            guard case .done = try await digest.send(in: context) else {
                Issue.record("Nobody is to get it.")
                return
            }
        }
        let server = MailServer(answer: "550 no")
        try await server.listen { port in
            try await Self.with(mail: port) { _, digest, context in
                guard case .retry = try await digest.send(in: context) else {
                    Issue.record("It is lost.")
                    return
                }
            }
        }
    }
}
