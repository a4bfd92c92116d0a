package import Foundation

/// One rule, in one immutable version: what makes a call a conversion of a type.
package struct Rule: Sendable, Hashable {
    /// What a conversion is worth.
    package enum Value: Sendable, Hashable {
        case fixed(Decimal)

        /// The number that the upstream collected under this id.
        case data(String)
    }

    package let id: String

    /// The conversion type that the rule decides; several rules may decide one type.
    package let type: String

    /// In `currency`; both or neither.
    package let value: Value?

    /// ISO 4217.
    package let currency: String?

    /// Conversions of one caller within so many days count once; nil to count each.
    package let oncePerCallerDays: Int?

    package let scope: RuleScope

    /// Of several types that a call is a conversion of, the highest names it; 0 if nothing is said.
    package let precedence: Int

    /// Types that leave no room for this rule: where one of them is a conversion, this is none.
    package let unless: [String]

    package let condition: Condition

    /// Digest of everything that the rule's verdicts depend on, 16 hexadecimal digits.
    package let version: String

    /// What the rule counts, in English.
    package let echo: String
}

/// The calls that a rule is about; an empty list stands for all.
package struct RuleScope: Sendable, Hashable {
    package var agents: [String] = []
    package var languages: [String] = []
    package var channels: [String] = []
}

/// All rules of one file, in its order.
package struct RuleSet: Sendable, Hashable {
    /// The two ways to write the same.
    package enum Form: String, Sendable, Hashable {
        case yaml
        case text
    }

    package let rules: [Rule]

    /// The file's name without its ending, for people.
    package let name: String

    /// Digest of all rules in order; changes when and only when a verdict could.
    package let version: String

    /// The file as it was read.
    package let source: String
    package let form: Form

    /// The word lists that the rules are read with.
    package let lexicon: Lexicon

    init(
        name: String,
        rules: [Rule],
        source: String,
        form: Form,
        lexicon: Lexicon,
        version: String? = nil
    ) {
        self.name = name
        self.rules = rules
        self.source = source
        self.form = form
        self.lexicon = lexicon
        self.version = version ?? RuleDigest.digest(rules.map(\.version))
    }

    /// The conversion types, the highest precedence first, else in the order of the file.
    package var types: [String] {
        var seen: Set<String> = []
        let named = rules.map(\.type).filter { seen.insert($0).inserted }
        let height = Dictionary(rules.map { ($0.type, $0.precedence) }, uniquingKeysWith: max)
        return named.enumerated()
            .sorted { left, right in
                let (first, second) = (height[left.element] ?? 0, height[right.element] ?? 0)
                return first == second ? left.offset < right.offset : first > second
            }
            .map(\.element)
    }

    /// Whether a verdict may depend on what a call is credited to.
    package var dependsOnCampaigns: Bool {
        rules.contains { rule in
            rule.condition.contains { if case .campaign = $0 { true } else { false } }
        }
    }
}
