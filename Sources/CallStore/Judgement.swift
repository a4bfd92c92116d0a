package import Foundation
import PhoneNumbers

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

    /// What a conversion by this rule is worth, whatever the outcome; nil when nobody said.
    package var worth: Money?

    /// Conversions of one caller within so many days count once; nil to count each.
    package var oncePerCallerDays: Int?

    package init(
        type: String,
        outcome: Ternary,
        evidence: [StoredValue],
        echo: String,
        needsReview: Bool,
        worth: Money? = nil,
        oncePerCallerDays: Int? = nil
    ) {
        self.type = type
        self.outcome = outcome
        self.evidence = evidence
        self.echo = echo
        self.needsReview = needsReview
        self.worth = worth
        self.oncePerCallerDays = oncePerCallerDays
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

    /// What it is worth; nil for no conversion, or when nobody said.
    package var worth: Money?

    /// False for a conversion of a caller who has one that counts in the days before.
    package var isCounted: Bool

    /// Conversions of one caller within so many days count once; nil to count each.
    package var oncePerCallerDays: Int?
}

/// An amount of money, exact to a millionth.
package struct Money: Hashable, Sendable {
    package var micros: Int64

    /// ISO 4217.
    package var currency: String

    package init(micros: Int64, currency: String) {
        self.micros = micros
        self.currency = currency
    }

    /// Nil for an amount beyond what is kept: over 12 digits before the point.
    package init?(_ amount: Decimal, currency: String) {
        guard abs(amount) < 1_000_000_000_000 else { return nil }
        var scaled = amount * 1_000_000
        var whole = Decimal()
        NSDecimalRound(&whole, &scaled, 0, .plain)
        self.init(micros: NSDecimalNumber(decimal: whole).int64Value, currency: currency)
    }

    /// In units of the currency, for what need not be exact.
    package var amount: Double { Double(micros) / 1_000_000 }

    /// Such as `79.90 EUR`.
    package var text: String {
        let whole = micros.magnitude / 1_000_000
        var digits = String(micros.magnitude % 1_000_000)
        digits = String(repeating: "0", count: 6 - digits.count) + digits
        while digits.count > 2, digits.hasSuffix("0") { digits.removeLast() }
        return "\(micros < 0 ? "-" : "")\(whole).\(digits) \(currency)"
    }
}

/// A call at its end with what rules may ask of it beside its own record.
package struct CallToJudge: Hashable, Sendable {
    package var call: Call

    /// Whether no earlier call of the same number is known; nil without a number.
    package var isFirstOfCaller: Bool?

    /// The caller lists that the number is on; nil without a number.
    package var callerLists: Set<String>?

    /// Of the campaign that it is credited to.
    package var campaignName: String?
    package var labels: [ManualLabel]

    /// Whether its content was erased or has expired: there is nothing left to judge it from.
    package var isFrozen: Bool

    /// Whether what it was judged to be stands, whatever the rules say now.
    package var isSettled: Bool { isFrozen && call.conversion != nil }

    /// Whether the caller's number was withheld; nil when nothing is known of it.
    package var isWithheld: Bool? { call.record.caller.map { $0.kind == .withheld } }

    package init(
        call: Call,
        isFirstOfCaller: Bool? = nil,
        callerLists: Set<String>? = nil,
        campaignName: String? = nil,
        labels: [ManualLabel] = [],
        isFrozen: Bool = false
    ) {
        self.call = call
        self.isFirstOfCaller = isFirstOfCaller
        self.callerLists = callerLists
        self.campaignName = campaignName
        self.labels = labels
        self.isFrozen = isFrozen
    }
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
