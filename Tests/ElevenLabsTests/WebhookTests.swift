import Crypto
import ElevenLabs
import Foundation
import TestSupport
import Testing

@Suite struct SignatureTests {
    private static let secret = "wsec_example"
    private static let body = "{\"type\":\"ping\",\"event_timestamp\":1794700000,\"data\":{}}"
    private static let time: Int64 = 1_794_700_000
    private static let code = "da576c329c47fede83197ed45f85e6984a7446c531c14f852d87feaee5c2284b"
    private static let zeros = String(repeating: "0", count: 64)

    private func verify(
        _ header: String?,
        body: String = body,
        secrets: [String] = [secret],
        secondsLater: Int64 = 0
    ) throws(WebhookSignatureError) {
        try WebhookVerifier(secrets: secrets.map { WebhookSecret($0) }).verify(
            Array(body.utf8),
            signedBy: header,
            now: Date(timeIntervalSince1970: Double(Self.time + secondsLater))
        )
    }

    @Test(
        "accepts the vector in every spelling that is allowed",
        arguments: [
            "t=\(time),v0=\(code)", "v0=\(code),t=\(time)", "t=\(time), v0=\(code)",
            " t = \(time) ,\tv0 = \(code) ", "t=\(time),v0=\(zeros),v0=\(code)",
            "t=\(time),v0=\(code),v0=\(zeros)", "t=\(time),v1=abc,v0=\(code)",
            "t=\(time),v0=nonsense,v0=\(code)", "t=\(time),v0=\(code),",
        ]
    )
    func accepted(header: String) throws {
        try verify(header)
    }

    @Test(
        "refuses everything else",
        arguments: [
            (nil, .missing), ("", .missing), ("t=\(time)", .malformed), ("v0=\(code)", .malformed),
            ("nonsense", .malformed), ("t=,v0=\(code)", .malformed),
            ("t=soon,v0=\(code)", .malformed), ("t=-5,v0=\(code)", .malformed),
            ("t=\(time).0,v0=\(code)", .malformed), ("t=+\(time),v0=\(code)", .malformed),
            ("t=\(time),t=\(time),v0=\(code)", .malformed),
            ("t=99999999999999999999,v0=\(code)", .malformed),
            // The official verifiers refuse upper case, too.
            ("t=\(time),v0=\(code.uppercased())", .malformed),
            ("t=\(time),v0=", .malformed), ("t=\(time),v0=\(code.dropLast())", .malformed),
            ("t=\(time),v0=\(code.dropLast(2))", .mismatch), ("t=\(time),v0=\(zeros)", .mismatch),
            ("t=\(time + 1),v0=\(code)", .mismatch), ("t=0\(time),v0=\(code)", .mismatch),
            (
                "t=\(time)" + String(repeating: ",v0=\(zeros)", count: 8) + ",v0=\(code)",
                .malformed
            ),
            ("t=\(time),v0=\(code)" + String(repeating: " ", count: 5_000), .malformed),
        ] as [(String?, WebhookSignatureError)]
    )
    func refused(header: String?, error: WebhookSignatureError) {
        #expect(throws: error) { try verify(header) }
    }

    @Test("holds for these bytes and this secret only", arguments: Seeds.first(50))
    func tampering(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let header = "t=\(Self.time),v0=\(Self.code)"
        var bytes = Array(Self.body.utf8)
        let place = Int.random(in: 0..<bytes.count, using: &random)
        bytes[place] ^= 1 << UInt8.random(in: 0..<7, using: &random)
        let changed = String(decoding: bytes, as: UTF8.self)
        #expect(throws: WebhookSignatureError.mismatch) { try verify(header, body: changed) }
        #expect(throws: WebhookSignatureError.mismatch) {
            try verify(header, secrets: ["wsec_exampl"])
        }
    }

    @Test(
        "is good for half an hour, and five minutes before it was made",
        arguments: [
            (0, nil), (1_800, nil), (1_801, .tooOld), (86_400, .tooOld), (-300, nil),
            (-301, .inFuture), (-86_400, .inFuture),
        ] as [(Int64, WebhookSignatureError?)]
    )
    func age(secondsLater: Int64, error: WebhookSignatureError?) {
        let header = "t=\(Self.time),v0=\(Self.code)"
        let found: WebhookSignatureError?
        do throws(WebhookSignatureError) {
            try verify(header, secondsLater: secondsLater)
            found = nil
        } catch {
            found = error
        }
        #expect(found == error)
    }

    @Test("takes either of two secrets, and never an empty one")
    func rotation() throws {
        let header = "t=\(Self.time),v0=\(Self.code)"
        try verify(header, secrets: ["wsec_new", Self.secret])
        try verify(header, secrets: [Self.secret, "wsec_old"])
        #expect(throws: WebhookSignatureError.mismatch) {
            try verify(header, secrets: ["wsec_new", "wsec_old"])
        }
        let empty = HMAC<SHA256>.authenticationCode(
            for: Data("\(Self.time).\(Self.body)".utf8),
            using: SymmetricKey(data: Data())
        )
        let text = empty.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        #expect(throws: WebhookSignatureError.mismatch) {
            try verify("t=\(Self.time),v0=\(text)", secrets: [""])
        }
        #expect(!WebhookVerifier(secrets: [WebhookSecret("")]).hasSecret)
    }
}

