import Foundation
import Mail
import Testing

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

    @Test("a file goes along, byte for byte, under its name")
    func attached() async throws {
        let bytes: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("a,b\r\n\"--=_ringback\",.\r\n".utf8)
        var message = Self.message()
        message.attachment = MailAttachment(
            name: "calls\"\r\n.csv",
            type: "text/csv",
            bytes: bytes
        )
        let sent = message
        let server = MailServer()
        try await server.listen { port in
            try await Mailer(server: "smtp://127.0.0.1:\(port)").send(sent)
            let said = server.said
            #expect(said.contains("Content-Type: multipart/mixed; boundary=\"=_ringback\""))
            let parts = said.split(separator: "--=_ringback", omittingEmptySubsequences: false)
            #expect(parts.count == 3)
            let file = try #require(parts.last?.split(separator: "--=_ringback--").first)
            #expect(file.contains("Content-Disposition: attachment; filename=\"calls??.csv\""))
            let lines = file.drop { !$0.isEmpty }.joined()
            #expect(Data(base64Encoded: lines).map(Array.init) == bytes)
            let letter = parts[1].drop { !$0.isEmpty }.joined()
            let text = try #require(Data(base64Encoded: letter))
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
