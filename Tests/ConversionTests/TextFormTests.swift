import Conversion
import Testing

@Suite("The text form of rules")
struct TextFormTests {
    static let booking = """
        # What a practice counts.
        type: booking        value: 80 EUR        count: one per caller per 30 days
        any
          tool create_booking succeeded
          all
            reply  agent asks [book, appointment, reserve] -> caller affirms within 2 turns
            criterion appointment_booked is not failure
            duration >= 30 s
            not_phrase caller [cancel, wrong number]
        """

    static let bookingYAML = """
        rules:
          - id: booking
            type: booking
            value: 80
            currency: EUR
            count: { oncePerCallerDays: 30 }
            when:
              any:
                - tool: { name: create_booking, is: succeeded }
                - all:
                    - reply: { asks: [book, appointment, reserve], withinTurns: 2 }
                    - none: [{ criterion: { id: appointment_booked, is: failure } }]
                    - duration: { atLeast: 30 }
                    - notPhrase: { speaker: caller, any: [cancel, wrong number] }
        """

    private static func text(_ text: String) throws -> RuleSet {
        try RulesFile.parse(text, file: "x.rules")
    }

    private static func yaml(_ text: String) throws -> RuleSet {
        try RulesFile.parse(text, file: "x.yaml")
    }

    @Test("describes the same tree as the YAML form")
    func isTheSame() throws {
        let text = try Self.text(Self.booking)
        let yaml = try Self.yaml(Self.bookingYAML)
        #expect(text.rules == yaml.rules)
        #expect(text.version == yaml.version)
        #expect(
            text.rules.first?.echo
                == """
                Counts as booking when the tool create_booking succeeded; or (the agent asks about \
                "book", "appointment" or "reserve" and the caller agrees within the next 2 turns, \
                and criterion appointment_booked is not failure, and the call lasted at least 30 \
                seconds, and the caller never says "cancel" or "wrong number"). Worth 80 EUR. \
                Counted once per caller in 30 days.
                """
        )
    }

    /// Each condition in both forms.
    static let pairs: [(String, String)] = [
        ("successful success", "{successful: success}"),
        ("successful is not failure", "{none: [{successful: failure}]}"),
        ("successful score >= 0.5 <= 0.9", "{successful: {scoreAtLeast: 0.5, scoreAtMost: 0.9}}"),
        ("turns caller >= 2 <= 9", "{turns: {speaker: caller, atLeast: 2, atMost: 9}}"),
        ("phrase caller [a, \"b c\"]", "{phrase: {speaker: caller, any: [a, b c]}}"),
        (
            "phrase agent all [a, b] within 60 s even asked",
            "{phrase: {speaker: agent, all: [a, b], withinSeconds: 60, countQuestions: true}}"
        ),
        (
            "phrase either at least 2 of [a*, b, c] within 3 turns even negated",
            "{phrase: {speaker: either, atLeast: 2, of: [a*, b, c], withinTurns: 3, countNegated: true}}"
        ),
        (
            "not_phrase caller [no] after\n    tool x called",
            "{notPhrase: {speaker: caller, any: ['no'], after: {tool: {name: x, is: called}}}}"
        ),
        (
            "reply caller asks [price] -> agent declines within 1 turn",
            "{reply: {asker: caller, asks: [price], answer: declines, withinTurns: 1}}"
        ),
        ("criterion c is success", "{criterion: {id: c, is: success}}"),
        ("criterion c score >= 3", "{criterion: {id: c, scoreAtLeast: 3}}"),
        ("data x = \"12\"", "{data: {id: x, eq: '12'}}"),
        ("data x != 12", "{data: {id: x, neq: 12}}"),
        ("data x in [a, 2, true]", "{data: {id: x, in: [a, 2, true]}}"),
        ("data x exists", "{data: {id: x, exists: true}}"),
        ("data x missing", "{data: {id: x, missing: true}}"),
        ("tool x called", "{tool: {name: x, is: called}}"),
        (
            "tool x succeeded with $.a[0].b > 3",
            "{tool: {name: x, is: succeeded, result: {path: '$.a[0].b', gt: 3}}}"
        ),
        ("duration <= 30 s", "{duration: {atMost: 30}}"),
        ("direction inbound", "{direction: inbound}"),
        ("agent [a, b]", "{agent: [a, b]}"),
        ("language de", "{language: [de]}"),
        ("channel [phone, voice]", "{channel: [phone, voice]}"),
        ("ended [\"end, call\"]", "{ended: ['end, call']}"),
        ("sentiment positive", "{sentiment: positive}"),
        ("rating >= 4", "{rating: {atLeast: 4}}"),
        ("caller first-time", "{caller: first-time}"),
        ("caller on list vip", "{caller: {onList: vip}}"),
        ("campaign any", "{campaign: any}"),
        ("campaign [Spring, any]", "{campaign: [Spring, any]}"),
        ("not rating >= 4", "{none: [{rating: {atLeast: 4}}]}"),
        (
            "at least 1 of\n    rating >= 4\n    successful success",
            "{atLeast: {count: 1, of: [{rating: {atLeast: 4}}, {successful: success}]}}"
        ),
        (
            "score >= 1.5\n    +2 rating >= 4\n    -1 successful failure",
            """
            {score: {atLeast: 1.5, of: [{weight: 2, when: {rating: {atLeast: 4}}}, \
            {weight: -1, when: {successful: failure}}]}}
            """
        ),
    ]

    @Test("writes every condition", arguments: pairs)
    func writes(text: String, yaml: String) throws {
        let one = try Self.text("type: t\n  \(text)")
        let other = try Self.yaml("rules:\n  - {id: t, type: t, when: \(yaml)}")
        #expect(one.rules == other.rules)
    }

    @Test("reads several rules with all that a header says")
    func readsHeaders() throws {
        let text = try Self.text(
            """
            rule: one type: sale value: data order_total EUR precedence: 5
            agents: [a, b] languages: [de] channels: [phone] count: every call
            successful success

            rule: two
            type: lead
            unless: [sale]
            any
              rule one
              rating >= 4
            """
        )
        let yaml = try Self.yaml(
            """
            rules:
              - id: one
                type: sale
                value: { data: order_total }
                currency: EUR
                precedence: 5
                agents: [a, b]
                languages: [de]
                channels: [phone]
                count: every
                when: { successful: success }
              - id: two
                type: lead
                unless: [sale]
                when: { any: [{ rule: one }, { rating: { atLeast: 4 } }] }
            """
        )
        #expect(text.rules == yaml.rules)
        #expect(text.types == ["sale", "lead"])
    }

    /// A broken text, the line that the error must name, and part of its reason.
    static let broken: [(String, Int, String)] = [
        ("", 1, "no rule"), ("successful success", 1, "begins with type:"),
        ("type: t", 1, "when is missing"), ("type: t\ncolour: red", 2, "no such field"),
        ("type: t type: u\nrating >= 1", 1, "twice"),
        ("type: t\nrating >= 1\nduration >= 2 s", 2, "stands beside others"),
        ("type: t\nall\nrating >= 1", 2, "no parts"),
        ("type: t\nrating >= 1\n  rating >= 2", 3, "has no parts"),
        ("type: t\nall\n    rating >= 1\n      rating >= 2", 4, "has no parts"),
        ("type: t\n\trating >= 1", 2, "tab"), ("type: t\nmood good", 2, "no such condition"),
        ("type: t\nphrase caller [book", 2, "not closed"),
        ("type: t\nphrase caller [a,,b]", 2, "empty place"),
        ("type: t\nphrase caller [\"a\" b]", 2, "no comma"),
        ("type: t\nphrase caller [a \"b\"]", 2, "no comma"),
        ("type: t\n" + String(repeating: "not ", count: 60_000) + "rating >= 4", 2, "nested"),
        ("type: t\nphrase somebody [a]", 2, "caller, agent or either"),
        ("type: t\nphrase caller [\"!\"]", 2, "no word"),
        ("type: t\nended \"x", 2, "quote"), ("type: t\nrating 4", 2, ">="),
        ("type: t\nrating >= four", 2, "a number"),
        ("type: t\nduration >= 4 h", 2, "not understood"),
        ("type: t\ntool x succeeded with status = 3", 2, "a path"),
        ("type: t\nreply agent asks [a]", 2, "\"->\" is missing"),
        ("type: t\nscore >= 1\n  rating >= 4", 3, "weight"),
        ("type: t\nscore >= 9\n  +1 rating >= 4", 2, "cannot be reached"),
        ("type: t\nat least 3 of\n  rating >= 4", 2, "1 to 1"),
        ("type: t\nnot_phrase caller [a] after\n  rating >= 1\n  rating >= 2", 2, "one condition"),
        ("type: t value: much EUR\nrating >= 4", 1, "amount"),
        ("type: t value: 80\nrating >= 4", 1, "a currency"),
        ("type: t count: one per caller\nrating >= 4", 1, "\"per\" is missing"),
        ("type: t\nrule missing", 2, "no rule missing"), ("type: t\nrule t", 2, "in a circle"),
        ("type: t\nrule u\ntype: u\nany\n  rating >= 4\n  rule t", 6, "in a circle: t, u, t"),
    ]

    @Test("names line and reason of what is wrong", arguments: broken)
    func refuses(text: String, line: Int, reason: String) {
        do throws(RulesFileError) {
            _ = try RulesFile.parse(text, file: "x.rules")
            Issue.record("the file was taken")
        } catch {
            #expect(error.problems.first?.line == line, "\(error)")
            #expect(error.problems.first?.reason.contains(reason) == true, "\(error)")
        }
    }

    @Test("changes the version of rules that refer to a rule that changes")
    func versionsReferences() throws {
        func version(_ condition: String) throws -> String? {
            try Self.text("type: t\nrule u\ntype: u\n\(condition)").rules.first?.version
        }
        let first = try version("rating >= 4")
        #expect(try version("rating >= 5") != first)
        #expect(try version("rating  >=  4 # the same") == first)
    }
}
