import CallStore

/// Reads what holds for a call by itself.
enum LeafReader {
    static let phraseFields = [
        "speaker", "any", "all", "atLeast", "of", "withinSeconds", "withinTurns", "countNegated",
        "countQuestions",
    ]

    /// The leaf of a kind; `ConditionReader` knows which kinds there are.
    static func leaf(
        _ kind: String,
        _ body: RulesNode
    ) throws(RulesFileError.Problem) -> Condition {
        switch kind {
        case "successful": try successful(body)
        case "turns": .turns(try turns(body))
        case "phrase": .phrase(try phrase(try body.fields(allowed: phraseFields)))
        case "reply": .reply(try reply(body))
        case "tool": .tool(try tool(body))
        case "criterion": .criterion(try criterion(body))
        case "data": .data(try data(body))
        case "duration": .duration(try duration(body))
        case "rating": .rating(try numbers(try body.fields(allowed: ["atLeast", "atMost"])))
        case "caller": .caller(try caller(body))
        case "campaign": .campaign(try campaign(body))
        default: try word(kind, body)
        }
    }

    private static func successful(
        _ node: RulesNode
    ) throws(RulesFileError.Problem) -> Condition {
        guard node.isMapping else { return .successful(try node.choice(of: UpstreamResult.self)) }
        let fields = try node.fields(allowed: ["scoreAtLeast", "scoreAtMost"])
        return .successScore(try scores(fields))
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
        try bounds(try node.fields(allowed: ["atLeast", "atMost"]), max: 1_000_000)
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

    private static func numbers(
        _ fields: RulesNode.Fields,
        _ low: String = "atLeast",
        _ high: String = "atMost"
    ) throws(RulesFileError.Problem) -> NumberRange {
        var range = NumberRange()
        if let field = fields[low] { range.atLeast = try field.number() }
        if let field = fields[high] { range.atMost = try field.number() }
        guard range.atLeast != nil || range.atMost != nil else {
            throw fields.owner.problem("\(low) or \(high) is missing")
        }
        if let least = range.atLeast, let most = range.atMost, least > most {
            throw fields.owner.problem("\(low) is more than \(high)")
        }
        return range
    }

    private static func scores(
        _ fields: RulesNode.Fields
    ) throws(RulesFileError.Problem) -> NumberRange {
        try numbers(fields, "scoreAtLeast", "scoreAtMost")
    }

    static func phrase(_ fields: RulesNode.Fields) throws(RulesFileError.Problem) -> PhraseLeaf {
        let (kind, list) = try fields.oneOf(["any", "all", "of"])
        let phrases = try phrases(list)
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
        if let field = fields["withinTurns"] {
            leaf.withinTurns = try field.integer(in: 1...100_000)
        }
        if let field = fields["countNegated"] {
            try field.isTrue()
            leaf.countsNegated = true
        }
        if let field = fields["countQuestions"] {
            try field.isTrue()
            leaf.countsQuestions = true
        }
        return leaf
    }

    private static func phrases(_ node: RulesNode) throws(RulesFileError.Problem) -> [String] {
        var phrases: [String] = []
        var seen: Set<String> = []
        for item in try node.items(max: RulesLimits.listMax) {
            let phrase = try item.text()
            let normal = Phrase.normal(phrase)
            guard !normal.isEmpty else { throw item.problem("has no word to look for") }
            guard seen.insert(normal).inserted else { throw item.problem("stands twice") }
            phrases.append(phrase)
        }
        return phrases
    }

    private static func reply(_ node: RulesNode) throws(RulesFileError.Problem) -> ReplyLeaf {
        let fields = try node.fields(allowed: ["asker", "asks", "answer", "withinTurns"])
        var isCaller = false
        if let field = fields["asker"] {
            let speaker = try field.choice(of: SpeakerFilter.self)
            guard speaker != .either else { throw field.problem("must be caller or agent") }
            isCaller = speaker == .caller
        }
        var leaf = ReplyLeaf(
            asker: isCaller ? .caller : .agent,
            phrases: try phrases(try fields.required("asks")),
            answer: .affirms,
            withinTurns: 2
        )
        if let field = fields["answer"] {
            leaf.answer = try field.choice(of: ReplyLeaf.Answer.self)
        }
        if let field = fields["withinTurns"] {
            leaf.withinTurns = try field.integer(in: 1...100)
        }
        return leaf
    }

    private static func tool(_ node: RulesNode) throws(RulesFileError.Problem) -> ToolLeaf {
        let fields = try node.fields(allowed: ["name", "is", "result"])
        var leaf = ToolLeaf(
            name: try fields.required("name").text(),
            use: try fields.required("is").choice(of: ToolLeaf.Use.self)
        )
        if let field = fields["result"] {
            let check = try field.fields(allowed: ["path"] + operators)
            let pathField = try check.required("path")
            guard let path = ValuePath(try pathField.text()) else {
                throw pathField.problem("must be a path such as $.booking.id or $.slots[0]")
            }
            leaf.result = ToolLeaf.ResultCheck(path: path, test: try test(of: check))
        }
        return leaf
    }

    private static func criterion(
        _ node: RulesNode
    ) throws(RulesFileError.Problem) -> CriterionLeaf {
        let fields = try node.fields(allowed: ["id", "is", "scoreAtLeast", "scoreAtMost"])
        let id = try fields.required("id").text()
        guard let field = fields["is"] else {
            guard fields["scoreAtLeast"] != nil || fields["scoreAtMost"] != nil else {
                throw fields.owner.problem("is is missing")
            }
            return CriterionLeaf(id: id, test: .score(try scores(fields)))
        }
        guard fields["scoreAtLeast"] == nil, fields["scoreAtMost"] == nil else {
            throw field.problem("goes without scoreAtLeast and scoreAtMost")
        }
        return CriterionLeaf(id: id, test: .result(try field.choice(of: UpstreamResult.self)))
    }

    private static let operators = [
        "eq", "neq", "gt", "gte", "lt", "lte", "in", "exists", "missing",
    ]

    private static func data(_ node: RulesNode) throws(RulesFileError.Problem) -> DataLeaf {
        let fields = try node.fields(allowed: ["id"] + operators)
        return DataLeaf(id: try fields.required("id").text(), test: try test(of: fields))
    }

    private static func test(
        of fields: RulesNode.Fields
    ) throws(RulesFileError.Problem) -> DataLeaf.Test {
        let (name, field) = try fields.oneOf(operators)
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

    private static func word(
        _ kind: String,
        _ node: RulesNode
    ) throws(RulesFileError.Problem) -> Condition {
        guard let word = CallWord(rawValue: kind) else {
            throw node.problem("no such condition")
        }
        let texts = try node.texts(max: RulesLimits.listMax)
        let allowed: [String]? =
            switch word {
            case .direction: ["inbound", "outbound"]
            case .channel: ["phone", "voice", "text"]
            default: nil
            }
        if let allowed, let other = texts.first(where: { !allowed.contains($0) }) {
            throw node.problem("\(other) is not \(RulesNode.listed(allowed, "or"))")
        }
        return .word(word, isIn: texts)
    }

    private static func caller(_ node: RulesNode) throws(RulesFileError.Problem) -> CallerLeaf {
        guard node.isMapping else {
            switch try node.text() {
            case "first-time": return .firstTime
            case "withheld": return .withheld
            default: throw node.problem("must be first-time, withheld, or onList with a name")
            }
        }
        let fields = try node.fields(allowed: ["onList"])
        return .onList(try fields.required("onList").name())
    }

    private static func campaign(_ node: RulesNode) throws(RulesFileError.Problem) -> CampaignLeaf {
        if let word = node.plain {
            if word == "any" { return .any }
            if word == "none" { return .none }
        }
        return .oneOf(try node.texts(max: RulesLimits.listMax))
    }
}
