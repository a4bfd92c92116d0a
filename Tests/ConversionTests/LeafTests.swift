import CallStore
import Conversion
import Foundation
import Testing

/// What the rules are tried on: a booking call of 94 seconds.
enum SampleCall {
    static let turns: [Turn] = [
        Turn(speaker: .agent, message: "Good morning, would you like to book?", secondsIn: 0),
        Turn(
            speaker: .caller,
            message: "Yes \u{2014} I'd like to BOOK a cleaning, please!",
            secondsIn: 4
        ),
        Turn(
            speaker: .agent,
            message: nil,
            secondsIn: 9,
            toolCalls: [call("book_slot"), call("never_ran", wasCalled: false), call("broken")]
        ),
        Turn(
            speaker: .agent,
            message: nil,
            secondsIn: 10,
            toolResults: [result("book_slot"), result("broken", isError: true)]
        ),
        Turn(speaker: .caller, message: "...", secondsIn: 20),
        Turn(speaker: .caller, message: "Don\u{2019}t cancel it.", secondsIn: 150),
    ]

    static let facts = CallFacts(
        successful: "success",
        transcript: turns,
        criteria: [
            CriterionResult(id: "booked", result: "success"),
            CriterionResult(id: "polite", result: "failure"),
            CriterionResult(id: "heard", result: "unknown"),
            CriterionResult(id: "odd", result: "perhaps"),
        ],
        collected: [
            CollectedValue(id: "total", value: .number(79.5)),
            CollectedValue(id: "count", value: .integer(3)),
            CollectedValue(id: "textual", value: .text(" 12 ")),
            CollectedValue(id: "day", value: .text("Monday")),
            CollectedValue(id: "agreed", value: .bool(true)),
            CollectedValue(id: "nothing", value: .null),
            CollectedValue(id: "many", value: .list([.integer(1)])),
        ],
        durationSeconds: 94
    )

    private static func call(_ name: String, wasCalled: Bool = true) -> ToolCall {
        ToolCall(requestID: name, name: name, kind: nil, arguments: "{}", wasCalled: wasCalled)
    }

    private static func result(_ name: String, isError: Bool = false) -> ToolResult {
        ToolResult(
            requestID: name,
            name: name,
            kind: nil,
            value: "{}",
            isError: isError,
            wasCalled: true
        )
    }

    /// The verdict of one condition, written as in a file.
    static func verdict(_ when: String, on facts: CallFacts = facts) throws -> Verdict {
        let text = "rules:\n  - {id: r, type: t, when: \(when)}"
        let rules = try RulesFile.parse(text, file: "test.yaml")
        return try #require(rules.judge(facts).verdicts.first)
    }
}

