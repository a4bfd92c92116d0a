import CallStore

/// Why a leaf is true: the place in the call that shows it.
struct Evidence: Sendable, Hashable {
    /// The leaf's kind as a rules file names it, or `none` for things that did not happen.
    var leaf: String
    var ruleID: String
    var ruleVersion: String

    /// What was found, without the caller's words: a phrase of the rule, a tool, an id, a number.
    var detail: String

    /// Index of the turn, from 0.
    var turn: Int?

    /// Where in the turn's message, in Unicode scalars, the end exclusive.
    var characters: Range<Int>?

    /// Seconds from the start of the call.
    var seconds: Int?

    /// The same as the store keeps it: an object with the fields that are known.
    var stored: StoredValue {
        var fields: [String: StoredValue] = [
            "leaf": .text(leaf), "rule": .text(ruleID), "version": .text(ruleVersion),
            "detail": .text(detail),
        ]
        if let turn { fields["turn"] = .integer(Int64(turn)) }
        if let characters {
            fields["from"] = .integer(Int64(characters.lowerBound))
            fields["to"] = .integer(Int64(characters.upperBound))
        }
        if let seconds { fields["seconds"] = .integer(Int64(seconds)) }
        return .object(fields)
    }
}

/// What became of one condition on one call.
struct Finding: Sendable, Equatable {
    var truth: Ternary

    /// Of every true leaf, in the order of the tree.
    var evidence: [Evidence]

    static let unknown = Finding(truth: .unknown, evidence: [])
    static let no = Finding(truth: .no, evidence: [])
}

/// One call while the rules of a set are applied to it: what they share.
final class CallEvaluation {
    let facts: CallFacts
    private let set: RuleSet
    private var findings: [String: Finding] = [:]

    /// What was said, turn by turn.
    private(set) lazy var spoken: [SpokenTurn] = {
        let speech = set.lexicon.speech(for: facts.language)
        return (facts.transcript ?? []).map { SpokenTurn($0.message ?? "", speech: speech) }
    }()

    init(_ facts: CallFacts, by set: RuleSet) {
        self.facts = facts
        self.set = set
    }

    /// What a rule's scope and condition say, without its `unless`.
    ///
    /// The file was refused if rules refer to each other in a circle, so this ends.
    func finding(of rule: Rule) -> Finding {
        if let known = findings[rule.id] { return known }
        var finding = Finding.no
        switch rule.scope.includes(facts) {
        case .yes: finding = Evaluator(rule: rule, call: self).finding(rule.condition)
        case .no: break
        case .unknown:
            let inside = Evaluator(rule: rule, call: self).finding(rule.condition)
            finding = inside.truth == .no ? .no : .unknown
        }
        findings[rule.id] = finding
        return finding
    }

    func finding(ofRule id: String) -> Finding {
        guard let rule = set.rules.first(where: { $0.id == id }) else {
            preconditionFailure("A rules file whose rules refer to others that are not there.")
        }
        return finding(of: rule)
    }
}

/// Applies the conditions of one rule to one call; a pure function of both.
struct Evaluator {
    let rule: Rule
    let call: CallEvaluation

    var facts: CallFacts { call.facts }

    func finding(_ condition: Condition) -> Finding {
        switch condition {
        case .all, .any, .none, .atLeast, .score: combined(condition)
        case .successful(let wanted): successful(wanted)
        case .successScore(let range): number(facts.successScore, in: range, "successful")
        case .turns(let count): turns(count)
        case .phrase(let leaf): phrase(leaf)
        case .notPhrase(let leaf, let after): notPhrase(leaf, after: after)
        case .reply(let leaf): reply(leaf)
        case .tool(let leaf): tool(leaf)
        case .criterion(let leaf): criterion(leaf)
        case .data(let leaf): data(leaf)
        case .duration(let range): duration(range)
        case .word(let word, let values): self.word(word, values)
        case .rating(let range): number(facts.rating, in: range, "rating")
        case .caller(let leaf): caller(leaf)
        case .campaign(let leaf): campaign(leaf)
        case .rule(let id): call.finding(ofRule: id)
        }
    }

