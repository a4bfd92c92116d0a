import CallStore
import GRDB
import Testing

@Suite("Tokens and the pages they lead to")
struct TokenTests {
    @Test(
        "a page is an absolute http or https address and nothing else",
        arguments: [
            ("https://example.com/spring", true), ("http://example.com", true),
            ("https://example.com:8443/a?b=c&d=%20#top", true),
            ("//example.com/spring", false), ("/spring", false), ("example.com", false),
            ("javascript:alert(1)", false), ("data:text/html,x", false),
            ("ftp://example.com", false),
            ("https:example.com", false), ("https:///spring", false), ("https://", false),
            ("https://user@example.com", false), ("https://good.example:x@bad.example/", false),
            ("https://example.com/a b", false), ("https://example.com/\r\nset-cookie: a=b", false),
            ("https://example.com\\@bad.example", false), ("https://example.com/\"onload=", false),
            ("HTTPS://example.com", false), ("", false),
            ("https://example.com/" + String(repeating: "a", count: 2_000), false),
        ]
    )
    func landing(text: String, isTaken: Bool) {
        #expect((LandingAddress(text) != nil) == isTaken)
    }

    @Test(
        "a page carries the token in its query and keeps what stood there",
        arguments: [
            ("https://example.com", "t1", "https://example.com?ringback_token=t1"),
            ("https://example.com/a", "t1", "https://example.com/a?ringback_token=t1"),
            (
                "https://example.com/a?b=c%20d+e#top", "t1",
                "https://example.com/a?b=c%20d+e&ringback_token=t1#top"
            ),
            (
                "https://example.com/a", "a b&c=d/é\r\n",
                "https://example.com/a?ringback_token=a%20b%26c%3Dd%2F%C3%A9%0D%0A"
            ),
        ]
    )
    func carries(text: String, token: String, expected: String) throws {
        let address = try #require(LandingAddress(text))
        #expect(address.carrying(token) == expected)
    }

    @Test("a token leads to its campaign, to its one recipient, or to nobody")
    func leads() async throws {
        let fixture = try await StoreFixture()
        let page = try #require(LandingAddress("https://example.com/spring"))
        let ids = try await fixture.store.write { writer in
            let spring = try writer.add(
                NewCampaign(name: "Spring", channel: .mail, landing: page)
            )
            let autumn = try writer.add(NewCampaign(name: "Autumn", channel: .mail))
            func add(
                _ reference: String,
                _ token: String?,
                to campaign: CampaignID
            ) throws -> RecipientID {
                try writer.add(
                    NewRecipient(campaign: campaign, reference: reference, token: token)
                )
            }
            let ana = try add("ana", "t-ana", to: spring)
            _ = try add("bo", "t-shared", to: spring)
            _ = try add("cy", "t-shared", to: spring)
            _ = try add("dee", "t-both", to: spring)
            _ = try add("dee", "t-both", to: autumn)
            let eve = try add("eve", nil, to: autumn)
            let evesToken = try writer.token(of: eve, in: autumn)
            let springsToken = try writer.token(of: spring)
            #expect(try writer.token(of: eve, in: autumn) == evesToken)
            #expect(try writer.token(of: spring) == springsToken)
            #expect(try writer.token(of: ana, in: spring) == "t-ana")
            #expect(springsToken.count == 24 && springsToken != evesToken)
            #expect(throws: StoreError.self) { try writer.token(of: eve, in: spring) }
            #expect(throws: StoreError.self) { try writer.token(of: CampaignID(99)) }
            return (
                spring: spring, autumn: autumn, ana: ana, eve: eve, springs: springsToken,
                eves: evesToken
            )
        }
        let store = fixture.store
        let forAna = TokenTarget(campaign: ids.spring, recipient: ids.ana, landing: page)
        #expect(try await store.target(ofToken: "t-ana") == forAna)
        let forSpring = TokenTarget(campaign: ids.spring, recipient: nil, landing: page)
        #expect(try await store.target(ofToken: "t-shared") == forSpring)
        #expect(try await store.target(ofToken: ids.springs) == forSpring)
        let forEve = TokenTarget(campaign: ids.autumn, recipient: ids.eve, landing: nil)
        #expect(try await store.target(ofToken: ids.eves) == forEve)
        #expect(try await store.target(ofToken: "t-both") == nil)
        #expect(try await store.target(ofToken: "t-ana", in: "other") == nil)
        #expect(try await store.target(ofToken: "") == nil)
        #expect(try await store.target(ofToken: "' or 1=1 --") == nil)
    }

    @Test("an address that somebody wrote into the file by hand leads nowhere")
    func refusesForeignAddress() async throws {
        let fixture = try await StoreFixture()
        let token = try await fixture.store.write { writer in
            try writer.token(of: try writer.add(NewCampaign(name: "Spring", channel: .mail)))
        }
        try fixture.sql { database in
            try database.execute(sql: "update campaigns set landing_url = 'http://x y'")
        }
        let target = try #require(try await fixture.store.target(ofToken: token))
        #expect(target.landing == nil)
    }

    @Test("a change of the page is noted with who made it")
    func notesChange() async throws {
        let fixture = try await StoreFixture()
        let changed = try await fixture.store.write { writer in
            let id = try writer.add(NewCampaign(name: "Spring", channel: .mail))
            var campaign = try #require(try writer.campaign(id))
            campaign.landing = LandingAddress("https://example.com")
            let fields = try writer.update(campaign, by: "ana")
            #expect(try writer.campaign(id) == campaign)
            return fields
        }
        #expect(changed == ["landing"])
    }
}
