/// A verdict in three-valued logic.
package enum Ternary: String, Sendable, Codable, CaseIterable {
    case yes
    case no
    case unknown
}

/// What one rule says of one call.
package struct Verdict: Hashable, Sendable {
    /// The conversion type, such as `booking`.
    package var type: String
    package var outcome: Ternary

    /// What each true leaf stands on: turn, character range, seconds, criterion or tool.
    package var evidence: [StoredValue]

    /// The rule in words.
    package var echo: String

    /// Whether settling one unknown leaf would make it a conversion.
    package var needsReview: Bool

    package init(
        type: String,
        outcome: Ternary,
        evidence: [StoredValue],
        echo: String,
        needsReview: Bool
    ) {
        self.type = type
        self.outcome = outcome
        self.evidence = evidence
        self.echo = echo
        self.needsReview = needsReview
    }
}

/// All that one version of the rules says of one call.
package struct Judgement: Hashable, Sendable {
    /// Names the immutable version of the rules: a digest of the file.
    package var ruleVersion: String

    /// The file's own name of the rules, for people.
    package var ruleName: String

    /// One verdict for each conversion type, the one that takes precedence first.
    package var verdicts: [Verdict]

    package init(ruleVersion: String, ruleName: String, verdicts: [Verdict]) {
        self.ruleVersion = ruleVersion
        self.ruleName = ruleName
        self.verdicts = verdicts
    }

    /// Converted when one type is; unknown when none is but one might be.
    package var outcome: Ternary {
        if verdicts.contains(where: { $0.outcome == .yes }) { return .yes }
        // No rule at all has not said no.
        let isOpen = verdicts.isEmpty || verdicts.contains { $0.outcome == .unknown }
        return isOpen ? .unknown : .no
    }

    /// The first type that is a conversion.
    package var type: String? { verdicts.first { $0.outcome == .yes }?.type }
}

/// Whether a call is a conversion, and since when.
package struct Conversion: Hashable, Sendable {
    /// The label where a person gave one, else the rules' outcome.
    package var outcome: Ternary

    /// The rules' outcome; nil when only a person has judged.
    package var ruleOutcome: Ternary?
    package var type: String?
    package var ruleVersion: String?
    package var needsReview: Bool

    /// The note of the label, else the echo of the rule that made it a conversion.
    package var note: String?
    package var judgedAtMilliseconds: Int64

    /// The content revision that was judged.
    package var callRevision: Int64
}

/// What a person says of a call's conversion.
package struct ManualLabel: Hashable, Sendable {
    package var type: String

    /// `.unknown` is "cannot tell".
    package var label: Ternary
    package var person: String
    package var note: String?

    package init(type: String, label: Ternary, person: String, note: String? = nil) {
        self.type = type
        self.label = label
        self.person = person
        self.note = note
    }
}

/// What became of a judgement.
package enum Judged: Hashable, Sendable {
    case changed
    case unchanged
}
