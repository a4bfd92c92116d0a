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
