import CallStore

/// Why a leaf is true: the place in the call that shows it.
struct Evidence: Sendable, Hashable {
    /// The leaf's kind: `successful`, `turns`, `phrase`, `tool`, `criterion`, `data`, `duration`,
    /// or `none` for things that did not happen.
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
}

/// Applies the conditions of one rule to one call; a pure function of both.
struct Evaluator {
    let ruleID: String
    let ruleVersion: String
    let facts: CallFacts
    private let words: [Words]

    init(rule: Rule, facts: CallFacts) {
        ruleID = rule.id
        ruleVersion = rule.version
        self.facts = facts
        words = (facts.transcript ?? []).map { Words($0.message ?? "") }
    }

    func finding(_ condition: Condition) -> Finding {
        switch condition {
        case .all(let parts): combined(parts, Ternary.all)
        case .any(let parts): combined(parts, Ternary.any)
        case .none(let parts): absence(parts)
        case .successful(let wanted): successful(wanted)
        case .turns(let count): turns(count)
        case .phrase(let leaf): phrase(leaf)
        case .tool(let leaf): tool(leaf)
        case .criterion(let leaf): criterion(leaf)
        case .data(let leaf): data(leaf)
        case .duration(let range): duration(range)
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
        switch condition {
        case .all(let parts), .any(let parts), .none(let parts): parts.flatMap(leaves)
        default: [condition]
        }
    }

    /// The value of a tree whose leaves have the given values, taken from the front.
    private static func fold(
        _ condition: Condition,
        _ leaves: inout ArraySlice<Ternary>
    ) -> Ternary {
        var values: [Ternary] = []
        switch condition {
        case .all(let parts), .any(let parts), .none(let parts):
            for part in parts { values.append(fold(part, &leaves)) }
        default:
            return leaves.popFirst() ?? .unknown
        }
        return switch condition {
        case .all: Ternary.all(values)
        case .any: Ternary.any(values)
        default: Ternary.none(values)
        }
    }

    private func combined(_ parts: [Condition], _ combine: ([Ternary]) -> Ternary) -> Finding {
        let findings = parts.map(finding)
        return Finding(
            truth: combine(findings.map(\.truth)),
            evidence: findings.flatMap(\.evidence)
        )
    }

    private func absence(_ parts: [Condition]) -> Finding {
        var finding = combined(parts, Ternary.none)
        if finding.truth == .yes {
            // What did not happen has no place; still a true verdict must say what it stands on.
            let echo = RuleEcho.phrase(.none(parts))
            finding.evidence = [evidence("none", detail: echo)]
        }
        return finding
    }

    private func successful(_ wanted: UpstreamResult) -> Finding {
        guard let word = facts.successful else { return unknown }
        return leaf(Self.truth(of: word, wanted: wanted)) {
            evidence("successful", detail: wanted.rawValue)
        }
    }

    private func criterion(_ wanted: CriterionLeaf) -> Finding {
        guard let result = facts.criteria?.first(where: { $0.id == wanted.id }) else {
            return unknown
        }
        return leaf(Self.truth(of: result.result, wanted: wanted.result)) {
            evidence("criterion", detail: "\(wanted.id) is \(wanted.result.rawValue)")
        }
    }

    /// Compares the upstream's word with the wanted one; its own "unknown" is unknown to us too.
    private static func truth(of word: String, wanted: UpstreamResult) -> Ternary {
        switch UpstreamResult(rawValue: word) {
        case .unknown?: wanted == .unknown ? .yes : .unknown
        case let result?: Ternary(result == wanted)
        case nil: .unknown
        }
    }

    private func turns(_ count: TurnCount) -> Finding {
        guard let transcript = facts.transcript else { return unknown }
        let counted = transcript.indices.filter { index in
            count.speaker.matches(transcript[index].speaker) && !words[index].words.isEmpty
        }
        let isEnough = count.atLeast.map { counted.count >= $0 } ?? true
        let isFewEnough = count.atMost.map { counted.count <= $0 } ?? true
        return leaf(Ternary(isEnough && isFewEnough)) {
            // The turn with which the count was reached shows it.
            let reaching = count.atLeast.flatMap { $0 >= 1 ? counted[$0 - 1] : nil }
            let who = RuleEcho.speaker(count.speaker)
            return evidence("turns", detail: "\(counted.count) turns of \(who)", turn: reaching)
        }
    }

    private func duration(_ range: SecondsRange) -> Finding {
        guard let seconds = facts.durationSeconds else { return unknown }
        let isLong = range.atLeast.map { seconds >= $0 } ?? true
        let isShort = range.atMost.map { seconds <= $0 } ?? true
        return leaf(Ternary(isLong && isShort)) { evidence("duration", detail: "\(seconds) s") }
    }

    private func phrase(_ leaf: PhraseLeaf) -> Finding {
        guard let transcript = facts.transcript else { return unknown }
        var found: [Evidence] = []
        for phrase in leaf.phrases {
            let needle = Words(phrase)
            for (index, turn) in transcript.enumerated() where leaf.speaker.matches(turn.speaker) {
                if let limit = leaf.withinSeconds, turn.secondsIn > limit { continue }
                guard let range = words[index].range(of: needle) else { continue }
                found.append(evidence("phrase", detail: phrase, turn: index, characters: range))
                break
            }
        }
        return found.count >= leaf.needed
            ? Finding(truth: .yes, evidence: found) : Finding(truth: .no, evidence: [])
    }

    private func tool(_ wanted: ToolLeaf) -> Finding {
        guard let transcript = facts.transcript else { return unknown }
        for (index, turn) in transcript.enumerated() {
            let isCalled =
                wanted.use == .called
                && turn.toolCalls.contains { $0.name == wanted.name && $0.wasCalled }
            let isAnswered = turn.toolResults.contains { result in
                result.name == wanted.name && result.wasCalled
                    && (wanted.use == .called || !result.isError)
            }
            guard isCalled || isAnswered else { continue }
            let detail = "\(wanted.name) \(wanted.use.rawValue)"
            return Finding(truth: .yes, evidence: [evidence("tool", detail: detail, turn: index)])
        }
        return Finding(truth: .no, evidence: [])
    }

    private func data(_ wanted: DataLeaf) -> Finding {
        guard let collected = facts.collected else { return unknown }
        let found = collected.first { $0.id == wanted.id }?.value ?? .null
        return leaf(DataComparison.truth(of: found, test: wanted.test)) {
            evidence("data", detail: RuleEcho.phrase(.data(wanted)))
        }
    }

    private var unknown: Finding { Finding(truth: .unknown, evidence: []) }

    private func leaf(_ truth: Ternary, evidence: () -> Evidence) -> Finding {
        Finding(truth: truth, evidence: truth == .yes ? [evidence()] : [])
    }

    private func evidence(
        _ leaf: String,
        detail: String,
        turn: Int? = nil,
        characters: Range<Int>? = nil
    ) -> Evidence {
        Evidence(
            leaf: leaf,
            ruleID: ruleID,
            ruleVersion: ruleVersion,
            detail: detail,
            turn: turn,
            characters: characters,
            seconds: turn.flatMap { facts.transcript?[$0].secondsIn }
        )
    }
}
