import PhoneNumbers
import Testing

@Suite("Spellings of SIP identities")
struct SIPSpellingsTests {
    @Test(
        "finds an identity in any spelling",
        arguments: [
            "alice@pbx.example.com", "sip:Alice@PBX.example.com:5060;transport=udp",
            "<sips:alice@pbx.example.com>", "sip%3Aalice%40pbx.example.com",
            "sip:alice;day=mon@pbx.example.com", "sip:alice:secret@pbx.example.com?subject=x",
            "{\"from\":\"sip:al%69ce@pbx.example.com\"}", "to alice@pbx.example.com, please",
        ]
    )
    func finds(text: String) {
        #expect(SIPSpellings("alice@pbx.example.com").occur(in: text.utf8))
    }

    @Test(
        "does not take another identity for it",
        arguments: [
            "malice@pbx.example.com", "alice@pbx.example.community", "alice@other.example.com",
            "j.alice@pbx.example.com", "alice at pbx.example.com", "alice@pbx.example", "",
            "alice: who is bob@pbx.example.com",
        ]
    )
    func leaves(text: String) {
        #expect(!SIPSpellings("alice@pbx.example.com").occur(in: text.utf8))
    }

    @Test("finds a client identity, and one at the end of a piece")
    func client() {
        #expect(SIPSpellings("client:alice").occur(in: "from client:Alice".utf8))
        #expect(SIPSpellings("client:alice").occur(in: "client%3aalice&x".utf8))
        #expect(!SIPSpellings("client:alice").occur(in: "client:alicent".utf8))
    }

    @Test("tells numbers, addresses and everything else apart")
    func identities() {
        #expect(CallerIdentity(stored: "+14155550123")?.text == "+14155550123")
        #expect(CallerIdentity(stored: "alice@pbx") == .sip("alice@pbx"))
        #expect(CallerIdentity(stored: "client:alice") == .sip("client:alice"))
        #expect(CallerIdentity(stored: "anonymous") == nil)
        #expect(CallerIdentity.sip("alice@pbx.example.com").masked == "a••••@pbx.example.com")
    }
}