@Suite("Leaves of a rule")
struct LeafTests {
    static let rows: [(String, Ternary)] = [
        ("{successful: success}", .yes),
        ("{successful: failure}", .no),
        ("{successful: unknown}", .no),
        ("{turns: {speaker: caller, atLeast: 2}}", .yes),
        // A turn of dots has no words.
        ("{turns: {speaker: caller, atLeast: 3}}", .no),
        ("{turns: {speaker: agent, atMost: 1}}", .yes),
        ("{turns: {speaker: either, atLeast: 3, atMost: 3}}", .yes),
        ("{turns: {speaker: agent, atLeast: 0, atMost: 0}}", .no),
        ("{phrase: {speaker: caller, any: [book a cleaning]}}", .yes),
        ("{phrase: {speaker: caller, any: [Id like, nothing]}}", .yes),
        ("{phrase: {speaker: caller, any: ['I''d LIKE']}}", .yes),
        ("{phrase: {speaker: caller, any: [boo]}}", .no),
        ("{phrase: {speaker: caller, any: [clean]}}", .no),
        ("{phrase: {speaker: caller, any: [would you like]}}", .no),
        // What the agent asks is not what it says, unless asked for.
        ("{phrase: {speaker: agent, any: [would you like]}}", .no),
        ("{phrase: {speaker: agent, any: [would you like], countQuestions: true}}", .yes),
        ("{phrase: {speaker: either, all: [please, cleaning]}}", .yes),
        ("{phrase: {speaker: caller, all: [book, reserve]}}", .no),
        ("{phrase: {speaker: caller, atLeast: 2, of: [book, reserve, cleaning]}}", .yes),
        ("{phrase: {speaker: caller, atLeast: 3, of: [book, reserve, cleaning]}}", .no),
        // "Don't cancel it" negates.
        ("{phrase: {speaker: caller, any: [cancel]}}", .no),
        ("{phrase: {speaker: caller, any: [it], withinSeconds: 149, countNegated: true}}", .no),
        (
            "{phrase: {speaker: caller, any: [cancel], withinSeconds: 150, countNegated: true}}",
            .yes
        ),
        ("{phrase: {speaker: caller, any: [dont cancel]}}", .yes),
        // A phrase does not run on into the next turn.
        ("{phrase: {speaker: either, any: [book yes]}}", .no),
        ("{tool: {name: book_slot, is: called}}", .yes),
        ("{tool: {name: book_slot, is: succeeded}}", .yes),
        ("{tool: {name: broken, is: called}}", .yes),
        ("{tool: {name: broken, is: succeeded}}", .no),
        ("{tool: {name: never_ran, is: called}}", .no),
        ("{tool: {name: other, is: called}}", .no),
        ("{criterion: {id: booked, is: success}}", .yes),
        ("{criterion: {id: booked, is: failure}}", .no),
        ("{criterion: {id: booked, is: unknown}}", .no),
        ("{criterion: {id: polite, is: success}}", .no),
        ("{criterion: {id: heard, is: success}}", .unknown),
        ("{criterion: {id: heard, is: failure}}", .unknown),
        ("{criterion: {id: heard, is: unknown}}", .yes),
        ("{criterion: {id: odd, is: success}}", .unknown),
        ("{criterion: {id: absent, is: success}}", .unknown),
        ("{data: {id: total, gte: 79.5}}", .yes),
        ("{data: {id: total, gt: 79.5}}", .no),
        ("{data: {id: total, lt: 80}}", .yes),
        ("{data: {id: count, lte: 3}}", .yes),
        ("{data: {id: count, eq: 3}}", .yes),
        ("{data: {id: count, neq: 3}}", .no),
        ("{data: {id: textual, eq: 12}}", .yes),
        ("{data: {id: textual, gt: 11}}", .yes),
        ("{data: {id: day, eq: Monday}}", .yes),
        ("{data: {id: day, eq: monday}}", .no),
        ("{data: {id: day, neq: Tuesday}}", .yes),
        ("{data: {id: day, gt: 3}}", .unknown),
        ("{data: {id: day, in: [Sunday, Monday]}}", .yes),
        ("{data: {id: day, in: [Sunday]}}", .no),
        ("{data: {id: agreed, eq: true}}", .yes),
        ("{data: {id: agreed, eq: false}}", .no),
        ("{data: {id: agreed, eq: 'true'}}", .no),
        ("{data: {id: nothing, exists: true}}", .no),
        ("{data: {id: nothing, missing: true}}", .yes),
        ("{data: {id: absent, missing: true}}", .yes),
        ("{data: {id: absent, eq: 3}}", .unknown),
        ("{data: {id: absent, neq: 3}}", .unknown),
        ("{data: {id: nothing, in: [a]}}", .unknown),
        ("{data: {id: many, eq: 1}}", .unknown),
        ("{data: {id: many, exists: true}}", .yes),
        ("{duration: {atLeast: 94}}", .yes),
        ("{duration: {atLeast: 95}}", .no),
        ("{duration: {atMost: 94}}", .yes),
        ("{duration: {atLeast: 90, atMost: 93}}", .no),
        ("{none: [{successful: failure}, {duration: {atLeast: 95}}]}", .yes),
        ("{none: [{successful: success}]}", .no),
        ("{none: [{criterion: {id: heard, is: success}}]}", .unknown),
        ("{all: [{criterion: {id: heard, is: success}}, {successful: failure}]}", .no),
        ("{all: [{criterion: {id: heard, is: success}}, {successful: success}]}", .unknown),
        ("{any: [{criterion: {id: heard, is: success}}, {successful: success}]}", .yes),
        ("{any: [{criterion: {id: heard, is: success}}, {successful: failure}]}", .unknown),
    ]

    @Test("judges the sample call", arguments: rows)
    func judges(when: String, outcome: Ternary) throws {
        let verdict = try SampleCall.verdict(when)
        #expect(verdict.outcome == outcome)
        #expect((verdict.outcome == .yes) == !verdict.evidence.isEmpty || outcome != .yes)
        #expect(outcome != .yes || !verdict.evidence.isEmpty)
    }

    @Test("knows nothing of a call that nobody has analysed", arguments: rows)
    func knowsNothing(when: String, outcome: Ternary) throws {
        #expect(try SampleCall.verdict(when, on: CallFacts()).outcome == .unknown)
    }

    @Test("finds whole words in scripts without spaces")
    func readsWithoutSpaces() throws {
        let turn = Turn(
            speaker: .caller,
            message: "\u{4E88}\u{7D04}\u{3057}\u{305F}\u{3044}",
            secondsIn: 0
        )
        let facts = CallFacts(transcript: [turn])
        let book = "{phrase: {speaker: caller, any: [\"\u{4E88}\u{7D04}\"]}}"
        #expect(try SampleCall.verdict(book, on: facts).outcome == .yes)
    }

