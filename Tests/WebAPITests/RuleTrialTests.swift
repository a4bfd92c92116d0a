import CallStore
import Conversion
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

@Suite("Drafts of rules on the last calls, and versions against each other")
struct RuleTrialTests {
    private static func rules(turns: Int, type: String = "talk") -> String {
        """
        rules:
          - id: talked
            type: \(type)
            when:
              all:
                - successful: success
                - turns: { speaker: caller, atLeast: \(turns) }

        """
    }

    private static func body(_ text: String) throws -> String {
        let data = try JSONSerialization.data(withJSONObject: ["text": text])
        return String(decoding: data, as: UTF8.self)
    }

    /// Two calls in which the caller speaks twice, one of them labelled no, and one that failed.
    private static func fill(_ fixture: WebFixture) async throws -> [CallID] {
        let calls = [
            try await fixture.record(.heard("conv_1", startedUnix: WebFixture.nowUnix - 300)),
            try await fixture.record(.heard("conv_2", startedUnix: WebFixture.nowUnix - 200)),
            try await fixture.record(
                .heard("conv_3", startedUnix: WebFixture.nowUnix - 100) {
                    $0.callSuccessful = "failure"
                }
            ),
        ]
        let rules = try RulesFile.parse(Self.rules(turns: 2), file: "first.yaml")
        try await fixture.store.write { writer in
            try writer.keep(rules.stored)
            try writer.point(.active, to: rules.version, by: "ana", note: nil)
            try writer.label(calls[1], ManualLabel(type: "talk", label: .no, person: "ana"))
        }
        return calls
    }

    @Test("a draft says which calls would count, which change, and why; labels go before both")
    func trial() async throws {
        try await WebFixture.serve { fixture, client in
            let calls = try await Self.fill(fixture)
            let path = "/api/v1/rules/trial"
            let same = try await client.ask(.post, path, Self.body(Self.rules(turns: 1))).object()
            #expect(same["calls"] as? Int == 3)
            #expect(same["conversionsBefore"] as? Int == 1)
            #expect(same["conversionsAfter"] as? Int == 1)
            let kept = try #require(same["rows"] as? [[String: Any]])
            #expect(kept.map { $0["call"] as? Int } == [Int(calls[0].number)])
            #expect(kept[0]["change"] is NSNull && kept[0]["typeAfter"] as? String == "talk")
            let evidence = try #require(kept[0]["evidence"] as? [[String: Any]])
            #expect(evidence.contains { $0["turn"] is Int && $0["rule"] as? String == "talked" })
            let strict = try await client.ask(.post, path, Self.body(Self.rules(turns: 9))).object()
            #expect(strict["withdrawn"] as? Int == 1 && strict["conversionsAfter"] as? Int == 0)
            let gone = try #require(strict["rows"] as? [[String: Any]]).first
            #expect(gone?["change"] as? String == "withdrawn")
            #expect((gone?["evidence"] as? [Any])?.isEmpty == false)
            // Another type, which no label is of: both calls count by it.
            let other = Self.rules(turns: 2, type: "order")
            let renamed = try await client.ask(.post, path, Self.body(other)).object()
            #expect(renamed["changed"] as? Int == 1 && renamed["added"] as? Int == 1)
            #expect((renamed["text"] as? String)?.contains("Of the last 3 calls 2") == true)
            let broken = try await client.ask(.post, path, Self.body("rules:\n  - x: 1\n"))
            #expect(broken.status == 422)
            // Nothing of it is kept.
            #expect(try await fixture.store.ruleVersions(limit: 9).count == 1)
        }
    }

    @Test("a draft is tried on the newest 100 calls at their end, and on no more")
    func bounded() async throws {
        try await WebFixture.serve { fixture, client in
            let path = "/api/v1/rules/trial"
            let body = try Self.body(Self.rules(turns: 2))
            let none = try await client.ask(.post, path, body).object()
            #expect(none["calls"] as? Int == 0)
            try await fixture.store.write { writer in
                for number in 0..<103 {
                    let record = CallRecord.heard(
                        "conv_\(number)",
                        startedUnix: WebFixture.nowUnix - 1_000 + Int64(number)
                    ) { $0.status = number == 102 ? .inProgress : .done }
                    _ = try writer.record(record)
                }
            }
            let found = try await client.ask(.post, path, body).object()
            #expect(found["calls"] as? Int == 100)
            let rows = try #require(found["rows"] as? [[String: Any]])
            #expect(rows.first?["conversation"] as? String == "conv_101")
            #expect(rows.last?["conversation"] as? String == "conv_2")
        }
    }

    /// A rule of one turn, one with a value, and one of a type that nobody has labelled.
    private static let three = """
        rules:
          - id: long
            type: talk
            value: 20
            currency: EUR
            when:
              turns: { speaker: caller, atLeast: 3 }
          - id: success
            type: talk
            value: 5
            currency: EUR
            when:
              successful: success
          - id: order
            type: order
            when:
              successful: success

        """

