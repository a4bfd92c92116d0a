import CallStore
import Conversion
import Foundation
import HTTPTypes
import HummingbirdTesting
import PhoneNumbers
import Testing
import WebAPI

@Suite("Rules, labels, notes and recipients on their pages")
struct RulePageTests {
    /// The text as the body of a request, with more members.
    private static func body(_ text: String, _ more: [String: String] = [:]) throws -> String {
        let object = more.merging(["text": text]) { $1 }
        return String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
    }

    /// Rules that the checker takes, from the files that are shipped.
    private static func shipped() throws -> String {
        let folder = URL(fileURLWithPath: WebFixture.webFolder).deletingLastPathComponent()
        return try String(
            contentsOf: folder.appending(path: "rules/default.yaml"),
            encoding: .utf8
        )
    }

    @Test("a text becomes a draft, runs in shadow, counts, and each step is audited")
    func roles() async throws {
        try await WebFixture.serve { fixture, client in
            let text = try Self.shipped()
            let kept = try await client.ask(
                .post,
                "/api/v1/rules",
                try Self.body(text, ["name": "spring"])
            )
            #expect(kept.status == 201, "\(kept.body)")
            let version = try #require(try kept.object()["version"] as? String)
            func role() async throws -> RuleRole? {
                try await fixture.store.ruleVersions(limit: 5).first?.role
            }
            #expect(try await role() == nil)
            let page = try await client.ask(.get, "/conversions?version=\(version)").body
            #expect(page.contains("data-rules-text") && page.contains("data-activate"))
            let path = "/api/v1/rules/\(version)"
            #expect(try await client.ask(.post, path + "/shadow").status == 200)
            #expect(try await role() == .shadow)
            #expect(try await client.ask(.delete, path + "/shadow").status == 204)
            #expect(try await client.ask(.delete, path + "/shadow").status == 422)
            #expect(try await role() == nil)
            let active = try await client.ask(.post, path + "/activate", "{}")
            #expect(active.status == 200)
            #expect(try active.object()["warnings"] as? [String] == [])
            #expect(try await role() == .active)
            let actions = try await fixture.store.auditLog(limit: 9).map(\.note.action)
            #expect(
                actions == ["rules.activate", "rules.shadow", "rules.shadow", "rules.keep"]
            )
            let check = try await client.ask(.post, "/api/v1/rules/check", try Self.body(text))
            #expect((try check.object()["echo"] as? [[String: Any]])?.isEmpty == false)
        }
    }

    @Test("what is not whole is not kept, and the answer names the line")
    func broken() async throws {
        try await WebFixture.serve { fixture, client in
            let bad = try Self.body("rules:\n  - nonsense: 1\n")
            let answer = try await client.ask(.post, "/api/v1/rules", bad)
            #expect(answer.status == 422 && answer.body.contains("not whole"))
            let name = try Self.body(try Self.shipped(), ["name": "../x"])
            #expect(try await client.ask(.post, "/api/v1/rules", name).status == 400)
            #expect(try await client.ask(.post, "/api/v1/rules/none/activate", "{}").status == 404)
            #expect(try await client.ask(.get, "/conversions?version=none").status == 404)
            #expect(try await fixture.store.ruleVersions(limit: 5).isEmpty)
        }
    }

    @Test("labels are held against the rules and against the upstream's own verdict")
    func measures() async throws {
        try await WebFixture.serve { fixture, client in
            let text = try Self.shipped()
            let rules = try RulesFile.parse(text, file: "default.yaml")
            let type = try #require(rules.types.first)
            let calls = try await fixture.store.write { writer in
                try writer.keep(rules.stored)
                try writer.point(.active, to: rules.version, by: "ana", note: nil)
                return try (1...3).map {
                    try writer.record(DashboardTests.record("conv_\($0)")).call
                }
            }
            let asked = try await client.ask(.get, "/labels").body
            #expect(asked.contains("href=\"/labels?measure=\(type)\""))
            let empty = try await client.ask(.get, "/labels?measure=\(type)").body
            #expect(empty.contains("No call has a label of \(type) yet."))
            try await fixture.store.write { writer in
                for (index, call) in calls.enumerated() {
                    let label = ManualLabel(
                        type: type,
                        label: index == 0 ? .yes : .no,
                        person: "ana",
                        note: nil
                    )
                    try writer.label(call, label)
                }
            }
            let page = try await client.ask(.get, "/labels?measure=\(type)").body
            #expect(page.contains("3 labelled calls"))
            #expect(page.contains("ElevenLabs, call_successful"))
            // All three succeeded by the upstream's word, one of them rightly: 33 %, Wilson.
            #expect(page.contains(Share(1, of: 3)?.text ?? "?"))
        }
    }

    @Test("notes are written on a day and shown on the chart, of one campaign on its own")
    func notes() async throws {
        try await WebFixture.serve { fixture, client in
            let campaign = try await fixture.store.write { writer in
                _ = try writer.record(DashboardTests.record("conv_1"))
                return try writer.add(NewCampaign(name: "Spring", channel: .mail))
            }
            let day = LocalDay(unix: WebFixture.nowUnix, offsetSeconds: 0)
            let all = "{\"day\":\"\(day)\",\"text\":\"Radio <spot>\"}"
            let added = try await client.ask(.post, "/api/v1/notes", all)
            #expect(added.status == 201, "\(added.body)")
            let own = "{\"day\":\"\(day)\",\"text\":\"Letters\",\"campaign\":\(campaign)}"
            #expect(try await client.ask(.post, "/api/v1/notes", own).status == 201)
            for (body, status) in [
                ("{\"day\":\"2026-02-30\",\"text\":\"x\"}", 400),
                ("{\"day\":\"\(day)\",\"text\":\"  \"}", 400),
                ("{\"day\":\"\(day)\",\"text\":\"x\",\"campaign\":99}", 422),
            ] {
                #expect(try await client.ask(.post, "/api/v1/notes", body).status == status)
            }
            let overview = try await client.ask(.get, "/").body
            #expect(overview.contains("Radio &lt;spot&gt;") && !overview.contains("Letters"))
            #expect(overview.contains("data-mark"))
            let page = try await client.ask(.get, "/campaigns/\(campaign)").body
            #expect(page.contains("Radio &lt;spot&gt;") && page.contains("Letters"))
            // Each mark in the chart is explained below it; one for all charts is removed elsewhere.
            #expect(page.matches(of: /<li id="note-/).count == 2)
            #expect(page.matches(of: /aria-label="Remove the note/).count == 1)
            let list = try await client.ask(.get, "/api/v1/notes?campaign=\(campaign)").object()
            let items = try #require(list["items"] as? [[String: Any]])
            #expect(items.count == 2)
            let id = try #require(try added.object()["id"] as? Int)
            #expect(try await client.ask(.delete, "/api/v1/notes/\(id)").status == 204)
            #expect(try await client.ask(.delete, "/api/v1/notes/\(id)").status == 404)
            #expect(try await client.ask(.get, "/").body.contains("Radio") == false)
        }
    }

    @Test("recipients without a call are listed page by page, with masked numbers")
    func recipients() async throws {
        try await WebFixture.serve { fixture, client in
            let campaign = try await fixture.store.write { writer in
                let campaign = try writer.add(NewCampaign(name: "Spring", channel: .mail))
                for number in 100..<160 {
                    var person = NewRecipient(campaign: campaign, reference: "r\(number)")
                    person.name = "Person \(number)"
                    let text = "+1415555\(number)0"
                    person.phone = PartyNumber(
                        raw: text,
                        e164: E164(stored: text),
                        kind: .e164,
                        normaliserVersion: "t"
                    )
                    _ = try writer.add(person)
                }
                return campaign
            }
            let path = "/campaigns/\(campaign)/recipients?called=no"
            let first = try await client.ask(.get, path).body
            #expect(first.contains("r100") && first.contains("r149") && !first.contains("r150"))
            #expect(first.contains("••••") && !first.contains("+14155551000"))
            let next = try #require(first.firstMatch(of: /<a href="([^"]+)" rel="next">/))
            let second = try await client.ask(
                .get,
                String(next.1).replacing("&amp;", with: "&")
            ).body
            #expect(second.contains("r150") && second.contains("r159") && !second.contains("r149"))
            #expect(!second.contains("rel=\"next\""))
            let found = try await client.ask(.get, path + "&q=Person%20117").body
            #expect(found.contains("r117") && !found.contains("r118"))
            let called = "/campaigns/\(campaign)/recipients?called=yes"
            let none = try await client.ask(.get, called).body
            #expect(none.contains("There is no such recipient."))
            let page = try await client.ask(.get, "/campaigns/\(campaign)").body
            #expect(page.contains("Recipients without a call") && page.contains("r109"))
            #expect(try await client.ask(.get, "/campaigns/77/recipients").status == 404)
        }
    }
}
