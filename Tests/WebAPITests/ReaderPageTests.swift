import CallStore
import Conversion
import Crypto
import Foundation
import HTTPTypes
import HummingbirdTesting
import PhoneNumbers
import Testing
import WebAPI

@Suite("Pages of those who may not change anything")
struct ReaderPageTests {
    /// Buttons that only a row brings with it.
    private static let buttons = [
        ("/settings", "data-path=\"internal-numbers/"), ("/conversions", "/cancel\""),
        ("/conversions", "/resume\""), ("/calls/1", "/tags?tag=vip\""),
    ]

    /// Where something can be changed, by those who may.
    private static let changing: Set = [
        "/", "/calls", "/calls/1", "/unattributed", "/campaigns", "/campaigns/1", "/exports",
        "/queues", "/queues/sync", "/jobs/job-c", "/settings", "/conversions", "/labels",
    ]
    private static let others: Set = [
        "/campaigns/1/recipients", "/funnel", "/agents",
    ]

    /// What stands in a form or on a button that changes nothing on the server.
    private static let harmless = [
        "method=\"get\"", "method=\"dialog\"", "data-cards", "data-action", "data-copy",
        "data-show", "data-up", "data-drawer-close",
    ]

    private static func fill(_ fixture: WebFixture) async throws {
        let call = try await fixture.record(.heard("conv_1"))
        try await QueuePageTests.fill(fixture)
        try await fillRules(fixture, call)
        try await fillRows(fixture, call)
        let today = try #require(LocalDay("2026-11-14"))
        try await fixture.store.write { writer in
            let campaign = try writer.add(NewCampaign(name: "Spring", channel: .mail))
            _ = try writer.noteDay(today, "letters arrive", campaign: nil, by: "ana")
            _ = try writer.noteDay(today, "letters arrive", campaign: campaign, by: "ana")
            try writer.note(Agent(id: "agent_1", name: "Reception"))
            try writer.addToken(
                named: "reader",
                .read,
                hash: Data(SHA256.hash(data: Data("rbk_1".utf8))),
                by: "ana"
            )
        }
    }

    /// A tag, an internal number, and calls judged anew: one that runs, one that was cancelled.
    private static func fillRows(_ fixture: WebFixture, _ call: CallID) async throws {
        let tag = try #require(CallTag("vip"))
        // Of no call, so that none is excluded.
        let number = PartyNumber(
            raw: "+14155550199",
            e164: E164(stored: "+14155550199"),
            kind: .e164,
            normaliserVersion: "t"
        )
        let version = try #require(try await fixture.store.ruleVersions(limit: 1).first?.version)
        let order = RescoreOrder(
            version: version,
            fromUnix: 0,
            toUnix: WebFixture.nowUnix,
            person: "ana"
        )
        let cancelled = try #require(RescoreID("rescore-1"))
        let running = try #require(RescoreID("rescore-2"))
        try await fixture.store.write { writer in
            try writer.tag(call, tag, by: "ana")
            _ = try writer.addInternal(number, by: "ana")
            try writer.start(order, as: cancelled)
            _ = try writer.cancel(cancelled)
            try writer.start(order, as: running)
        }
    }

    /// Versions of rules, a sample to label, a backfill and a view.
    private static func fillRules(_ fixture: WebFixture, _ call: CallID) async throws {
        let texts = ["success", "failure"].map {
            "rules:\n  - id: said\n    type: booking\n    when: { successful: \($0) }\n"
        }
        let rules = try texts.map { try RulesFile.parse($0, file: "rules.yaml") }
        let sample = LabelSample(
            id: LabelSampleID("sample-1"),
            type: "booking",
            ruleVersion: rules[0].version,
            fromUnix: 0,
            toUnix: WebFixture.nowUnix,
            person: "ana",
            entries: [
                LabelEntry(
                    call: call,
                    stratum: "yes",
                    weight: 1,
                    isDouble: false,
                    isHeldBack: false
                )
            ]
        )
        let backfill = try #require(BackfillID("bf-1"))
        let range = BackfillRange(fromUnix: 0, toUnix: 100, sliceSeconds: 10, rereads: false)
        try await fixture.store.write { writer in
            for one in rules { try writer.keep(one.stored) }
            try writer.point(.active, to: rules[0].version, by: "ana", note: nil)
            try writer.add(sample)
            try writer.start(range, as: backfill, by: "ana")
            try writer.save(
                SavedView(
                    token: "view-of-the-mornings",
                    name: "Mornings",
                    path: "/",
                    query: "range=7d",
                    person: "ana"
                )
            )
        }
    }

    /// Every page that links lead to, once for each path and kind of query.
    private static func walk(
        _ client: any TestClientProtocol,
        _ headers: [String: String] = [:]
    ) async throws -> [String: String] {
        var found: [String: String] = [:]
        var seen: Set<String> = []
        var waiting = ["/", "/jobs/job-c", "/campaigns/1/recipients"]
        while let address = waiting.popLast(), seen.count < 400 {
            let parts = address.split(separator: "#")[0].split(separator: "?", maxSplits: 1)
            let path = String(parts[0])
            let names = parts.dropFirst().joined().split(separator: "&")
                .map { $0.prefix { $0 != "=" } }.sorted().joined(separator: "&")
            guard seen.insert(path + "?" + names).inserted else { continue }
            let answer = try await client.ask(.get, address, headers: headers)
            guard answer.type.hasPrefix("text/html") else { continue }
            #expect(answer.status == 200, "\(address)")
            found[path, default: ""] += answer.body
            waiting += answer.body.matches(of: /href="(\/[^"]*)"/)
                .map { String($0.1).replacing("&amp;", with: "&") }
                .filter { !$0.hasPrefix("/assets") && !$0.hasPrefix("/api") }
        }
        return found
    }

    /// Forms and buttons of a page that would change something.
    private static func changes(in page: String) -> [String] {
        // A form's own button says nothing of itself: the form does.
        page.matches(of: /<form[^>]*>|<button[^>]*type="button"[^>]*>/).map { String($0.0) }
            .filter { tag in !harmless.contains { tag.contains($0) } }
    }

    @Test("no page shows a form or a button that would be refused")
    func walked() async throws {
        try await WebFixture.serve(access: .token("hush-hush")) { fixture, client in
            try await Self.fill(fixture)
            let admin = try await Self.walk(client, ["authorization": "Bearer hush-hush"])
            #expect(Self.changing.union(Self.others).subtracting(admin.keys) == [])
            for path in Self.changing {
                #expect(!Self.changes(in: admin[path] ?? "").isEmpty, "\(path)")
            }
            for (path, button) in Self.buttons {
                let found = Self.changes(in: admin[path] ?? "").contains { $0.contains(button) }
                #expect(found, "\(path) \(button)")
            }
            let reader = try await Self.walk(client, ["authorization": "Bearer rbk_1"])
            #expect(Self.changing.union(Self.others).subtracting(reader.keys) == [])
            for (path, page) in reader {
                #expect(Self.changes(in: page) == [], "\(path)")
            }
        }
        try await WebFixture.serve(policy: AccessPolicy(isReadOnly: true)) { fixture, client in
            try await Self.fill(fixture)
            let pages = try await Self.walk(client)
            #expect(Self.changing.union(Self.others).subtracting(pages.keys) == [])
            for (path, page) in pages {
                #expect(Self.changes(in: page) == [], "\(path)")
            }
        }
    }
}
