import CallStore
import Foundation
import PhoneNumbers
import Testing

@Suite("redaction")
struct RedactionTests {
    private static let all = Redaction(Set(Redaction.Category.allCases))

    @Test(
        "takes out what identifies people, and no more",
        arguments: [
            ("Call me at +1 (415) 555-0123, please.", "Call me at [number], please."),
            ("0151 2345 6789 is mine", "[number] is mine"),
            ("write to ada.lovelace+x@mail.example.co.uk now", "write to [e-mail] now"),
            ("my card is 4111 1111 1111 1111.", "my card is [card]."),
            ("5500-0000-0000-0004", "[card]"),
            ("IBAN DE89 3704 0044 0532 0130 00 it is", "IBAN [iban] it is"),
            ("GB82WEST12345698765432", "[iban]"),
            ("at 10:30 on 24 November, for 59 euros", "at 10:30 on 24 November, for 59 euros"),
            ("room 1204, order 99", "room 1204, order 99"),
            ("DE00 3704 0044 0532 0130 00", "DE00 [iban-like]"),
            ("no numbers here", "no numbers here"),
            ("", ""),
        ]
    )
    func takesOut(text: String, redacted: String) {
        let result = Self.all.redacted(text)
        guard !redacted.contains("[iban-like]") else {
            // A wrong check digit makes it no account number; its digits may still be some number.
            #expect(!result.contains("[iban]"))
            return
        }
        #expect(result == redacted)
        #expect(Self.all.redacted(result) == result, "redacting again changes nothing")
    }

    @Test("each category is taken out alone")
    func alone() {
        let text = "ada@example.com, 4111 1111 1111 1111, DE89370400440532013000, +4915112345679"
        let expected: [(Redaction.Category, String)] = [
            (.email, "[e-mail], 4111 1111 1111 1111, DE89370400440532013000, +4915112345679"),
            (.card, "ada@example.com, [card], DE89370400440532013000, +4915112345679"),
            (.iban, "ada@example.com, 4111 1111 1111 1111, [iban], +4915112345679"),
        ]
        for (category, result) in expected {
            #expect(Redaction([category]).redacted(text) == result, "\(category)")
        }
        #expect(Redaction.none.redacted(text) == text)
    }

    @Test("is done before anything is stored, and no body as it came is kept beside it")
    func atIngest() async throws {
        let fixture = try await StoreFixture()
        let key = try StoreFixture.phoneKey()
        let store = try await CallStore.open(
            path: fixture.path,
            ambient: fixture.time.ambient(seed: 2),
            privacy: StorePrivacy(redaction: Self.all) { PhoneKeyRing(key) }
        )
        var record = CallRecord.sample()
        record.summary = "Asked to be called at 0151 2345 6789."
        record.transcript?[1].message = "My mail is ada@example.com."
        record.transcript?[2].toolCalls[0].arguments = #"{"card":"4111111111111111"}"#
        record.collected = [CollectedValue(id: "iban", value: .text("DE89370400440532013000"))]
        let inbox = try await store.write { [record] writer in
            let receipt = try writer.receive(
                InboxDelivery(
                    type: "post_call_transcription",
                    conversationID: "conv_1",
                    receivedAtMilliseconds: 1,
                    body: Data("raw".utf8)
                )
            )
            try writer.record(record)
            try writer.storeRaw(
                RawBody(
                    kind: .detail,
                    conversationID: "conv_1",
                    receivedAtMilliseconds: 1,
                    body: Data("raw".utf8)
                )
            )
            return receipt
        }
        guard case .kept(let id) = inbox else {
            Issue.record("\(inbox)")
            return
        }
        try await store.write { try $0.settleInbox(id, .done) }
        let call = try #require(try await store.call(CallIdentity(conversationID: "conv_1")))
        #expect(call.record.summary == "Asked to be called at [number].")
        #expect(call.transcript[1].message == "My mail is [e-mail].")
        #expect(call.transcript[2].toolCalls[0].arguments == #"{"card":"[card]"}"#)
        #expect(call.record.collected?.first?.value == .text("[iban]"))
        #expect(call.record.caller?.e164?.text == "+14155550123")
        #expect(try fixture.number("select count(*) from raw_bodies") == 0)
        #expect(try fixture.number("select count(*) from inbox") == 0)
        try store.close()
    }
}
