import CallStore
import Conversion
import Foundation
import Testing

@Suite("Rules files")
struct RulesFileTests {
    static func rule(_ when: String, more: String = "") -> String {
        """
        rules:
          - id: one
            type: booking
        \(more)    when:
              \(when)
        """
    }

    /// A broken text, the line and the field that the error must name, and part of its reason.
    static let broken: [(String, Int?, String, String)] = [
        ("", 1, "", "empty"),
        ("rules: [", 2, "", "YAML"),
        ("- a", 1, "", "mapping"),
        ("rules: []", 1, "rules", "must not be empty"),
        ("rule: 1", 1, "rule", "no such field"),
        ("rules:\n  - 3", 2, "rules[0]", "mapping"),
        ("rules:\n  - type: a\n    when: {successful: success}", 2, "rules[0]", "id is missing"),
        ("rules:\n  - id: a\n    when: {successful: success}", 2, "rules[0]", "type is missing"),
        ("rules:\n  - id: a\n    type: b", 2, "rules[0]", "when is missing"),
        (rule("{}"), 5, "rules[0].when", "exactly one of"),
        (rule("{successful: success, all: []}"), 5, "rules[0].when", "exactly one of"),
        (rule("{succesful: success}"), 5, "rules[0].when.succesful", "no such field"),
        (rule("{successful: maybe}"), 5, "rules[0].when.successful", "success, failure or"),
        (rule("{any: []}"), 5, "rules[0].when.any", "must not be empty"),
        (rule("{any: [{tool: {name: x}}]}"), 5, "rules[0].when.any[0].tool", "is is missing"),
        (rule("{turns: {speaker: caller}}"), 5, "rules[0].when.turns", "atLeast or atMost"),
        (rule("{turns: {speaker: me, atLeast: 2}}"), 5, "rules[0].when.turns.speaker", "caller"),
        (
            rule("{turns: {speaker: agent, atLeast: two}}"), 5,
            "rules[0].when.turns.atLeast", "whole number"
        ),
        (rule("{duration: {atLeast: 9, atMost: 3}}"), 5, "rules[0].when.duration", "more than"),
        (
            rule("{phrase: {speaker: caller, any: ['!!']}}"), 5, "rules[0].when.phrase.any[0]",
            "word"
        ),
        (
            rule("{phrase: {speaker: caller, any: [book, Book]}}"), 5,
            "rules[0].when.phrase.any[1]", "twice"
        ),
        (
            rule("{phrase: {speaker: caller, of: [a, b], atLeast: 3}}"), 5,
            "rules[0].when.phrase.atLeast", "1 to 2"
        ),
        (rule("{data: {id: x}}"), 5, "rules[0].when.data", "exactly one of"),
        (rule("{data: {id: x, gt: many}}"), 5, "rules[0].when.data.gt", "a number"),
        (rule("{data: {id: x, exists: false}}"), 5, "rules[0].when.data.exists", "true"),
        (rule("{successful: success}", more: "    value: 80\n"), 2, "rules[0]", "currency is"),
        (
            rule("{successful: success}", more: "    value: 80\n    currency: euro\n"), 5,
            "rules[0].currency", "ISO 4217"
        ),
        (
            rule("{successful: success}", more: "    value: lots\n    currency: EUR\n"), 4,
            "rules[0].value", "amount"
        ),
        (
            rule("{successful: success}", more: "    unless: [other]\n"), 4,
            "rules[0].unless[0]", "a rule above"
        ),
        (rule("{successful: success}") + "\n    type: b", nil, "", "twice"),
    ]

