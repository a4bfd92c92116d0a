import Foundation
import Mail
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A mail server that takes one mail after the other and remembers what was said to it.
private final class MailServer: Sendable {
    private let lines = Mutex<[String]>([])

    /// Answered to every recipient.
    private let answer: String

    init(answer: String = "250 fine") {
        self.answer = answer
    }

    var said: [String] { lines.withLock { $0 } }

    func listen(_ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel
                    )
                }
            }
        let port = server.channel.localAddress?.port ?? 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { clients in
                    for try await client in clients { try await self.talk(client) }
                }
            }
            try await body(port)
            group.cancelAll()
        }
    }

    private func talk(_ client: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws {
        try await client.executeThenClose { inbound, outbound in
            func say(_ text: String) async throws {
                try await outbound.write(ByteBuffer(string: text + "\r\n"))
            }
            try await say("220 here")
            var rest = ""
            var isBody = false
            for try await piece in inbound {
                rest += String(buffer: piece)
                while let end = rest.range(of: "\r\n") {
                    let line = String(rest[..<end.lowerBound])
                    rest = String(rest[end.upperBound...])
                    lines.withLock { $0.append(line) }
                    if isBody {
                        guard line == "." else { continue }
                        isBody = false
                        try await say("250 kept")
                    } else if line.hasPrefix("RCPT") {
                        try await say(answer)
                    } else if line == "DATA" {
                        isBody = true
                        try await say("354 go on")
                    } else if line == "QUIT" {
                        try await say("221 bye")
                        return
                    } else {
                        try await say("250 fine")
                    }
                }
            }
        }
    }
}

@Suite("Mail")
struct MailTests {
    private static func message(
        subject: String = "[Ringback] Alert: Jobs have failed for good",
        text: String = "Dead jobs: 2 in sync.\nÄ line.\n.\nA dot alone.\n"
    ) -> MailMessage {
        MailMessage(
            from: "ringback@example.com",
            recipients: ["ops@example.com", "ana@example.com"],
            subject: subject,
            text: text,
            id: "alert_1",
            date: Date(timeIntervalSince1970: 1_794_700_000)
        )
    }

    @Test("goes to all recipients, with its text whole")
    func sends() async throws {
        let server = MailServer()
        try await server.listen { port in
            try await Mailer(server: "smtp://127.0.0.1:\(port)").send(Self.message())
            let said = server.said
            #expect(said.contains("MAIL FROM:<ringback@example.com>"))
            #expect(said.contains("RCPT TO:<ops@example.com>"))
            #expect(said.contains("RCPT TO:<ana@example.com>"))
            #expect(said.contains("Subject: [Ringback] Alert: Jobs have failed for good"))
            #expect(said.contains("Message-ID: <alert_1@example.com>"))
            #expect(said.contains("Date: Sat, 14 Nov 2026 23:46:40 +0000"))
            let blank = try #require(said.firstIndex(of: ""))
            let end = try #require(said.firstIndex(of: "."))
            let body = said[(blank + 1)..<end].joined()
            let text = try #require(Data(base64Encoded: body))
            #expect(String(decoding: text, as: UTF8.self) == Self.message().text)
        }
    }

    @Test("no line of a subject becomes a header")
    func headers() {
        let bytes = Self.message(subject: "x\r\nBcc: eve@example.com\nÄ").bytes
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("Subject: x??Bcc: eve@example.com???\r\n"))
        #expect(!text.contains("\nBcc:"))
    }

    @Test("a server that refuses, or is not there, is an error that names no password")
    func refused() async throws {
        let server = MailServer(answer: "550 no")
        try await server.listen { port in
            await #expect(throws: MailError.self) {
                try await Mailer(server: "smtp://127.0.0.1:\(port)").send(Self.message())
            }
        }
        do {
            try await Mailer(server: "smtp://user:secret@127.0.0.1:1").send(Self.message())
            Issue.record("Nobody listens there.")
        } catch {
            #expect(!error.reason.contains("secret"))
        }
    }

    @Test("a password is not sent in the clear")
    func clear() async throws {
        let server = MailServer()
        try await server.listen { port in
            await #expect(throws: MailError.self) {
                try await Mailer(server: "smtp://user:secret@127.0.0.1:\(port)")
                    .send(Self.message())
            }
            #expect(!server.said.contains { $0.hasPrefix("AUTH") || $0.hasPrefix("MAIL") })
        }
    }
}
