package import Foundation

/// One rule, in one immutable version: what makes a call a conversion of a type.
package struct Rule: Sendable, Hashable {
    package let id: String

    /// The conversion type that the rule decides; several rules may decide one type.
    package let type: String

    /// What a conversion is worth, in `currency`; both or neither.
    package let value: Decimal?

    /// ISO 4217.
    package let currency: String?

    /// Types that leave no room for this rule: where one of them is a conversion, this is none.
    package let unless: [String]

    package let condition: Condition

    /// Digest of everything that the rule's verdicts depend on, 16 hexadecimal digits.
    package let version: String

    /// What the rule counts, as one English sentence.
    package let echo: String

    /// `unlessVersions` are the versions of the rules that decide the types of `unless`.
    init(
        id: String,
        type: String,
        value: Decimal?,
        currency: String?,
        unless: [String],
        unlessVersions: [String],
        condition: Condition
    ) {
        self.id = id
        self.type = type
        self.value = value
        self.currency = currency
        self.unless = unless
        self.condition = condition
        echo = RuleEcho.sentence(type: type, unless: unless, condition: condition)
        version = RuleDigest.version(
            id: id,
            type: type,
            value: value,
            currency: currency,
            unlessVersions: unlessVersions,
            condition: condition
        )
    }
}

/// All rules of one file, in its order.
package struct RuleSet: Sendable, Hashable {
    package let rules: [Rule]

    /// The file's name without its ending, for people.
    package let name: String

    /// Digest of all rules in order; changes when and only when a verdict could.
    package let version: String

    init(name: String, rules: [Rule]) {
        self.name = name
        self.rules = rules
        version = RuleDigest.digest(rules.map(\.version))
    }

    /// The conversion types, in the order in which the file first names them.
    package var types: [String] {
        var seen: Set<String> = []
        return rules.map(\.type).filter { seen.insert($0).inserted }
    }
}