    /// Whether settling one leaf that is unknown would make the condition true.
    func isOneLeafFromYes(_ condition: Condition) -> Bool {
        let leaves = leaves(condition).map { finding($0).truth }
        return leaves.indices.contains { index in
            guard leaves[index] == .unknown else { return false }
            return [Ternary.yes, .no].contains { settled in
                var settledLeaves = leaves
                settledLeaves[index] = settled
                var rest = settledLeaves[...]
                return Self.fold(condition, &rest) == .yes
            }
        }
    }

    /// The leaves of a tree, from left to right.
    private func leaves(_ condition: Condition) -> [Condition] {
        condition.isCombinator ? condition.parts.flatMap(leaves) : [condition]
    }

    /// The value of a tree whose leaves have the given values, taken from the front.
    private static func fold(
        _ condition: Condition,
        _ leaves: inout ArraySlice<Ternary>
    ) -> Ternary {
        guard condition.isCombinator else { return leaves.popFirst() ?? .unknown }
        var values: [Ternary] = []
        for part in condition.parts { values.append(fold(part, &leaves)) }
        return condition.combined(values)
    }

    private func combined(_ condition: Condition) -> Finding {
        let findings = condition.parts.map(finding)
        var finding = Finding(
            truth: condition.combined(findings.map(\.truth)),
            evidence: findings.flatMap(\.evidence)
        )
        if finding.truth == .yes {
            if case .none = condition { finding.evidence = [absence(condition)] }
            // Weights below zero can leave a sum that needs no leaf to hold.
            if finding.evidence.isEmpty { finding.evidence = [absence(condition)] }
        }
        return finding
    }

    /// What did not happen has no place; still a true verdict must say what it stands on.
    func absence(_ condition: Condition) -> Evidence {
        evidence("none", detail: RuleEcho.phrase(condition))
    }

    func leaf(_ truth: Ternary, evidence: () -> Evidence) -> Finding {
        Finding(truth: truth, evidence: truth == .yes ? [evidence()] : [])
    }

    func evidence(
        _ leaf: String,
        detail: String,
        turn: Int? = nil,
        characters: Range<Int>? = nil
    ) -> Evidence {
        Evidence(
            leaf: leaf,
            ruleID: rule.id,
            ruleVersion: rule.version,
            detail: detail,
            turn: turn,
            characters: characters,
            seconds: turn.flatMap { facts.transcript?[$0].secondsIn }
        )
    }
}

extension Condition {
    /// Whether it is made of others only, and its value follows from theirs.
    fileprivate var isCombinator: Bool {
        switch self {
        case .all, .any, .none, .atLeast, .score: true
        default: false
        }
    }

    /// The value of a combinator whose parts have these values.
    fileprivate func combined(_ values: [Ternary]) -> Ternary {
        switch self {
        case .all: Ternary.all(values)
        case .any: Ternary.any(values)
        case .none: Ternary.none(values)
        case .atLeast(let count, _): Ternary.atLeast(count, of: values)
        case .score(let limit, let parts):
            Ternary.score(zip(parts.map(\.weight), values).map { ($0, $1) }, atLeast: limit)
        default: values.first ?? .unknown
        }
    }
}

extension RuleScope {
    /// Whether the rule is about such a call.
    func includes(_ facts: CallFacts) -> Ternary {
        func part(_ values: [String], _ found: String?, _ word: CallWord) -> Ternary {
            guard !values.isEmpty else { return .yes }
            return found.map { word.truth(of: $0, isIn: values) } ?? .unknown
        }
        return Ternary.all([
            part(agents, facts.agentID, .agent), part(languages, facts.language, .language),
            part(channels, facts.channel?.rawValue, .channel),
        ])
    }
}
