/// Says in English what a rule counts, so that its author sees what the machine understood.
enum RuleEcho {
    static func sentence(type: String, unless: [String], condition: Condition) -> String {
        var text = "Counts as \(type) when \(phrase(condition))"
        if !unless.isEmpty {
            text += ", unless it counts as \(listed(unless, "or"))"
        }
        return text + "."
    }

    static func phrase(_ condition: Condition) -> String {
        switch condition {
        case .all(let parts): joined(parts, "and")
        case .any(let parts): joined(parts, "or")
        case .none(let parts): "it is not so that \(joined(parts, "or"))"
        case .successful(let result): "the upstream calls the call a \(result.rawValue)"
        case .turns(let count):
            "\(speaker(count.speaker)) has \(bounds(count.atLeast, count.atMost)) turns with words"
        case .phrase(let leaf): phrase(leaf)
        case .tool(let leaf):
            "the tool \(leaf.name) \(leaf.use == .called ? "was called" : "succeeded")"
        case .criterion(let leaf): "criterion \(leaf.id) is \(leaf.result.rawValue)"
        case .data(let leaf): "\(leaf.id) \(test(leaf.test))"
        case .duration(let range):
            "the call lasted \(bounds(range.atLeast, range.atMost)) seconds"
        }
    }

    static func speaker(_ speaker: SpeakerFilter) -> String {
        switch speaker {
        case .caller: "the caller"
        case .agent: "the agent"
        case .either: "either side"
        }
    }

    private static func phrase(_ leaf: PhraseLeaf) -> String {
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
        let when = leaf.withinSeconds.map { " within the first \($0) seconds" } ?? ""
        return "\(speaker(leaf.speaker)) says \(what)\(when)"
    }

    private static func test(_ test: DataLeaf.Test) -> String {
        switch test {
        case .eq(let value): "is \(text(value))"
        case .neq(let value): "is not \(text(value))"
        case .gt(let limit): "is more than \(number(limit))"
        case .gte(let limit): "is at least \(number(limit))"
        case .lt(let limit): "is less than \(number(limit))"
        case .lte(let limit): "is at most \(number(limit))"
        case .isIn(let values): "is one of \(listed(values.map(text), "and"))"
        case .exists: "was collected"
        case .missing: "was not collected"
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
    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
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
        let texts = parts.map { part in
            switch part {
            case .all(let inner) where inner.count > 1, .any(let inner) where inner.count > 1:
                "(\(phrase(part)))"
            case .none: "(\(phrase(part)))"
            default: phrase(part)
            }
        }
        return texts.joined(separator: word == "and" ? ", and " : "; or ")
    }

    private static func listed(_ items: [String], _ word: String) -> String {
        guard let last = items.last, items.count > 1 else { return items.first ?? "" }
        return items.dropLast().joined(separator: ", ") + " \(word) " + last
    }
}
