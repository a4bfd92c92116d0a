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
import Mail
import TestSupport
import Testing
import Upkeep

@Suite("Passing exports on")
struct ExportSenderTests {
    private struct Fixture: Sendable {
        let clock: TestClock
        let folder: String
        let store: CallStore
        let handler: UpkeepHandler

        /// Writes a file with its record, as the export worker does.
        func export(
            _ content: String,
            what: String = "calls",
            rows: Int64 = 2
        ) async throws -> Int64 {
            try Data(content.utf8).write(to: URL(filePath: folder + "/calls-1.csv"))
            return try await store.write { writer in
                try writer.add(
                    ExportRecord(
                        jobID: "export-7",
                        what: what,
                        dialect: "data",
                        fileName: "calls-1.csv",
                        manifestName: "calls-1.manifest.json",
                        rows: rows,
                        bytes: Int64(content.utf8.count),
                        sha256: String(repeating: "a", count: 64),
                        filter: "all calls",
                        createdBy: "schedule",
                        createdMilliseconds: 1_794_700_000_000,
                        expiresMilliseconds: 1_794_786_400_000
                    )
                )
            }
        }

        func send(
            _ export: Int64,
            by channel: ExportArguments.Channel
        ) async throws -> HandlerResult<StoreChange> {
            let arguments = UpkeepArguments(
                sending: ExportDelivery(export: export, channel: channel)
            )
            let job = try Job.upkeep(arguments)
            let context = JobContext(
                ambient: clock.ambient,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                fence: 1
            )
            return try await handler.run(job, in: context)
        }
    }

    private static let secret = "a-secret-of-the-tests"

    /// Runs a body with an upkeep worker whose exports go to these ports; 0 for nobody.
    private static func with(
        webhook: Int = 0,
        mail: Int = 0,
        publicURL: String? = "https://calls.example.com",
        _ body: (Fixture) async throws -> Void
    ) async throws {
        let clock = TestClock()
        let scratch = try ScratchFolder()
        let folder = scratch.path
        let store = try await CallStore.open(path: folder + "/s.sqlite", ambient: clock.ambient)
        let http = try HTTPClient(ambient: clock.ambient)
        let sender = ExportSender(
            store: store,
            channels: Channels(
                poster: Poster(http: http, ambient: clock.ambient, privateHosts: ["127.0.0.1"]),
                webhook: webhook == 0
                    ? nil : .init(url: "http://127.0.0.1:\(webhook)/hook", secret: secret),
                letters: mail == 0
                    ? nil
                    : .init(
                        mailer: Mailer(server: "smtp://127.0.0.1:\(mail)"),
                        from: "ringback@example.com",
                        recipients: ["ana@example.com"]
                    ),
                ambient: clock.ambient
            ),
            folder: folder,
            publicURL: publicURL
        )
        let none = UpkeepErrands.none
        let handler = UpkeepHandler(
            store: store,
            settings: UpkeepSettings(exportsFolder: folder),
            errands: UpkeepErrands(
                deliver: none.deliver,
                sendExport: { try await sender.send($0, in: $1) },
                alerts: none.alerts,
                digest: none.digest
            )
        )
        try await body(Fixture(clock: clock, folder: folder, store: store, handler: handler))
        await http.shutDown()
        try store.close()
    }