    @Test("says where each true leaf stands")
    func leavesEvidence() throws {
        let verdict = try SampleCall.verdict(
            "{all: [{phrase: {speaker: caller, any: [book a]}}, {tool: {name: book_slot, is: succeeded}}]}"
        )
        let version = try #require(Self.field("version", of: verdict.evidence[0]))
        let message = try #require(SampleCall.turns[1].message)
        #expect(
            verdict.evidence == [
                .object([
                    "leaf": .text("phrase"), "rule": .text("r"), "version": version,
                    "detail": .text("book a"), "turn": .integer(1), "from": .integer(18),
                    "to": .integer(24), "seconds": .integer(4),
                ]),
                .object([
                    "leaf": .text("tool"), "rule": .text("r"), "version": version,
                    "detail": .text("book_slot succeeded"), "turn": .integer(3),
                    "seconds": .integer(10),
                ]),
            ]
        )
        #expect(
            String(String.UnicodeScalarView(Array(message.unicodeScalars)[18..<24])) == "BOOK a"
        )
    }

    private static func field(_ name: String, of evidence: StoredValue) -> StoredValue? {
        if case .object(let fields) = evidence { fields[name] } else { nil }
    }

    @Test("asks for a review where one leaf more would make a conversion")
    func asksForReview() throws {
        let one = "{all: [{successful: success}, {criterion: {id: heard, is: success}}]}"
        #expect(try SampleCall.verdict(one).needsReview)
        let two = """
            {all: [{criterion: {id: heard, is: success}}, {criterion: {id: odd, is: success}}]}
            """
        #expect(try !SampleCall.verdict(two).needsReview)
        let negated = "{none: [{criterion: {id: heard, is: success}}]}"
        #expect(try SampleCall.verdict(negated).needsReview)
        #expect(try !SampleCall.verdict("{successful: success}").needsReview)
    }
}

@Suite("Rules of one file")
struct RuleSetTests {
    static let shipped: [(CallFacts, [Ternary])] = {
        func facts(_ successful: String?, tool: Bool?, criterion: String?, turns: Int) -> CallFacts
        {
            var transcript = (0..<turns).map { index in
                Turn(speaker: .caller, message: "word \(index)", secondsIn: index)
            }
            if let tool {
                let result = ToolResult(
                    requestID: "1",
                    name: "book_appointment",
                    kind: nil,
                    value: "{}",
                    isError: !tool,
                    wasCalled: true
                )
                transcript.append(
                    Turn(speaker: .agent, message: nil, secondsIn: 9, toolResults: [result])
                )
            }
            return CallFacts(
                successful: successful,
                transcript: transcript,
                criteria: criterion.map { [CriterionResult(id: "appointment_booked", result: $0)] }
                    ?? [],
                collected: [],
                durationSeconds: 60
            )
        }
        return [
            (facts("success", tool: true, criterion: nil, turns: 3), [.yes, .no]),
            (facts("failure", tool: true, criterion: nil, turns: 0), [.yes, .no]),
            (facts("success", tool: nil, criterion: "success", turns: 0), [.yes, .no]),
            (facts("success", tool: false, criterion: "failure", turns: 2), [.no, .yes]),
            (facts("success", tool: nil, criterion: "unknown", turns: 2), [.unknown, .yes]),
            (facts("success", tool: nil, criterion: nil, turns: 2), [.unknown, .yes]),
            (facts("success", tool: nil, criterion: "failure", turns: 1), [.no, .no]),
            (facts("failure", tool: nil, criterion: "failure", turns: 5), [.no, .no]),
            (facts("unknown", tool: nil, criterion: "failure", turns: 5), [.no, .unknown]),
            (facts(nil, tool: nil, criterion: "failure", turns: 5), [.no, .unknown]),
        ]
    }()

    @Test("judges by the shipped rules as they are meant", arguments: shipped)
    func judgesByDefault(facts: CallFacts, outcomes: [Ternary]) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let rules = try RulesFile.load(root.appending(path: "rules/default.yaml"))
        let judgement = rules.judge(facts)
        #expect(judgement.verdicts.map(\.type) == ["booking", "success"])
        #expect(judgement.verdicts.map(\.outcome) == outcomes)
        #expect(judgement.ruleVersion == rules.version)
    }

    @Test("takes the first rule of a type that says yes, else one that does not know")
    func mergesRules() throws {
        let text = """
            rules:
              - {id: no, type: t, when: {successful: failure}}
              - {id: open, type: t, when: {criterion: {id: heard, is: success}}}
              - {id: first, type: t, when: {successful: success}}
              - {id: second, type: t, when: {duration: {atLeast: 1}}}
              - {id: u-no, type: u, when: {successful: failure}}
              - {id: u-open, type: u, when: {criterion: {id: heard, is: success}}}
            """
        let rules = try RulesFile.parse(text, file: "x")
        let judgement = rules.judge(SampleCall.facts)
        #expect(judgement.verdicts.map(\.outcome) == [.yes, .unknown])
        #expect(judgement.verdicts.map(\.echo) == [rules.rules[2].echo, rules.rules[5].echo])
        #expect(judgement.outcome == .yes)
        #expect(judgement.type == "t")
    }
}
