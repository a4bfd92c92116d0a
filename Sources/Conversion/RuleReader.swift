import Foundation

/// Reads one rule after the other and keeps what the later ones may refer to.
struct RuleReader {
    /// A rule whose references have not been followed yet.
    private struct Draft {
        var id: String
        var type: String
        var value: Rule.Value?
        var currency: String?
        var oncePerCallerDays: Int?
        var scope: RuleScope
        var precedence: Int
        var unless: [String]
        var condition: Condition
        var references: [(id: String, node: RulesNode)]
    }

    private var drafts: [Draft] = []

    /// Types that somebody's `unless` looked at: no later rule may add to them.
    private var closedTypes: Set<String> = []

    private static let names = [
        "id", "type", "value", "currency", "count", "agents", "languages", "channels",
        "precedence", "unless", "when",
    ]

    mutating func read(_ node: RulesNode) throws(RulesFileError.Problem) {
        let fields = try node.fields(allowed: Self.names)
        let idField = try fields.required("id")
        let id = try idField.name()
        guard !drafts.contains(where: { $0.id == id }) else {
            throw idField.problem("another rule has this id")
        }
        let typeField = try fields.required("type")
        let type = try typeField.name()
        guard !closedTypes.contains(type) else {
            throw typeField.problem("all rules of a type must stand before its use in unless")
        }
        let (value, currency) = try money(fields)
        let unless = try unless(fields["unless"], type: type)
        var reader = ConditionReader()
        let condition = try reader.condition(try fields.required("when"))
        closedTypes.formUnion(unless)
        drafts.append(
            Draft(
                id: id,
                type: type,
                value: value,
                currency: currency,
                oncePerCallerDays: try count(fields["count"]),
                scope: try scope(fields),
                precedence: try fields["precedence"]?.integer(in: -1000...1000) ?? 0,
                unless: unless,
                condition: condition,
                references: reader.references
            )
        )
    }

    /// The rules that were read, each with its version.
    ///
    /// - Throws: A problem where a rule refers to one that is not there, or to itself in the end.
    func rules(lexicon: Lexicon) throws(RulesFileError.Problem) -> [Rule] {
        var meanings: [String: String] = [:]
        for draft in drafts { try follow(draft, from: [], lexicon, &meanings) }
        var rules: [Rule] = []
        for draft in drafts {
            let others = rules.filter { draft.unless.contains($0.type) }.map(\.version)
            rules.append(rule(draft, meaning: meanings[draft.id] ?? "", unlessVersions: others))
        }
        return rules
    }

    /// Finds out what a rule's condition means, and first what those mean that it refers to.
    private func follow(
        _ draft: Draft,
        from path: [String],
        _ lexicon: Lexicon,
        _ meanings: inout [String: String]
    ) throws(RulesFileError.Problem) {
        guard meanings[draft.id] == nil else { return }
        var references: [String] = []
        for reference in draft.references {
            guard let next = drafts.first(where: { $0.id == reference.id }) else {
                throw reference.node.problem("there is no rule \(reference.id)")
            }
            let circle = path + [draft.id, next.id]
            guard next.id != draft.id, !path.contains(next.id) else {
                throw reference.node.problem(
                    "rules refer to each other in a circle: \(circle.joined(separator: ", "))"
                )
            }
            try follow(next, from: path + [draft.id], lexicon, &meanings)
            references.append(meanings[next.id] ?? "")
        }
        meanings[draft.id] = RuleDigest.meaning(
            scope: draft.scope,
            condition: draft.condition,
            references: references,
            lexicon: lexicon
        )
    }

    private func rule(_ draft: Draft, meaning: String, unlessVersions: [String]) -> Rule {
        let worth =
            switch draft.value {
            case .fixed(let amount)?: NSDecimalNumber(decimal: amount).stringValue
            case .data(let id)?: "data \(id)"
            case nil: ""
            }
        return Rule(
            id: draft.id,
            type: draft.type,
            value: draft.value,
            currency: draft.currency,
            oncePerCallerDays: draft.oncePerCallerDays,
            scope: draft.scope,
            precedence: draft.precedence,
            unless: draft.unless,
            condition: draft.condition,
            version: RuleDigest.digest([
                meaning, draft.id, draft.type, worth, draft.currency ?? "",
                draft.oncePerCallerDays.map { "\($0)" } ?? "", "\(draft.precedence)",
                unlessVersions.joined(separator: ","),
            ]),
            echo: RuleEcho.sentences(
                type: draft.type,
                scope: draft.scope,
                unless: draft.unless,
                value: draft.value,
                currency: draft.currency,
                oncePerCallerDays: draft.oncePerCallerDays,
                condition: draft.condition
            )
        )
    }

    private func unless(
        _ node: RulesNode?,
        type: String
    ) throws(RulesFileError.Problem) -> [String] {
        guard let node else { return [] }
        var types: [String] = []
        for item in try node.items(max: RulesLimits.rulesMax) {
            let name = try item.name()
            guard name != type, drafts.contains(where: { $0.type == name }) else {
                throw item.problem("must be the type of a rule above")
            }
            guard !types.contains(name) else { throw item.problem("stands twice") }
            types.append(name)
        }
        return types
    }

    private func scope(_ fields: RulesNode.Fields) throws(RulesFileError.Problem) -> RuleScope {
        var scope = RuleScope()
        if let field = fields["agents"] { scope.agents = try field.texts(max: 200) }
        if let field = fields["languages"] { scope.languages = try field.texts(max: 200) }
        if let field = fields["channels"] {
            scope.channels = try field.texts(max: 3)
            guard Set(scope.channels).isSubset(of: ["phone", "voice", "text"]) else {
                throw field.problem("must be phone, voice or text")
            }
        }
        return scope
    }

    /// `every`, or `{ oncePerCallerDays: 30 }`.
    private func count(_ node: RulesNode?) throws(RulesFileError.Problem) -> Int? {
        guard let node else { return nil }
        guard node.isMapping else {
            guard node.plain == "every" else {
                throw node.problem("must be every, or oncePerCallerDays with a number")
            }
            return nil
        }
        let fields = try node.fields(allowed: ["oncePerCallerDays"])
        return try fields.required("oncePerCallerDays").integer(in: 1...3660)
    }

    private func money(
        _ fields: RulesNode.Fields
    ) throws(RulesFileError.Problem) -> (Rule.Value?, String?) {
        guard let field = fields["value"] else {
            if let currency = fields["currency"] { throw currency.problem("goes with value") }
            return (nil, nil)
        }
        let value: Rule.Value
        if field.isMapping {
            let source = try field.fields(allowed: ["data"])
            value = .data(try source.required("data").text())
        } else {
            let isAmount =
                field.plain?.wholeMatch(of: /[0-9]{1,12}(\.[0-9]{1,4})?/) != nil
            guard isAmount, let text = field.plain, let amount = Decimal(string: text) else {
                throw field.problem("must be an amount such as 80 or 79.90")
            }
            value = .fixed(amount)
        }
        let currency = try fields.required("currency")
        guard let code = currency.plain, code.wholeMatch(of: /[A-Z]{3}/) != nil else {
            throw currency.problem("must be a currency of ISO 4217, such as EUR")
        }
        return (value, code)
    }
}