    @Test("each rule has its precision and recall by the labels, hits per day, and value")
    func figures() async throws {
        try await WebFixture.serve { fixture, client in
            let calls = try await Self.fill(fixture)
            let rules = try RulesFile.parse(Self.three, file: "three.yaml")
            try await fixture.store.write { writer in
                try writer.keep(rules.stored)
                try writer.point(.active, to: rules.version, by: "ana", note: nil)
                try writer.label(calls[0], ManualLabel(type: "talk", label: .yes, person: "ana"))
                try writer.label(calls[2], ManualLabel(type: "talk", label: .yes, person: "ana"))
            }
            let judged = try await fixture.store.callsToJudge(calls)
            try await fixture.store.write { writer in
                for call in judged {
                    try writer.judge(
                        call.call.id,
                        seen: call.call.revision,
                        rules.judge(CallFacts(call))
                    )
                }
            }
            let day = LocalDay(unix: WebFixture.nowUnix, offsetSeconds: 0)
            let path = "/api/v1/rules/\(rules.version)/figures"
            let found = try await client.ask(.get, path + "?from=\(day + -1)&to=\(day)").object()
            #expect(found["days"] as? Int == 2)
            let rows = try #require(found["rules"] as? [[String: Any]])
            #expect(rows.map { $0["rule"] as? String } == ["long", "success", "order"])
            // Two succeeded, one of them rightly; of two conversions it finds that one.
            #expect(rows.map { $0["labelled"] as? Int } == [3, 3, 0])
            let precision = try #require(rows[1]["precision"] as? [String: Any])
            #expect(precision["value"] as? Double == 0.5)
            let low = try #require(precision["low"] as? Double)
            let wanted = try #require(Share(1, of: 2)?.low)
            // JSON's way of reading may turn the last digit.
            #expect(abs(low - wanted) < 1e-9)
            #expect((rows[1]["recall"] as? [String: Any])?["value"] as? Double == 0.5)
            // It says yes to none: no precision, and nothing is found.
            #expect(rows[0]["precision"] is NSNull)
            #expect((rows[0]["recall"] as? [String: Any])?["value"] as? Double == 0)
            #expect(rows[2]["precision"] is NSNull && rows[2]["recall"] is NSNull)
            // What the rules say, whatever the labels do.
            #expect(rows.map { $0["hits"] as? Int } == [0, 2, 2])
            #expect(rows.map { $0["hitsPerDay"] as? Double } == [0, 1, 1])
            #expect(rows[1]["value"] as? String == "5.00 EUR")
            #expect(rows[1]["worth"] as? [String] == ["10.00 EUR"])
            #expect(rows[2]["value"] is NSNull)
            // On the page only when they are asked for.
            let short = try await client.ask(.get, "/conversions?range=today").body
            #expect(!short.contains("data-rule-figures>"))
            #expect(short.contains("range=today&amp;figures=1#rules-title"))
            let page = try await client.ask(.get, "/conversions?range=today&figures=1").body
            #expect(page.contains(Share(1, of: 2)?.text ?? "?"))
            #expect(page.contains("nothing is labelled"))
            #expect(page.contains("says yes to no labelled call"))
            #expect(page.contains("10.00 EUR in these days") && page.contains("5.00 EUR"))
            #expect(page.contains("data-rule-figures>") && !page.contains("figures=1#rules-title"))
            // Of calls without a campaign, of one agent, and of a campaign without calls.
            for (part, hits) in [
                ("campaign=none", [0, 2, 2]), ("agent=agent_1", [0, 2, 2]),
                ("agent=nobody", [0, 0, 0]), ("campaign=1", [0, 0, 0]),
            ] {
                let found = try await client.ask(.get, path + "?" + part).object()
                let rows = try #require(found["rules"] as? [[String: Any]])
                #expect(rows.compactMap { $0["hits"] as? Int } == hits, "\(part)")
            }
            // A range without calls.
            let empty = try await client.ask(.get, path + "?from=2001-01-01&to=2001-01-02").object()
            let none = try #require(empty["rules"] as? [[String: Any]])
            #expect(none.allSatisfy { $0["hits"] as? Int == 0 })
            #expect(try await client.ask(.get, path + "?from=x").status == 400)
            #expect(try await client.ask(.get, "/api/v1/rules/none/figures").status == 404)
        }
    }

    @Test(
        "two versions stand against each other, by rules and by lines, on the page and for programs"
    )
    func difference() async throws {
        try await WebFixture.serve { fixture, client in
            _ = try await Self.fill(fixture)
            let old = try RulesFile.parse(Self.rules(turns: 2), file: "first.yaml")
            let new = try RulesFile.parse(Self.rules(turns: 5), file: "second.yaml")
            try await fixture.store.write { try $0.keep(new.stored) }
            let path = "/api/v1/rules/\(new.version)/difference"
            let found = try await client.ask(.get, path).object()
            #expect(found["from"] as? String == old.version)
            let rules = try #require(found["rules"] as? [[String: Any]])
            #expect(rules.map { $0["kind"] as? String } == ["changed"])
            let lines = try #require(found["lines"] as? [[String: Any]])
            #expect(lines.filter { $0["kind"] as? String == "added" }.count == 1)
            let self0 = try await client.ask(.get, path + "?from=\(new.version)").object()
            #expect((self0["rules"] as? [Any])?.isEmpty == true)
            #expect(try await client.ask(.get, path + "?from=none").status == 404)
            #expect(try await client.ask(.get, "/api/v1/rules/none/difference").status == 404)
            let page = try await client.ask(
                .get,
                "/conversions?version=\(new.version)&against=used"
            ).body
            #expect(page.contains("<ins>        - turns: { speaker: caller, atLeast: 5 }</ins>"))
            #expect(page.contains("<del>        - turns: { speaker: caller, atLeast: 2 }</del>"))
            let same = try await client.ask(
                .get,
                "/conversions?version=\(new.version)&against=\(new.version)"
            ).body
            #expect(same.contains("The two say the same."))
            let gone = "/conversions?version=\(new.version)&against=nothing"
            #expect(try await client.ask(.get, gone).status == 404)
            #expect(try await client.ask(.get, "/conversions").body.contains("data-rules-trial"))
        }
    }
}
