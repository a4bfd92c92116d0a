import CallStore
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

@Suite("The page of the funnel")
struct FunnelPageTests {
    private static let day: Int64 = 86_400

    /// Spring sent four letters, one of which was scanned and led to a call; Autumn sent nothing.
    private static func fill(_ fixture: WebFixture) async throws -> (CampaignID, CampaignID) {
        let call = try await fixture.record(.heard("conv_1"))
        return try await fixture.store.write { writer in
            let spring = try writer.add(NewCampaign(name: "Spring", channel: .mail, windowDays: 9))
            let autumn = try writer.add(NewCampaign(name: "Autumn", channel: .mail))
            for number in 0..<4 {
                let person = try writer.add(NewRecipient(campaign: spring, reference: "r\(number)"))
                // The last two long ago.
                let sent = WebFixture.nowUnix - (number < 2 ? 2 : 60) * Self.day
                try writer.add(Touch(kind: .sent, atUnix: sent, token: "t\(number)"), of: person)
                guard number == 0 else { continue }
                let scan = Touch(kind: .scan, atUnix: sent + Self.day, token: "t0")
                try writer.add(scan, of: person)
            }
            try writer.pin(call, ManualPin(campaign: spring, person: "ana"))
            return (spring, autumn)
        }
    }

    private static func row(_ name: String, in page: String) throws -> String {
        let body = try #require(page.firstRange(of: "id=\"breakdown\""))
        let start = try #require(page[body.upperBound...].firstRange(of: ">\(name)</a>"))
        let end = try #require(page[start.upperBound...].firstRange(of: "</tr>"))
        return String(page[start.upperBound..<end.lowerBound])
    }

    @Test(
        "campaigns stand side by side, steps with their share of what was sent, and lead to lists"
    )
    func breakdown() async throws {
        try await WebFixture.serve { fixture, client in
            let (spring, _) = try await Self.fill(fixture)
            let page = try await client.ask(.get, "/funnel").body
            let row = try Self.row("Spring", in: page)
            let people = "/campaigns/\(spring)/recipients?touch"
            #expect(row.contains("<a href=\"\(people)=sent\">4</a>"))
            #expect(row.contains("<a href=\"\(people)=scan\">1</a> <span class=\"faint\">(25 %)"))
            #expect(row.contains("/calls?campaign=\(spring)&amp;range=all\">1</a>"))
            // Nobody measured deliveries; nobody converted.
            #expect(row.contains("<span class=\"faint\">–</span>"))
            #expect(row.contains("0 <span class=\"faint\">(0 %)"))
            let empty = try Self.row("Autumn", in: page)
            #expect(!empty.contains("%") && !empty.contains("<a "))
            // Of some days only what happened in them.
            let recent = try await client.ask(.get, "/funnel?range=7d").body
            #expect(try Self.row("Spring", in: recent).contains(">2</a>"))
            // The lists are those of the numbers.
            for (touch, count) in [("sent", 4), ("scan", 1), ("page-view", 0)] {
                let list = try await client.ask(
                    .get,
                    "/api/v1/campaigns/\(spring)/recipients?touch=\(touch)"
                ).object()
                #expect((list["items"] as? [Any])?.count == count, "\(touch)")
            }
            let listed = try await client.ask(.get, "/campaigns/\(spring)/recipients?touch=scan")
            #expect(listed.body.contains("who scanned a code"))
            #expect(listed.body.contains(">r0<") && !listed.body.contains(">r1<"))
            let wrong = "/api/v1/campaigns/\(spring)/recipients?touch=stare"
            #expect(try await client.ask(.get, wrong).status == 400)
        }
    }

    @Test("steps and window are chosen, and stand in the address")
    func chosen() async throws {
        try await WebFixture.serve { fixture, client in
            let (spring, _) = try await Self.fill(fixture)
            let page = try await client.ask(
                .get,
                "/funnel?campaign=\(spring)&steps=sent&steps=calls&window=3"
            ).body
            #expect(page.matches(of: /name="steps" value="[A-Za-z]+" checked/).count == 2)
            #expect(page.contains("within 3 days; the campaign's own window has 9"))
            #expect(!page.contains("<th scope=\"col\" class=\"num\">Scans</th>"))
            let all = try await client.ask(.get, "/funnel?window=0&steps=nothing").body
            #expect(all.contains("within 9 days"))
            #expect(all.contains("<th scope=\"col\" class=\"num\">Scans</th>"))
        }
    }

    @Test("totals and the same people are shown together, or one of them, as the address says")
    func modes() async throws {
        try await WebFixture.serve { fixture, client in
            let (_, autumn) = try await Self.fill(fixture)
            func shown(_ query: String) async throws -> [Bool] {
                let page = try await client.ask(.get, "/funnel" + query).body
                return ["id=\"totals\"", "id=\"people\""].map { page.contains($0) }
            }
            #expect(try await shown("") == [true, true])
            #expect(try await shown("?mode=totals") == [true, false])
            #expect(try await shown("?mode=people") == [false, true])
            #expect(try await shown("?mode=nonsense") == [true, true])
            let page = try await client.ask(.get, "/funnel?mode=people&window=3").body
            #expect(page.contains("window=3&amp;mode=people\" aria-current=\"true\""))
            // A day from the letter to the scan, and the choice stays when steps are chosen.
            #expect(page.contains("after 24 h"))
            #expect(page.contains("<input type=\"hidden\" name=\"mode\" value=\"people\">"))
            #expect(!page.contains("Not measured: nobody"))
            let none = try await client.ask(.get, "/funnel?campaign=\(autumn)").body
            #expect(none.contains("Not measured: nobody"))
        }
    }
}
