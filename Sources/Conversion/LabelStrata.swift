import CallStore

/// What calls are drawn from to be labelled.
package enum LabelStratum: String, Sendable, Hashable, CaseIterable {
    case yes
    case no
    case unknown

    /// The rules say no, and a coarse look says that there was something.
    case net

    /// Of so many labels, how many in a hundred go to it.
    var percent: Int {
        switch self {
        case .yes, .no: 40
        case .unknown, .net: 10
        }
    }
}

/// Puts calls into strata by one version of the rules.
struct LabelStrata {
    let type: String
    let rules: RuleSet
    private let phrases: [String]

    init(type: String, rules: RuleSet) {
        self.type = type
        self.rules = rules
        phrases = rules.rules.filter { $0.type == type }.flatMap { $0.condition.phrases }
    }

    func verdict(on facts: CallFacts) -> Ternary {
        rules.judge(facts).verdicts.first { $0.type == type }?.outcome ?? .unknown
    }

    func stratum(of facts: CallFacts) -> LabelStratum {
        switch verdict(on: facts) {
        case .yes: .yes
        case .unknown: .unknown
        case .no: isInNet(facts) ? .net : .no
        }
    }

    /// Any tool that ran, any criterion that succeeded, any phrase of the rules, however said.
    private func isInNet(_ facts: CallFacts) -> Bool {
        if facts.criteria?.contains(where: { $0.result == "success" }) == true { return true }
        let turns = facts.transcript ?? []
        let hasTool = turns.contains { turn in
            turn.toolCalls.contains(where: \.wasCalled)
                || turn.toolResults.contains(where: \.wasCalled)
        }
        if hasTool { return true }
        let speech = rules.lexicon.speech(for: facts.language)
        return turns.contains { turn in
            let spoken = SpokenTurn(turn.message ?? "", speech: speech)
            return phrases.contains { !spoken.places(of: $0).isEmpty }
        }
    }
}

extension Condition {
    /// What it listens for, anywhere in it.
    fileprivate var phrases: [String] {
        switch self {
        case .phrase(let leaf): leaf.phrases
        case .reply(let leaf): leaf.phrases
        default: parts.flatMap(\.phrases)
        }
    }
}
