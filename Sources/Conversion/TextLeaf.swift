/// Reads one condition of the text form that has no parts.
enum TextLeaf {
    /// The condition, and whether another one stands below it that says after what.
    static func read(
        _ cursor: inout TextCursor
    ) throws(RulesFileError.Problem) -> (RulesTree, wantsPlace: Bool) {
        let kind = try cursor.word("a condition")
        switch kind {
        case "phrase": return (cursor.mapping([("phrase", try phrase(&cursor))]), false)
        case "not_phrase":
            let leaf = cursor.mapping([("notPhrase", try phrase(&cursor))])
            return (leaf, cursor.take("after"))
        default: return (try plain(kind, &cursor), false)
        }
    }

    private static func plain(
        _ kind: String,
        _ cursor: inout TextCursor
    ) throws(RulesFileError.Problem) -> RulesTree {
        switch kind {
        case "successful": return try successful(&cursor)
        case "reply": return cursor.mapping([("reply", try reply(&cursor))])
        case "criterion": return try criterion(&cursor)
        case "data":
            let id = ("id", try cursor.scalar("the id of collected data"))
            return cursor.mapping([("data", cursor.mapping([id, try test(&cursor)]))])
        case "tool": return cursor.mapping([("tool", try tool(&cursor))])
        case "duration":
            let body = cursor.mapping(try bounds(&cursor))
            _ = cursor.take("s")
            return cursor.mapping([("duration", body)])
        case "turns":
            let speaker = ("speaker", try cursor.scalar("caller, agent or either"))
            return cursor.mapping([("turns", cursor.mapping([speaker] + (try bounds(&cursor))))])
        case "rating": return cursor.mapping([("rating", cursor.mapping(try bounds(&cursor)))])
        case "direction", "agent", "language", "channel", "ended", "sentiment":
            return cursor.mapping([(kind, try cursor.list())])
        case "caller":
            guard cursor.take("on") else {
                return cursor.mapping([("caller", try cursor.scalar("first-time or withheld"))])
            }
            try cursor.expect("list")
            let name = try cursor.scalar("the name of a list")
            return cursor.mapping([("caller", cursor.mapping([("onList", name)]))])
        case "campaign":
            for word in ["any", "none"] where cursor.take(word) {
                let value = RulesTree.scalar(word, isPlain: true, line: cursor.line.number)
                return cursor.mapping([("campaign", value)])
            }
            return cursor.mapping([("campaign", try cursor.list())])
        case "rule": return cursor.mapping([("rule", try cursor.scalar("the id of a rule"))])
        default:
            throw cursor.line.problem("no such condition \"\(kind)\"")
        }
    }

    private static func successful(
        _ cursor: inout TextCursor
    ) throws(RulesFileError.Problem) -> RulesTree {
        if cursor.take("score") {
            let range = cursor.mapping(try bounds(&cursor, "scoreAtLeast", "scoreAtMost"))
            return cursor.mapping([("successful", range)])
        }
        let isNegated = cursor.take("is") && cursor.take("not")
        let word = try cursor.scalar("success, failure or unknown")
        return negated(cursor.mapping([("successful", word)]), if: isNegated, cursor)
    }

    private static func criterion(
        _ cursor: inout TextCursor
    ) throws(RulesFileError.Problem) -> RulesTree {
        let id = ("id", try cursor.scalar("the id of a criterion"))
        if cursor.take("score") {
            let range = try bounds(&cursor, "scoreAtLeast", "scoreAtMost")
            return cursor.mapping([("criterion", cursor.mapping([id] + range))])
        }
        guard cursor.take(oneOf: ["is", "="]) != nil else {
            throw cursor.line.problem("\"is\" or \"score\" is missing after the criterion")
        }
        let isNegated = cursor.take("not")
        let word = ("is", try cursor.scalar("success, failure or unknown"))
        let leaf = cursor.mapping([("criterion", cursor.mapping([id, word]))])
        return negated(leaf, if: isNegated, cursor)
    }

