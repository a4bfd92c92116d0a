import CallStore
import Foundation

/// Says in English what a rule counts, so that its author sees what the machine understood.
enum RuleEcho {
    static func sentences(
        type: String,
        scope: RuleScope,
        unless: [String],
        value: Rule.Value?,
        currency: String?,
        oncePerCallerDays: Int?,
        condition: Condition
    ) -> String {
        var text = "Counts as \(type) when \(phrase(condition))"
        let limits = [
            ("agent", scope.agents), ("language", scope.languages), ("channel", scope.channels),
        ]
        for (name, values) in limits where !values.isEmpty {
            text += ", for calls with \(name) \(listed(values, "or"))"
        }
        if !unless.isEmpty {
            text += ", unless it counts as \(listed(unless, "or"))"
        }
        text += "."
        let money = currency.map { " " + $0 } ?? ""
        switch value {
        case .fixed(let amount)?:
            text += " Worth \(NSDecimalNumber(decimal: amount).stringValue)\(money)."
        case .data(let id)?: text += " Worth what was collected as \(id), in\(money)."
        case nil: break
        }
        if let days = oncePerCallerDays {
            text += " Counted once per caller in \(days) days."
        }
        return text
    }

    static func phrase(_ condition: Condition) -> String {
        switch condition {
        case .all(let parts): joined(parts, "and")
        case .any(let parts): joined(parts, "or")
        case .none(let parts): negated(parts)
        case .atLeast(let count, let parts):
            "at least \(count) of these hold: \(joined(parts, "or"))"
        case .score(let limit, let parts):
            "the weights of what holds add up to at least \(number(limit)): "
                + parts.map { "\(number($0.weight)) if \(bracketed($0.condition))" }
                .joined(separator: "; ")
        case .rule(let id): "rule \(id) holds"
        default: leaf(condition)
        }
    }

    static func leaf(_ condition: Condition) -> String {
        switch condition {
        case .successful(let result): "the upstream calls the call a \(result.rawValue)"
        case .successScore(let range): "the upstream scores the call \(bounds(range))"
        case .turns(let count):
            "\(speaker(count.speaker)) has \(bounds(count.atLeast, count.atMost)) turns with words"
        case .phrase(let leaf): phrase(leaf, verb: "says")
        case .notPhrase(let leaf, let after):
            phrase(leaf, verb: "never says")
                + (after.map { " after this: \(bracketed($0))" } ?? "")
        case .reply(let leaf): reply(leaf)
        case .tool(let leaf): tool(leaf)
        case .criterion(let leaf):
            switch leaf.test {
            case .result(let result): "criterion \(leaf.id) is \(result.rawValue)"
            case .score(let range): "criterion \(leaf.id) scores \(bounds(range))"
            }
        case .data(let leaf): "\(leaf.id) \(test(leaf.test))"
        case .duration(let range):
            "the call lasted \(bounds(range.atLeast, range.atMost)) seconds"
        case .word(let word, let values): self.word(word, values)
        case .rating(let range): "the rating is \(bounds(range))"
        case .caller(.firstTime): "no earlier call of the caller is known"
        case .caller(.withheld): "the caller's number is withheld"
        case .caller(.onList(let name)): "the caller is on the list \(name)"
        case .campaign(.any): "the call is credited to a campaign"
        case .campaign(.none): "the call is credited to no campaign"
        case .campaign(.oneOf(let names)): "the call is credited to \(listed(names, "or"))"
        case .all, .any, .none, .atLeast, .score, .rule: phrase(condition)
        }
    }

    static func speaker(_ speaker: SpeakerFilter) -> String {
        switch speaker {
        case .caller: "the caller"
        case .agent: "the agent"
        case .either: "either side"
        }
    }

    private static func negated(_ parts: [Condition]) -> String {
        if isPlainly(parts), case .criterion(let leaf)? = parts.first,
            case .result(let result) = leaf.test
        {
            return "criterion \(leaf.id) is not \(result.rawValue)"
        }
        return "it is not so that \(joined(parts, "or"))"
    }

    /// Whether the negation of the parts is said without words around it.
    private static func isPlainly(_ parts: [Condition]) -> Bool {
        guard parts.count == 1, case .criterion(let leaf)? = parts.first else { return false }
        if case .result = leaf.test { return true }
        return false
    }