    @Test("names line, field and reason of what is wrong", arguments: broken)
    func refuses(text: String, line: Int?, field: String, reason: String) {
        do throws(RulesFileError) {
            _ = try RulesFile.parse(text, file: "rules.yaml")
            Issue.record("the file was taken")
        } catch {
            #expect(error.file == "rules.yaml")
            #expect(error.problems.count == 1)
            let problem = error.problems.first
            if let line { #expect(problem?.line == line, "\(error)") }
            #expect(problem?.field == field, "\(error)")
            #expect(problem?.reason.contains(reason) == true, "\(error)")
        }
    }

    @Test("names one problem of each broken rule, and refuses the file as a whole")
    func namesAll() {
        let text = """
            rules:
              - {id: a, type: t, when: {successful: yes}}
              - {id: b, type: t, when: {successful: success}}
              - {id: b, type: t, when: {successful: success}}
            """
        #expect {
            try RulesFile.parse(text, file: "x")
        } throws: { error in
            let problems = (error as? RulesFileError)?.problems ?? []
            return problems.map(\.field) == ["rules[0].when.successful", "rules[2].id"]
                && problems.map(\.line) == [2, 4]
        }
    }

    @Test("ends on texts made to exhaust it")
    func isBounded() {
        let deep =
            String(repeating: "{all: [", count: 40) + "{successful: success}"
            + String(repeating: "]}", count: 40)
        let aliases = """
            rules:
              - id: a
                type: t
                when:
                  all:
                    - &a {any: [{successful: success}, {successful: failure}]}
                    - &b {any: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]}
                    - &c {any: [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]}
                    - &d {any: [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]}
                    - {any: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]}
            """
        for text in [Self.rule(deep), aliases] {
            #expect(throws: RulesFileError.self) { try RulesFile.parse(text, file: "x") }
        }
    }

    @Test("reads the shipped files, and says them back")
    func readsShippedFiles() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let simple = try RulesFile.load(root.appending(path: "rules/simple.yaml"))
        #expect(simple.name == "simple")
        #expect(simple.types == ["success"])
        #expect(
            simple.rules.map(\.echo) == [
                "Counts as success when the upstream calls the call a success."
            ]
        )
        let usual = try RulesFile.load(root.appending(path: "rules/default.yaml"))
        #expect(usual.types == ["booking", "success"])
        #expect(
            usual.rules.map(\.echo) == [
                "Counts as booking when the tool book_appointment succeeded; or criterion "
                    + "appointment_booked is success.",
                "Counts as success when the upstream calls the call a success, and the caller has at "
                    + "least 2 turns with words, unless it counts as booking.",
            ]
        )
    }

    @Test("says what is missing when there is no file")
    func missesFile() {
        #expect(throws: RulesFileError.self) {
            try RulesFile.load(URL(filePath: "/nonexistent/rules.yaml"))
        }
    }

    @Test("gives the same meaning the same version, and another one another")
    func versionsMeaning() throws {
        func version(_ text: String) throws -> String {
            try RulesFile.parse(text, file: "x").version
        }
        let plain = try version(Self.rule("{duration: {atLeast: 30}}"))
        #expect(try version("# comment\n" + Self.rule("{ duration: { atLeast: 30 } }")) == plain)
        #expect(try version(Self.rule("duration:\n        atLeast: 30")) == plain)
        #expect(try version(Self.rule("{duration: {atLeast: 31}}")) != plain)
        #expect(try version(Self.rule("{duration: {atMost: 30}}")) != plain)
        let priced = Self.rule(
            "{duration: {atLeast: 30}}",
            more: "    value: 80\n    currency: EUR\n"
        )
        #expect(try version(priced) != plain)
        #expect(plain.wholeMatch(of: /[0-9a-f]{16}/) != nil)
    }

    @Test("versions a rule anew when the rules of a type it gives way to change")
    func versionsDependencies() throws {
        func second(_ first: String) throws -> String? {
            let text = """
                rules:
                  - {id: a, type: t, when: \(first)}
                  - {id: b, type: u, unless: [t], when: {successful: success}}
                """
            return try RulesFile.parse(text, file: "x").rules.last?.version
        }
        let before = try second("{successful: success}")
        #expect(try second("{successful: failure}") != before)
        #expect(try second("{successful: success}") == before)
    }
}