    @Test("a webhook gets what the file is, signed, with the file itself while it is small")
    func webhook() async throws {
        let receiver = Receiver { _ in 200 }
        try await receiver.listen { port in
            try await Self.with(webhook: port) { fixture in
                let export = try await fixture.export("id\r\n1\r\n2\r\n")
                guard case .done(let change) = try await fixture.send(export, by: .webhook) else {
                    Issue.record("It was not sent.")
                    return
                }
                try await fixture.store.write(change)
                let got = try #require(receiver.all.first)
                #expect(got.id == "export_export-7")
                let verifier = WebhookVerifier(secrets: [WebhookSecret(Self.secret)])
                let now = Date(timeIntervalSince1970: Double(fixture.clock.now) / 1_000)
                try verifier.verify(got.body, signedBy: got.signature, now: now)
                let body = try JSONDecoder().decode(Body.self, from: Data(got.body))
                #expect(body.type == "export.finished")
                #expect(body.data.content == "id\r\n1\r\n2\r\n")
                #expect(
                    body.data.url == "https://calls.example.com/api/v1/exports/export-7/file"
                )
                #expect(body.data.personalData)
                let log = try await fixture.store.auditLog(action: "export.send", limit: 10)
                #expect(log.map(\.note.object) == ["job:export-7"])
                #expect(log.first?.note.after?["by"] == .text("webhook"))
            }
        }
    }

    private struct Body: Decodable {
        struct Data: Decodable {
            var content: String?
            var url: String?
            var personalData: Bool
        }

        var type: String
        var data: Data
    }

    @Test("a file that is too large is named and not carried")
    func large() async throws {
        let receiver = Receiver { _ in 200 }
        let server = MailServer()
        try await server.listen { mail in
            try await receiver.listen { port in
                try await Self.with(webhook: port, mail: mail, publicURL: nil) { fixture in
                    let limit = ExportDeliveryLimits.attachmentBytesMax
                    let text = String(repeating: "x", count: limit + 1)
                    let export = try await fixture.export(text, what: "campaigns")
                    for channel in ExportArguments.Channel.allCases {
                        guard case .done = try await fixture.send(export, by: channel) else {
                            Issue.record("It was not sent by \(channel).")
                            return
                        }
                    }
                    let got = try #require(receiver.all.first)
                    let body = try JSONDecoder().decode(Body.self, from: Data(got.body))
                    #expect(body.data.content == nil && body.data.url == nil)
                    #expect(!body.data.personalData)
                    #expect(!server.said.contains { $0.contains("multipart") })
                    let letter = server.said.drop { !$0.isEmpty }.prefix { $0 != "." }.joined()
                    let words = try #require(Data(base64Encoded: letter))
                    #expect(String(decoding: words, as: UTF8.self).contains("exports folder"))
                }
            }
        }
    }

    @Test("a mail carries the file, and says that it holds personal data")
    func mail() async throws {
        let server = MailServer()
        try await server.listen { port in
            try await Self.with(mail: port) { fixture in
                let export = try await fixture.export("id\r\n1\r\n")
                guard case .done = try await fixture.send(export, by: .mail) else {
                    Issue.record("It was not sent.")
                    return
                }
                let said = server.said
                #expect(said.contains("RCPT TO:<ana@example.com>"))
                #expect(said.contains("Subject: [Ringback] calls, 2 rows"))
                #expect(said.contains(Data("id\r\n1\r\n".utf8).base64EncodedString()))
                let texts = said.compactMap { Data(base64Encoded: $0) }
                    .map { String(decoding: $0, as: UTF8.self) }.joined()
                #expect(texts.contains("personal data"))
            }
        }
    }

    @Test("what is not taken is tried again; what nobody is named for is for a person to see")
    func refused() async throws {
        let receiver = Receiver { _ in 503 }
        try await receiver.listen { port in
            try await Self.with(webhook: port) { fixture in
                let export = try await fixture.export("id\r\n")
                guard case .retry(let reason, _) = try await fixture.send(export, by: .webhook)
                else {
                    Issue.record("It is not tried again.")
                    return
                }
                #expect(reason == "webhook: status 503")
                guard case .dead(let missing) = try await fixture.send(export, by: .mail) else {
                    Issue.record("Nobody hears of it.")
                    return
                }
                #expect(missing.contains("RINGBACK_EXPORT_MAIL"))
                #expect(try await fixture.store.auditLog(limit: 10).isEmpty)
            }
        }
    }

    @Test("a file whose time is over, or that is another by now, is not sent")
    func gone() async throws {
        let receiver = Receiver { _ in 200 }
        try await receiver.listen { port in
            try await Self.with(webhook: port) { fixture in
                let export = try await fixture.export("id\r\n")
                try Data("other bytes".utf8).write(
                    to: URL(filePath: fixture.folder + "/calls-1.csv")
                )
                guard case .dead = try await fixture.send(export, by: .webhook) else {
                    Issue.record("Another file was sent.")
                    return
                }
                try await fixture.store.write { try $0.markExpired([export]) }
                guard case .discard = try await fixture.send(export, by: .webhook) else {
                    Issue.record("An expired file was sent.")
                    return
                }
                #expect(receiver.all.isEmpty)
            }
        }
    }
}
