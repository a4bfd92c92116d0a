/// Reads the conditions of one rule.
struct ConditionReader {
    /// Rules that the conditions refer to, and where.
    private(set) var references: [(id: String, node: RulesNode)] = []

    private static let kinds = [
        "all", "any", "none", "atLeast", "score", "successful", "turns", "phrase", "notPhrase",
        "reply", "tool", "criterion", "data", "duration", "direction", "agent", "language",
        "channel", "ended", "sentiment", "rating", "caller", "campaign", "rule",
    ]

    private var conditionsLeft = RulesLimits.conditionsMax

    mutating func condition(
        _ node: RulesNode,
        depth: Int = 1
    ) throws(RulesFileError.Problem) -> Condition {
        guard depth <= RulesLimits.depthMax else {
            throw node.problem("conditions are nested deeper than \(RulesLimits.depthMax)")
        }
        conditionsLeft -= 1
        guard conditionsLeft >= 0 else {
            throw node.problem("the rule has more than \(RulesLimits.conditionsMax) conditions")
        }
        let fields = try node.fields(allowed: Self.kinds)
        let (kind, body) = try fields.oneOf(Self.kinds)
        switch kind {
        case "all": return .all(try list(body, depth: depth))
        case "any": return .any(try list(body, depth: depth))
        case "none": return .none(try list(body, depth: depth))
        case "atLeast": return try atLeast(body, depth: depth)
        case "score": return try score(body, depth: depth)
        case "notPhrase": return try notPhrase(body, depth: depth)
        case "rule":
            let id = try body.name()
            references.append((id, body))
            return .rule(id)
        default: return try LeafReader.leaf(kind, body)
        }
    }

    private mutating func list(
        _ node: RulesNode,
        depth: Int
    ) throws(RulesFileError.Problem) -> [Condition] {
        var conditions: [Condition] = []
        for item in try node.items(max: RulesLimits.listMax) {
            conditions.append(try condition(item, depth: depth + 1))
        }
        return conditions
    }

    private mutating func atLeast(
        _ node: RulesNode,
        depth: Int
    ) throws(RulesFileError.Problem) -> Condition {
        let fields = try node.fields(allowed: ["count", "of"])
        let parts = try list(try fields.required("of"), depth: depth)
        let count = try fields.required("count").integer(in: 1...parts.count)
        return .atLeast(count, of: parts)
    }

    private mutating func score(
        _ node: RulesNode,
        depth: Int
    ) throws(RulesFileError.Problem) -> Condition {
        let fields = try node.fields(allowed: ["atLeast", "of"])
        let threshold = try fields.required("atLeast")
        var parts: [WeightedCondition] = []
        for item in try fields.required("of").items(max: RulesLimits.listMax) {
            let part = try item.fields(allowed: ["weight", "when"])
            let weight = try part.required("weight")
            let value = try weight.number()
            guard value != 0, abs(value) <= RulesLimits.weightMax else {
                throw weight.problem("must be a number other than 0, at most 1000000")
            }
            let condition = try condition(try part.required("when"), depth: depth + 1)
            parts.append(WeightedCondition(weight: value, condition: condition))
        }
        let limit = try threshold.number()
        let reach = parts.reduce(0) { $0 + max(0, $1.weight) }
        guard limit <= reach else {
            throw threshold.problem("cannot be reached: the weights add up to \(reach)")
        }
        return .score(atLeast: limit, of: parts)
    }

    private mutating func notPhrase(
        _ node: RulesNode,
        depth: Int
    ) throws(RulesFileError.Problem) -> Condition {
        let fields = try node.fields(allowed: LeafReader.phraseFields + ["after"])
        let leaf = try LeafReader.phrase(fields)
        var after: Condition?
        if let field = fields["after"] { after = try condition(field, depth: depth + 1) }
        return .notPhrase(leaf, after: after)
    }
}