@Suite struct EnvelopeTests {
    @Test("reads a transcription as a detail")
    func transcription() throws {
        let text =
            "{\"type\":\"post_call_transcription\",\"event_timestamp\":\"1794700300\",\"data\":"
            + "\(Golden.detail)}"
        let envelope = try WebhookEnvelope(Array(text.utf8))
        #expect(envelope.type == .transcription)
        #expect(envelope.eventUnix == 1_794_700_300)
        #expect(envelope.conversationID == "conv_0000000000000000000000000042")
        let detail = try ConversationDetail(json: Golden.value(Golden.detail))
        #expect(envelope.content == .transcription(detail))
    }

    @Test("reads a failure of SIP and of Twilio")
    func failures() throws {
        let sip = try WebhookEnvelope(Array(Golden.failure.utf8))
        guard case .initiationFailure(let failure) = sip.content else {
            Issue.record("no failure")
            return
        }
        #expect(sip.eventUnix == 1_794_700_300)
        #expect(failure.reason == "no-answer")
        #expect(failure.result == .noAnswer)
        #expect(failure.kind == "sip")
        #expect(failure.fromNumber == "+15550100")
        #expect(failure.toNumber == "+15550124")
        #expect(failure.sipStatusCode == 480)
        let twilio = """
            {"type":"call_initiation_failure","data":{"conversation_id":"c","failure_reason":\
            "busy","metadata":{"type":"twilio","body":{"CallSid":"CA1","From":"+1","To":"+2",\
            "SipResponseCode":"486"}}}}
            """
        guard
            case .initiationFailure(let busy) = try WebhookEnvelope(Array(twilio.utf8)).content
        else {
            Issue.record("no failure")
            return
        }
        #expect(busy.result == .busy)
        #expect(busy.callSID == "CA1")
        #expect(busy.fromNumber == "+1")
        #expect(busy.sipStatusCode == 486)
    }

    @Test("reads a recording")
    func audio() throws {
        let text = """
            {"type":"post_call_audio","event_timestamp":1,"data":{"agent_id":"a",\
            "conversation_id":"c","full_audio":"SUQzBA=="}}
            """
        let envelope = try WebhookEnvelope(Array(text.utf8))
        guard case .audio(let audio) = envelope.content else {
            Issue.record("no recording")
            return
        }
        #expect(audio.bytes == Data([0x49, 0x44, 0x33, 0x04]))
        #expect(envelope.conversationID == "c")
    }

    @Test("keeps types that it does not know, and says what it cannot read")
    func unknown() throws {
        let other = try WebhookEnvelope(
            Array("{\"type\":\"answering\",\"data\":{\"conversation_id\":\"c\"}}".utf8)
        )
        #expect(other.type.rawValue == "answering")
        #expect(other.content == .other)
        #expect(other.conversationID == "c")
        let broken = try WebhookEnvelope(
            Array("{\"type\":\"post_call_transcription\",\"data\":{\"agent_id\":\"a\"}}".utf8)
        )
        #expect(broken.content == .unreadable(field: "conversation_id", fault: .missing))
        for text in ["[]", "{}", "{\"type\":\"\"}", "7"] {
            #expect(throws: RecordError.self) { try WebhookEnvelope(Array(text.utf8)) }
        }
        #expect(throws: JSONError.self) { try WebhookEnvelope(Array("nope".utf8)) }
    }

    @Test("damaged bodies are refused or read, never fatal", arguments: Seeds.first(200))
    func mutations(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        var bytes = Array(Golden.failure.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            bytes[place] = UInt8.random(in: 0...255, using: &random)
        }
        do {
            #expect(!(try WebhookEnvelope(bytes).type.rawValue.isEmpty))
        } catch {
            #expect(error is JSONError || error is RecordError, "seed \(seed)")
        }
    }
}