    private static func phrase(_ leaf: PhraseLeaf, verb: String) -> String {
        let quoted = leaf.phrases.map { "\"\($0)\"" }
        let what =
            if quoted.count == 1 {
                quoted[0]
            } else if leaf.needed == quoted.count {
                listed(quoted, "and")
            } else if leaf.needed == 1 {
                listed(quoted, "or")
            } else {
                "at least \(leaf.needed) of \(listed(quoted, "and"))"
            }
        var text = "\(speaker(leaf.speaker)) \(verb) \(what)"
        if let seconds = leaf.withinSeconds { text += " within the first \(seconds) seconds" }
        if let turns = leaf.withinTurns { text += " within the first \(turns) turns" }
        if leaf.countsNegated { text += ", negated or not" }
        if leaf.countsQuestions { text += ", in questions too" }
        return text
    }

    private static func reply(_ leaf: ReplyLeaf) -> String {
        let who = leaf.asker == .agent ? ("the agent", "the caller") : ("the caller", "the agent")
        let what = listed(leaf.phrases.map { "\"\($0)\"" }, "or")
        let does = leaf.answer == .affirms ? "agrees" : "declines"
        let turns = leaf.withinTurns == 1 ? "turn" : "\(leaf.withinTurns) turns"
        return "\(who.0) asks about \(what) and \(who.1) \(does) within the next \(turns)"
    }

    private static func tool(_ leaf: ToolLeaf) -> String {
        let text = "the tool \(leaf.name) \(leaf.use == .called ? "was called" : "succeeded")"
        guard let result = leaf.result else { return text }
        return text + " and in its answer \(result.path) \(test(result.test, "was given"))"
    }

    private static func word(_ word: CallWord, _ values: [String]) -> String {
        let list = listed(values, "or")
        return switch word {
        case .direction: "the call is \(list)"
        case .agent: "the agent is \(list)"
        case .language: "the language is \(list)"
        case .channel: "the channel is \(list)"
        case .ended: "the call ended for \(listed(values.map { "\"\($0)\"" }, "or"))"
        case .sentiment: "the sentiment is \(list)"
        }
    }

    private static func test(_ test: DataLeaf.Test, _ given: String = "was collected") -> String {
        switch test {
        case .eq(let value): "is \(text(value))"
        case .neq(let value): "is not \(text(value))"
        case .gt(let limit): "is more than \(number(limit))"
        case .gte(let limit): "is at least \(number(limit))"
        case .lt(let limit): "is less than \(number(limit))"
        case .lte(let limit): "is at most \(number(limit))"
        case .isIn(let values): "is one of \(listed(values.map(text), "and"))"
        case .exists: given
        case .missing: given.replacing("was ", with: "was not ")
        }
    }

    private static func text(_ value: DataValue) -> String {
        switch value {
        case .bool(let value): "\(value)"
        case .number(let value): number(value)
        case .text(let value): "\"\(value)\""
        }
    }

    /// Without the `.0` that Swift gives to whole numbers.
    static func number(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private static func bounds(_ range: NumberRange) -> String {
        switch (range.atLeast, range.atMost) {
        case (let low?, let high?): "\(number(low)) to \(number(high))"
        case (let low?, nil): "at least \(number(low))"
        case (nil, let high?): "at most \(number(high))"
        case (nil, nil): "anything"
        }
    }

    private static func bounds(_ atLeast: Int?, _ atMost: Int?) -> String {
        switch (atLeast, atMost) {
        case (let low?, let high?): "\(low) to \(high)"
        case (let low?, nil): "at least \(low)"
        case (nil, let high?): "at most \(high)"
        case (nil, nil): "any number of"
        }
    }

    /// Parts in brackets where they are lists themselves, so that the sentence reads one way.
    private static func joined(_ parts: [Condition], _ word: String) -> String {
        parts.map(bracketed).joined(separator: word == "and" ? ", and " : "; or ")
    }

    private static func bracketed(_ part: Condition) -> String {
        switch part {
        case .all(let inner) where inner.count > 1, .any(let inner) where inner.count > 1:
            "(\(phrase(part)))"
        case .none(let inner) where !isPlainly(inner): "(\(phrase(part)))"
        case .atLeast, .score, .notPhrase(_, .some): "(\(phrase(part)))"
        default: phrase(part)
        }
    }

    private static func listed(_ items: [String], _ word: String) -> String {
        RulesNode.listed(items, word)
    }
}
