/// Reads the text form of rules: the same tree as the YAML form, made to be written by people.
///
/// A rule is its header, lines of `name: value`, and its conditions, one in a line, parts below
/// and to the right of what they are parts of.
enum RulesText {
    /// The tree that the YAML form would be read to.
    ///
    /// - Throws: The first problem with its line.
    static func tree(_ text: String) throws(RulesFileError.Problem) -> RulesTree {
        var rules: [RulesTree] = []
        var header: [TextLine] = []
        var body: [TextLine] = []
        for line in try TextLine.lines(of: text) {
            if line.isHeader {
                if !body.isEmpty {
                    rules.append(try rule(header, body))
                    (header, body) = ([], [])
                }
                header.append(line)
            } else {
                guard !header.isEmpty else { throw line.problem("a rule begins with type:") }
                body.append(line)
            }
        }
        if !header.isEmpty { rules.append(try rule(header, body)) }
        guard !rules.isEmpty else {
            throw RulesFileError.Problem(line: 1, field: "", reason: "the file holds no rule")
        }
        return .mapping([("rules", .list(rules, line: 1))], line: 1)
    }

    private static func rule(
        _ header: [TextLine],
        _ body: [TextLine]
    ) throws(RulesFileError.Problem) -> RulesTree {
        var pairs: [(key: String, value: RulesTree)] = []
        for line in header { pairs += try TextHeader.fields(line) }
        if !pairs.contains(where: { $0.key == "id" }),
            let type = pairs.first(where: { $0.key == "type" })
        {
            pairs.append(("id", type.value))
        }
        var rest = body[...]
        if let first = rest.first {
            let roots = try conditions(&rest, indent: first.indent)
            guard let root = roots.first, roots.count == 1 else {
                throw first.problem("stands beside others; put \"all\" or \"any\" above them")
            }
            pairs.append(("when", root))
        }
        return .mapping(pairs, line: header.first?.number ?? 1)
    }

    /// Conditions that stand below each other, taken from the front.
    private static func conditions(
        _ lines: inout ArraySlice<TextLine>,
        indent: Int,
        weighted: Bool = false,
        depth: Int = 1
    ) throws(RulesFileError.Problem) -> [RulesTree] {
        var conditions: [RulesTree] = []
        while let line = lines.first, line.indent >= indent {
            guard line.indent == indent else {
                throw line.problem("stands too far to the right; parts stand below each other")
            }
            lines.removeFirst()
            var cursor = TextCursor(line)
            let weight = weighted ? try cursor.weight() : nil
            let condition = try condition(&cursor, &lines, depth: depth)
            if let weight {
                let fields = [("weight", weight), ("when", condition)]
                conditions.append(cursor.mapping(fields))
            } else {
                conditions.append(condition)
            }
        }
        if let line = lines.first, line.indent < indent, line.indent > 0, depth == 1 {
            throw line.problem("stands too far to the left of the line above")
        }
        return conditions
    }

    private static func condition(
        _ cursor: inout TextCursor,
        _ lines: inout ArraySlice<TextLine>,
        depth: Int
    ) throws(RulesFileError.Problem) -> RulesTree {
        let line = cursor.line
        guard depth <= RulesLimits.depthMax else {
            throw line.problem("conditions are nested deeper than \(RulesLimits.depthMax)")
        }
        func parts(
            weighted: Bool = false
        ) throws(RulesFileError.Problem) -> RulesTree {
            guard let next = lines.first, next.indent > line.indent else {
                throw line.problem("has no parts; they stand below it, further to the right")
            }
            let parts = try conditions(
                &lines,
                indent: next.indent,
                weighted: weighted,
                depth: depth + 1
            )
            return .list(parts, line: line.number)
        }
        if cursor.take("not") {
            let inner = try condition(&cursor, &lines, depth: depth + 1)
            return cursor.mapping([("none", .list([inner], line: line.number))])
        }
        for word in ["all", "any", "none"] where cursor.take(word) {
            try cursor.end()
            return cursor.mapping([(word, try parts())])
        }
        if cursor.take("at") {
            try cursor.expect("least")
            let count = try cursor.scalar("a number")
            try cursor.expect("of")
            try cursor.end()
            return cursor.mapping([
                ("atLeast", cursor.mapping([("count", count), ("of", try parts())]))
            ])
        }
        if cursor.take("score") {
            try cursor.expect(">=")
            let limit = try cursor.scalar("a number")
            try cursor.end()
            let fields = [("atLeast", limit), ("of", try parts(weighted: true))]
            return cursor.mapping([("score", cursor.mapping(fields))])
        }
        let (leaf, wantsPlace) = try TextLeaf.read(&cursor)
        try cursor.end()
        guard wantsPlace else {
            if let next = lines.first, next.indent > line.indent {
                throw next.problem("stands below a condition that has no parts")
            }
            return leaf
        }
        guard case .list(let after, _) = try parts(), let place = after.first, after.count == 1,
            case .mapping(let pairs, _) = leaf, let pair = pairs.first,
            case .mapping(let fields, _) = pair.value
        else { throw line.problem("takes one condition below \"after\"") }
        return cursor.mapping([
            (pair.key, .mapping(fields + [("after", place)], line: line.number))
        ])
    }
}

/// Reads the header of a rule in the text form.
private enum TextHeader {
    static func fields(
        _ line: TextLine
    ) throws(RulesFileError.Problem) -> [(key: String, value: RulesTree)] {
        var cursor = TextCursor(line)
        var pairs: [(key: String, value: RulesTree)] = []
        while let key = cursor.key() {
            switch key {
            case "rule": pairs.append(("id", try cursor.scalar("the rule's id")))
            case "type": pairs.append(("type", try cursor.scalar("the conversion type")))
            case "precedence": pairs.append(("precedence", try cursor.scalar("a number")))
            case "unless", "agents", "languages", "channels":
                pairs.append((key, try cursor.list()))
            case "value":
                if cursor.take("data") {
                    let id = try cursor.scalar("the id of collected data")
                    pairs.append(("value", cursor.mapping([("data", id)])))
                } else {
                    pairs.append(("value", try cursor.scalar("an amount")))
                }
                pairs.append(("currency", try cursor.scalar("a currency such as EUR")))
            case "count": pairs.append(("count", try count(&cursor)))
            default:
                throw line.problem(
                    "no such field \"\(key)\"; allowed are rule, type, value, count, agents, "
                        + "languages, channels, precedence and unless"
                )
            }
        }
        try cursor.end()
        return pairs
    }

    private static func count(
        _ cursor: inout TextCursor
    ) throws(RulesFileError.Problem) -> RulesTree {
        if cursor.take("every") {
            _ = cursor.take("call")
            return .scalar("every", isPlain: true, line: cursor.line.number)
        }
        for word in ["one", "per", "caller", "per"] { try cursor.expect(word) }
        let days = try cursor.scalar("a number of days")
        if !cursor.take("days") { try cursor.expect("day") }
        return cursor.mapping([("oncePerCallerDays", days)])
    }
}
