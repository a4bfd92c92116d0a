import Foundation
import Logging
import Synchronization
import Telemetry
import Testing

@Suite("log")
struct LogTests {
    @Test(
        "phone numbers are masked, whatever their form",
        arguments: [
            ("call from +4915112345678 ended", "call from +491********78 ended"),
            ("caller=4155550123", "caller=415*****23"),
            ("(415) 555-0123", "(415) ***-**23"),
            ("+1 415 555 0123, twice", "+1 41* *** **23, twice"),
            ("sip:+14155550123@pstn.example.com", "sip:+141******23@pstn.example.com"),
            ("tel 0151 12345678.", "tel 015* ******78."),
            ("+4915112345678 (404 Not Found)", "+491********78 (404 Not Found)"),
            ("4155550123 4155550124", "415*****23 415*****24"),
            ("2026-11-21 4155550123 failed", "2026-11-21 415*****23 failed"),
        ]
    )
    func masksNumbers(text: String, expected: String) {
        #expect(LogMask().masked(text) == expected)
    }

    @Test(
        "what only looks a little like one stays",
        arguments: [
            "2026-11-21T12:00:00.123Z", "2026-11-21 12:00:00", "job poll@1763726400000",
            "sync-0b9f2c0e-1111-2222-3333-444455556666", "fence 1763726400000000", "took 12.5 s",
            "conv_01jx8y4155550123ab", "192.168.1.20", "192.168.100.20",
            "page 3 of 12", "attempt 2",
        ]
    )
    func keepsOthers(text: String) {
        #expect(LogMask().masked(text) == text)
    }

    @Test("secrets and the passwords of addresses are taken out")
    func masksSecrets() {
        let mask = LogMask(secrets: ["sk_abcdef", "sk_abcdef_longer", "short"])
        #expect(mask.masked("key sk_abcdef refused") == "key [secret] refused")
        #expect(mask.masked("sk_abcdef_longer!") == "[secret]!")
        #expect(mask.masked("a short word") == "a short word")
        #expect(
            mask.masked("redis://user:pw@host:6379/0 gone") == "redis://[secret]@host:6379/0 gone"
        )
        #expect(mask.masked("see https://example.com/a@b") == "see https://[secret]@b")
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private func logger(_ format: LogOutput.Format, into lines: Lines) -> Logger {
        let output = LogOutput(
            format: format,
            mask: LogMask(secrets: ["sk_topsecret"]),
            now: { Date(timeIntervalSince1970: 1_763_726_400.5) },
            write: { lines.add($0) }
        )
        return Logger(label: "worker-sync") { label in
            MaskingLogHandler(label: label, level: .info, output: output)
        }
    }

    @Test("a text line has time, level, program, message and masked metadata in order")
    func textLine() {
        let lines = Lines()
        var logger = logger(.text, into: lines)
        logger[metadataKey: "queue"] = "sync"
        logger.warning(
            "Attempt failed",
            metadata: ["reason": "no route for +4915112345678", "api_key": "anything", "n": "1"]
        )
        logger.debug("below the level")
        #expect(
            lines.all == [
                "2025-11-21T12:00:00.500Z warning worker-sync: Attempt failed api_key=[secret] n=1 "
                    + "queue=sync reason=\"no route for +491********78\"\n"
            ]
        )
    }

    @Test("a JSON line is one object, whatever is in it")
    func jsonLine() throws {
        let lines = Lines()
        let logger = logger(.json, into: lines)
        logger.error("Broken\nline", metadata: ["body": "a\"b\\c\u{1}sk_topsecret", "list": ["x"]])
        let line = try #require(lines.all.first)
        #expect(lines.all.count == 1)
        #expect(line.count(where: \.isNewline) == 1)
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        let fields = try #require(object as? [String: Any])
        #expect(fields["message"] as? String == "Broken\nline")
        #expect(fields["level"] as? String == "error")
        #expect(fields["time"] as? String == "2025-11-21T12:00:00.500Z")
        let metadata = try #require(fields["metadata"] as? [String: String])
        #expect(metadata["body"] == "a\"b\\c\u{1}[secret]")
    }

    @Test("a text line stays one line")
    func oneLine() {
        let lines = Lines()
        logger(.text, into: lines).info("a\nb", metadata: ["x": "c\nd=e"])
        #expect(lines.all.first?.count(where: \.isNewline) == 1)
    }
}