    private static func negated(
        _ leaf: RulesTree,
        if isNegated: Bool,
        _ cursor: TextCursor
    ) -> RulesTree {
        isNegated ? cursor.mapping([("none", .list([leaf], line: cursor.line.number))]) : leaf
    }

    private static func tool(_ cursor: inout TextCursor) throws(RulesFileError.Problem) -> RulesTree
    {
        var fields = [("name", try cursor.scalar("the tool's name"))]
        fields.append(("is", try cursor.scalar("called or succeeded")))
        if cursor.take("with") {
            let path = ("path", try cursor.scalar("a path such as $.booking.id"))
            fields.append(("result", cursor.mapping([path, try test(&cursor)])))
        }
        return cursor.mapping(fields)
    }

    private static func test(
        _ cursor: inout TextCursor
    ) throws(RulesFileError.Problem) -> (String, RulesTree) {
        let names = [
            "=": "eq", "!=": "neq", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "in": "in",
            "exists": "exists", "missing": "missing",
        ]
        guard let word = cursor.take(oneOf: names.keys.sorted()), let name = names[word] else {
            throw cursor.line.problem("one of = != > >= < <= in, exists, missing is missing")
        }
        switch word {
        case "in": return (name, try cursor.list())
        case "exists", "missing":
            return (name, .scalar("true", isPlain: true, line: cursor.line.number))
        default: return (name, try cursor.scalar("a value"))
        }
    }

    private static func bounds(
        _ cursor: inout TextCursor,
        _ low: String = "atLeast",
        _ high: String = "atMost"
    ) throws(RulesFileError.Problem) -> [(String, RulesTree)] {
        var fields: [(String, RulesTree)] = []
        while let sign = cursor.take(oneOf: [">=", "<="]) {
            fields.append((sign == ">=" ? low : high, try cursor.scalar("a number")))
        }
        guard !fields.isEmpty else { throw cursor.line.problem("\">=\" or \"<=\" is missing") }
        return fields
    }

    private static func phrase(
        _ cursor: inout TextCursor
    ) throws(RulesFileError.Problem) -> RulesTree {
        var fields = [("speaker", try cursor.scalar("caller, agent or either"))]
        if cursor.take("at") {
            try cursor.expect("least")
            fields.append(("atLeast", try cursor.scalar("a number")))
            try cursor.expect("of")
            fields.append(("of", try cursor.list()))
        } else {
            let kind = cursor.take(oneOf: ["any", "all"]) ?? "any"
            fields.append((kind, try cursor.list()))
        }
        while let word = cursor.take(oneOf: ["within", "even"]) {
            if word == "within" {
                let count = try cursor.scalar("a number")
                if cursor.take("turns") {
                    fields.append(("withinTurns", count))
                } else {
                    try cursor.expect("s")
                    fields.append(("withinSeconds", count))
                }
            } else {
                let flag = RulesTree.scalar("true", isPlain: true, line: cursor.line.number)
                if cursor.take("negated") {
                    fields.append(("countNegated", flag))
                } else {
                    try cursor.expect("asked")
                    fields.append(("countQuestions", flag))
                }
            }
        }
        return cursor.mapping(fields)
    }

    private static func reply(
        _ cursor: inout TextCursor
    ) throws(RulesFileError.Problem) -> RulesTree {
        var fields = [("asker", try cursor.scalar("agent or caller"))]
        try cursor.expect("asks")
        fields.append(("asks", try cursor.list()))
        try cursor.expect("->")
        guard cursor.take(oneOf: ["caller", "agent"]) != nil else {
            throw cursor.line.problem("who answers is missing: caller or agent")
        }
        fields.append(("answer", try cursor.scalar("affirms or declines")))
        if cursor.take("within") {
            fields.append(("withinTurns", try cursor.scalar("a number")))
            if !cursor.take("turns") { try cursor.expect("turn") }
        }
        return cursor.mapping(fields)
    }
}
