import CallStore
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

@Suite("The list of calls on its page")
struct CallListTests {
    /// Sixty calls, the longest in the middle.
    private static func fill(_ fixture: WebFixture) async throws {
        try await fixture.store.write { writer in
            for index in 0..<60 {
                let record = DashboardTests.record("conv_\(index)") { record in
                    record.startedUnix = WebFixture.nowUnix - 3_600 - Int64(index)
                    record.durationSeconds = 100 + (index * 37) % 60
                    record.agentName = index == 7 ? "Zoe" : "Anna"
                    record.summary = "Summary \(index)."
                }
                _ = try writer.record(record)
            }
        }
    }

    private static func calls(_ body: String) -> [String] {
        body.matches(of: /<tr data-row data-call="([0-9]+)">/).map { String($0.1) }
    }

    private static func next(_ body: String) -> String? {
        body.firstMatch(of: /<a href="([^"]+)" rel="next">/)
            .map { String($0.1).replacing("&amp;", with: "&") }
    }

    @Test("a column's head is a link to its order, and the pages go on in it")
    func sorts() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let plain = try await client.ask(.get, "/calls").body
            #expect(plain.contains("aria-sort=\"descending\""))
            #expect(plain.contains("href=\"/calls?sort=duration\""))
            #expect(plain.contains("href=\"/calls?sort=-time\""))
            var found: [String] = []
            var address: String? = "/calls?sort=-duration"
            var body = ""
            while let asked = address, found.count < 200 {
                body = try await client.ask(.get, asked).body
                found += Self.calls(body)
                address = Self.next(body)
            }
            #expect(found.count == 60 && Set(found).count == 60)
            let sorted = try await fixture.store.calls(
                CallFilter(),
                by: .duration,
                isRising: true,
                limit: 100
            )
            #expect(found == sorted.calls.map(\.id.description))
            #expect(body.contains("aria-sort=\"ascending\""))
            #expect(body.contains("href=\"/calls?sort=duration\""))
            // From A to Z, unless turned round.
            let last = try await client.ask(.get, "/calls?sort=-agent").body
            #expect(Self.calls(last).first == "8")
            let oldest = try await client.ask(.get, "/calls?sort=-time").body
            #expect(Self.calls(oldest).first == "60")
            let unknown = try await client.ask(.get, "/calls?sort=caller").body
            #expect(Self.calls(unknown) == Self.calls(plain))
        }
    }

    @Test("chosen columns stand in the address, in one value or in several")
    func columns() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            for address in ["/calls?columns=summary,turns", "/calls?columns=turns&columns=summary"]
            {
                let body = try await client.ask(.get, address).body
                #expect(body.contains("Summary 3."), "\(address)")
                #expect(body.contains("class=\"w-turns num\""))
                #expect(!body.contains("class=\"w-agent\""))
                #expect(body.contains("name=\"columns\" value=\"summary\" checked"))
                #expect(!body.contains("name=\"columns\" value=\"agent\" checked"))
                // Kept along with another order.
                #expect(body.contains("sort=turns"))
                let link = try #require(body.firstMatch(of: /href="(\/calls\?[^"]*sort=turns)"/))
                #expect(link.1.contains("columns="))
            }
            let plain = try await client.ask(.get, "/calls").body
            #expect(plain.contains("class=\"w-agent\"") && !plain.contains("Summary 3."))
        }
    }

    @Test("a filter keeps the others")
    func filters() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let body = try await client.ask(.get, "/calls?outcome=success&q=appointment").body
            let forms = body.components(separatedBy: "<form method=\"get\"").dropFirst()
            let agents = try #require(forms.first { $0.contains("id=\"filter-agent\"") })
            #expect(agents.contains("name=\"outcome\" value=\"success\""))
            #expect(agents.contains("name=\"q\" value=\"appointment\""))
        }
    }
}
