import CallStore
import Foundation
import HTTPTypes
import HummingbirdTesting
import TestSupport
import Testing
import WebAPI

/// What pages have in common, and what they leave out.
@Suite("Frame and words of the pages")
struct PageFrameTests {
    @Test(
        "an arrow leads to a period where there is one",
        arguments: [
            ("/", true, false), ("/?range=all", false, false),
            ("/?from=2026-10-01&to=2026-10-07", true, true),
        ]
    )
    func periods(path: String, hasEarlier: Bool, hasLater: Bool) async throws {
        try await WebFixture.serve { fixture, client in
            let record = DashboardTests.record("conv_1")
            try await fixture.store.write { _ = try $0.record(record) }
            let page = try await client.ask(.get, path).body
            #expect(page.contains("data-period=\"previous\"") == hasEarlier)
            #expect(page.contains("data-period=\"next\"") == hasLater)
        }
    }

    @Test(
        "each range begins with its first day",
        arguments: [
            ("today", "2026-11-14"), ("7d", "2026-11-08"), ("28d", "2026-10-18"),
            ("month", "2026-11-01"), ("90d", "2026-08-17"), ("365d", "2025-11-15"), ("all", ""),
        ]
    )
    func ranges(name: String, first: String) async throws {
        try await WebFixture.serve { _, client in
            let page = try await client.ask(.get, "/calls?range=\(name)").body
            #expect(page.contains("name=\"from\" value=\"\(first)\""))
            #expect(page.contains("name=\"to\" value=\"2026-11-14\""))
        }
    }

    @Test("the rail names the environment, and is as narrow as the cookie says")
    func rail() async throws {
        try await WebFixture.serve(environment: "Production") { _, client in
            let page = try await client.ask(.get, "/calls").body
            #expect(page.contains("class=\"environment production\""))
            #expect(page.contains("</span>Production</p>"))
            #expect(page.contains("aria-expanded=\"true\"") && !page.contains("data-rail="))
            let cookie = ["cookie": "theme=dark; rail=narrow"]
            let narrow = try await client.ask(.get, "/calls", headers: cookie).body
            #expect(narrow.contains("data-theme=\"dark\" data-rail=\"narrow\""))
            #expect(narrow.contains("data-action=\"rail\" aria-controls=\"menu\""))
            #expect(narrow.contains("aria-expanded=\"false\""))
        }
        try await WebFixture.serve(environment: "staging") { _, client in
            let page = try await client.ask(.get, "/").body
            #expect(page.contains("class=\"environment\""))
        }
        try await WebFixture.serve { _, client in
            let page = try await client.ask(.get, "/").body
            #expect(!page.contains("class=\"environment"))
        }
    }

    @Test("an unknown address is a page for a browser and a problem for a program")
    func unknown() async throws {
        try await WebFixture.serve { _, client in
            for (accept, type) in [
                ("text/html,*/*;q=0.8", "text/html"), ("*/*", "application/problem+json"),
            ] {
                let answer = try await client.ask(.get, "/no/where", headers: ["accept": accept])
                #expect(answer.status == 404)
                #expect(answer.header("content-type")?.hasPrefix(type) == true, "\(accept)")
            }
        }
    }

    @Test("one thing is not called many")
    func singular() async throws {
        try await WebFixture.serve { fixture, client in
            let record = DashboardTests.record("conv_1")
            try await fixture.store.write { _ = try $0.record(record) }
            let page = try await client.ask(.get, "/").body
            #expect(page.contains("1 call, 0 conversions"))
            #expect(page.contains("1 connected call<"))
            #expect(page.contains("Successful: 100 % of 1 call."))
            let settings = try await client.ask(.get, "/settings").body
            #expect(settings.contains(">1 job<"))
        }
    }

    @Test("turns without words show what tools were asked and answered, or are left out")
    func turns() async throws {
        try await WebFixture.serve { fixture, client in
            let record = DashboardTests.record("conv_1") { record in
                record.transcript = [
                    Turn(speaker: .agent, message: "One moment.", secondsIn: 0),
                    Turn(speaker: .agent, message: nil, secondsIn: 7),
                    Turn(
                        speaker: .agent,
                        message: nil,
                        secondsIn: 9,
                        toolResults: [
                            ToolResult(
                                requestID: "r",
                                name: "look_up_price",
                                kind: nil,
                                value: "115 dollars",
                                isError: false,
                                wasCalled: true
                            )
                        ]
                    ),
                ]
            }
            let call = try await fixture.store.write { try $0.record(record).call }
            let page = try await client.ask(.get, "/calls/\(call.number)").body
            #expect(page.contains("One moment."))
            #expect(page.contains("look_up_price") && page.contains("115 dollars"))
            #expect(!page.contains(">0:07<"))
        }
    }

    @Test("schedules stand on the page without a script, and say who paused one")
    func schedules() async throws {
        try await WebFixture.serve { _, client in
            let before = try await client.ask(.get, "/queues").body
            #expect(before.contains("data-path=\"schedules/poll/pause\""))
            #expect(!before.contains("data-path=\"schedules/poll/resume\""))
            let body = "{\"reason\":\"holidays\"}"
            let paused = try await client.ask(.post, "/api/v1/schedules/poll/pause", body)
            #expect(paused.status == 200, "\(paused.body)")
            let after = try await client.ask(.get, "/queues").body
            #expect(after.contains("data-path=\"schedules/poll/resume\""))
            #expect(!after.contains("data-path=\"schedules/poll/pause\""))
            #expect(after.contains(": holidays"))
        }
    }
}
