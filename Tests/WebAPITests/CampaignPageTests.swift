import CallStore
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

@Suite("The page of a campaign")
struct CampaignPageTests {
    private static let delivered = WebFixture.nowUnix - 5 * 86_400

    /// Ten recipients: two called, one of whom converted, and two are held out.
    private static func fill(_ fixture: WebFixture) async throws -> CampaignID {
        try await fixture.store.write { writer in
            let campaign = try writer.add(NewCampaign(name: "Spring", channel: .mail))
            for number in 0..<10 {
                let id = try writer.add(
                    NewRecipient(
                        campaign: campaign,
                        reference: "person-\(number)",
                        isHeldOut: number > 7
                    )
                )
                guard number < 8 else { continue }
                try writer.add(Touch(kind: .delivered, atUnix: delivered), of: id)
                guard number < 2 else { continue }
                let call = try writer.record(
                    .heard("conv_\(number)", startedUnix: delivered + 90_000)
                )
                try writer.attribute(
                    call.call,
                    seen: call.revision,
                    AttributionDecision(
                        campaign: campaign,
                        recipient: id,
                        method: .exactNumber,
                        confidence: "strong",
                        reason: nil,
                        evidence: [:],
                        ruleVersion: "a"
                    )
                )
                guard number == 0 else { continue }
                try writer.label(
                    call.call,
                    ManualLabel(type: "booking", label: .yes, person: "ana")
                )
            }
            return campaign
        }
    }

    @Test("it shows how soon recipients called, and to programs the same")
    func response() async throws {
        try await WebFixture.serve { fixture, client in
            let id = try await Self.fill(fixture)
            let page = try await client.ask(.get, "/campaigns/\(id)").body
            #expect(page.contains("data-chart=\"response\""))
            #expect(page.contains("25 % of 8 recipients called by day 5 after the delivery"))
            #expect(page.contains("half of those by day 1."))
            let path = "/api/v1/campaigns/\(id)/response"
            let found = try await client.ask(.get, path).object()
            #expect(found["since"] as? String == "delivered" && found["recipients"] as? Int == 8)
            let days = try #require(found["days"] as? [[String: Any]])
            #expect(days.map { $0["calledByThen"] as? Int } == [0, 2, 2, 2, 2, 2])
            #expect(try await client.ask(.get, "/api/v1/campaigns/99/response").status == 404)
            let bare = try await fixture.store.write { writer in
                try writer.add(NewCampaign(name: "Autumn", channel: .mail))
            }
            let empty = try await client.ask(.get, "/campaigns/\(bare)").body
            #expect(!empty.contains("data-chart=\"response\""))
            #expect(empty.contains("Not measured: Neither a delivery nor a sending"))
            let none = try await client.ask(.get, "/api/v1/campaigns/\(bare)/response").object()
            #expect(none["since"] is NSNull && (none["days"] as? [Any])?.isEmpty == true)
        }
    }

    @Test("recipients are listed by whether they called, converted, or are held out")
    func recipients() async throws {
        try await WebFixture.serve { fixture, client in
            let id = try await Self.fill(fixture)
            func listed(_ query: String) async throws -> [String] {
                let path = "/campaigns/\(id)/recipients?\(query)"
                let page = try await client.ask(.get, path).body
                let names = page.matches(of: /<th scope="row">(person-\d)<\/th>/)
                    .map { String($0.1) }
                let api =
                    "/api/v1"
                    + path.replacing("heldout", with: "heldOut")
                    .replacing("yes", with: "true").replacing("=no", with: "=false")
                let items = try await client.ask(.get, api).object()["items"]
                #expect((items as? [[String: Any]])?.map { $0["reference"] as? String } == names)
                return names
            }
            #expect(try await listed("called=yes") == ["person-0", "person-1"])
            #expect(try await listed("converted=yes") == ["person-0"])
            #expect(try await listed("called=yes&converted=no") == ["person-1"])
            #expect(try await listed("heldout=yes") == ["person-8", "person-9"])
            #expect(try await listed("called=no").count == 8)
            #expect(try await listed("converted=no").count == 9)
            let page = try await client.ask(.get, "/campaigns/\(id)/recipients").body
            #expect(page.contains("<td>yes (1)</td><td>yes (1)</td>"))
            #expect(page.contains("<td>yes (1)</td><td>no</td>"))
            let campaign = try await client.ask(.get, "/campaigns/\(id)").body
            #expect(campaign.contains("2 of 10 recipients (20 %)"))
            #expect(campaign.contains("recipients?heldout=yes"))
        }
    }

    @Test("the list of campaigns goes on behind its first page")
    func pages() async throws {
        try await WebFixture.serve { fixture, client in
            try await fixture.store.write { writer in
                for number in 1...200 {
                    _ = try writer.add(NewCampaign(name: "c-\(number)-", channel: .mail))
                }
            }
            #expect(try await !client.ask(.get, "/campaigns").body.contains("rel=\"next\""))
            try await fixture.store.write { writer in
                _ = try writer.add(NewCampaign(name: "c-201-", channel: .mail))
            }
            let first = try await client.ask(.get, "/campaigns").body
            #expect(first.contains(">c-200-<") && !first.contains(">c-201-<"))
            let next = try #require(first.firstMatch(of: /<a href="([^"]+)" rel="next">/))
            let second = try await client.ask(
                .get,
                String(next.1).replacing("&amp;", with: "&")
            ).body
            #expect(second.contains(">c-201-<") && !second.contains(">c-200-<"))
            #expect(!second.contains("rel=\"next\"") && second.contains("From the beginning"))
        }
    }
}
