/// Reads the conditions of one rule.
struct ConditionReader {
    private static let kinds = [
        "all", "any", "none", "successful", "turns", "phrase", "tool", "criterion", "data",
        "duration",
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
        return switch kind {
        case "all": .all(try list(body, depth: depth))
        case "any": .any(try list(body, depth: depth))
        case "none": .none(try list(body, depth: depth))
        case "successful": .successful(try body.choice(of: UpstreamResult.self))
        case "turns": .turns(try Self.turns(body))
        case "phrase": .phrase(try Self.phrase(body))
        case "tool": .tool(try Self.tool(body))
        case "criterion": .criterion(try Self.criterion(body))
        case "data": .data(try Self.data(body))
        default: .duration(try Self.duration(body))
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

    private static func turns(_ node: RulesNode) throws(RulesFileError.Problem) -> TurnCount {
        let fields = try node.fields(allowed: ["speaker", "atLeast", "atMost"])
        let bounds = try bounds(fields, max: 100_000)
        return TurnCount(
            speaker: try fields.required("speaker").choice(of: SpeakerFilter.self),
            atLeast: bounds.atLeast,
            atMost: bounds.atMost
        )
    }

    private static func duration(_ node: RulesNode) throws(RulesFileError.Problem) -> SecondsRange {
        let fields = try node.fields(allowed: ["atLeast", "atMost"])
        return try bounds(fields, max: 1_000_000)
    }

    private static func bounds(
        _ fields: RulesNode.Fields,
        max: Int
    ) throws(RulesFileError.Problem) -> SecondsRange {
        var range = SecondsRange()
        if let field = fields["atLeast"] { range.atLeast = try field.integer(in: 0...max) }
        if let field = fields["atMost"] { range.atMost = try field.integer(in: 0...max) }
        guard range.atLeast != nil || range.atMost != nil else {
            throw fields.owner.problem("atLeast or atMost is missing")
        }
        if let low = range.atLeast, let high = range.atMost, low > high {
            throw fields.owner.problem("atLeast is more than atMost")
        }
        return range
    }

    private static func phrase(_ node: RulesNode) throws(RulesFileError.Problem) -> PhraseLeaf {
        let names = ["speaker", "any", "all", "atLeast", "of", "withinSeconds"]
        let fields = try node.fields(allowed: names)
        let (kind, list) = try fields.oneOf(["any", "all", "of"])
        var phrases: [String] = []
        var seen: Set<String> = []
        for item in try list.items(max: RulesLimits.listMax) {
            let phrase = try item.text()
            let normal = Words.normal(phrase)
            guard !normal.isEmpty else { throw item.problem("has no word to look for") }
            guard seen.insert(normal).inserted else { throw item.problem("stands twice") }
            phrases.append(phrase)
        }
        var needed = kind == "all" ? phrases.count : 1
        if kind == "of" {
            needed = try fields.required("atLeast").integer(in: 1...phrases.count)
        } else if let field = fields["atLeast"] {
            throw field.problem("goes with \"of\", not with \"\(kind)\"")
        }
        var leaf = PhraseLeaf(
            speaker: try fields.required("speaker").choice(of: SpeakerFilter.self),
            phrases: phrases,
            needed: needed
        )
        if let field = fields["withinSeconds"] {
            leaf.withinSeconds = try field.integer(in: 0...1_000_000)
        }
        return leaf
    }

    private static func tool(_ node: RulesNode) throws(RulesFileError.Problem) -> ToolLeaf {
        let fields = try node.fields(allowed: ["name", "is"])
        return ToolLeaf(
            name: try fields.required("name").text(),
            use: try fields.required("is").choice(of: ToolLeaf.Use.self)
        )
    }

    private static func criterion(
        _ node: RulesNode
    ) throws(RulesFileError.Problem) -> CriterionLeaf {
        let fields = try node.fields(allowed: ["id", "is"])
        return CriterionLeaf(
            id: try fields.required("id").text(),
            result: try fields.required("is").choice(of: UpstreamResult.self)
        )
    }

    private static func data(_ node: RulesNode) throws(RulesFileError.Problem) -> DataLeaf {
        let operators = ["eq", "neq", "gt", "gte", "lt", "lte", "in", "exists", "missing"]
        let fields = try node.fields(allowed: ["id"] + operators)
        let id = try fields.required("id").text()
        let (name, field) = try fields.oneOf(operators)
        return DataLeaf(id: id, test: try test(name, field))
    }

    private static func test(
        _ name: String,
        _ field: RulesNode
    ) throws(RulesFileError.Problem) -> DataLeaf.Test {
        switch name {
        case "eq": return .eq(try field.value())
        case "neq": return .neq(try field.value())
        case "gt": return .gt(try field.number())
        case "gte": return .gte(try field.number())
        case "lt": return .lt(try field.number())
        case "lte": return .lte(try field.number())
        case "in":
            var values: [DataValue] = []
            for item in try field.items(max: RulesLimits.listMax) {
                values.append(try item.value())
            }
            return .isIn(values)
        case "exists":
            try field.isTrue()
            return .exists
        default:
            try field.isTrue()
            return .missing
        }
    }
}
