package import CallStore

/// From where on a rule fires, as far as people may say so.
package struct AlertThreshold: Sendable, Equatable {
    package enum Unit: String, Sendable, CaseIterable {
        case calls
        case minutes
        case hours
        case days
        case percent
        case points
        case jobs
        case dollars
    }

    package let unit: Unit

    /// What holds unless somebody says otherwise; nil for a rule that waits for somebody to.
    package let standard: Double?

    /// What may be said.
    package let range: ClosedRange<Double>
}

extension AlertRule {
    /// Nil for a rule that has none to be set.
    package var threshold: AlertThreshold? {
        switch self {
        case .webhookSilence:
            AlertThreshold(
                unit: .calls,
                standard: Double(AlertLimits.callsWithoutWebhook),
                range: 1...10_000
            )
        case .pollFailing:
            // Below one poll it would fire between two of them.
            AlertThreshold(
                unit: .minutes,
                standard: Self.minutes(AlertLimits.pollSilence),
                range: 16...1_440
            )
        case .unattributedShare, .conversionRate, .successRate:
            AlertThreshold(
                unit: .percent,
                standard: AlertLimits.differenceMin * 100,
                range: 1...90
            )
        case .noCalls: nil
        case .oldestJob:
            AlertThreshold(
                unit: .minutes,
                standard: Self.minutes(AlertLimits.jobAge),
                range: 1...1_440
            )
        case .deadJobs: AlertThreshold(unit: .jobs, standard: 1, range: 1...100_000)
        case .costPerConversion:
            AlertThreshold(unit: .dollars, standard: nil, range: 0.01...1_000_000)
        case .unfinishedCalls:
            AlertThreshold(
                unit: .hours,
                standard: Self.minutes(AlertLimits.unfinishedAge) / 60,
                range: 1...720
            )
        case .upstreamDeletion:
            AlertThreshold(
                unit: .days,
                standard: Double(AlertLimits.deletionDays),
                range: 1...30
            )
        case .retentionBehind:
            // A day passes between two nights in any case.
            AlertThreshold(
                unit: .hours,
                standard: Self.minutes(AlertLimits.overdue) / 60,
                range: 25...720
            )
        case .labelDrift:
            AlertThreshold(
                unit: .points,
                standard: Double(AlertLimits.driftPoints),
                range: 1...90
            )
        }
    }

    private static func minutes(_ duration: Duration) -> Double {
        Double(duration.components.seconds) / 60
    }

    /// A setting of this rule that holds together, or what is wrong with it.
    ///
    /// - Parameters:
    ///   - isOn: Whether it is looked at.
    ///   - threshold: In the rule's unit; nil for the standard.
    ///   - person: Who sets it.
    /// - Returns: The setting.
    /// - Throws: `StoreError.rejected` with what the rule takes.
    package func setting(
        isOn: Bool,
        threshold: Double?,
        by person: String
    ) throws(StoreError) -> AlertSetting {
        if let threshold {
            guard let known = self.threshold else {
                throw .rejected(reason: "\(rawValue) has no threshold")
            }
            guard known.range.contains(threshold) else {
                let range = known.range
                throw .rejected(
                    reason: "\(rawValue) takes \(range.lowerBound) to \(range.upperBound) "
                        + known.unit.rawValue
                )
            }
        }
        return AlertSetting(rule: rawValue, isOn: isOn, threshold: threshold, person: person)
    }
}

extension AlertFacts {
    /// Whether a rule is looked at.
    func isOn(_ rule: AlertRule) -> Bool { settings[rule]?.isOn ?? true }

    /// From where on a rule fires; nil while nobody has said.
    func threshold(_ rule: AlertRule) -> Double? {
        settings[rule]?.threshold ?? rule.threshold?.standard
    }
}

extension AlertFacts {
    /// What a rule says of the facts when it is set so.
    ///
    /// - Parameters:
    ///   - rule: Which rule.
    ///   - setting: Nil for as it is shipped.
    /// - Returns: Nil for one that is off.
    package func verdict(of rule: AlertRule, setAs setting: AlertSetting?) -> AlertVerdict? {
        var facts = self
        facts.settings[rule] = setting
        return facts.verdicts.first { $0.rule == rule }
    }
}

/// One rule of the alerts as it is set, for people and programs.
package struct AlertRuleRow: Sendable, Equatable {
    package let rule: AlertRule
    package let isOn: Bool

    /// From where on it fires; nil when the rule has no threshold, or nobody has said one.
    package let threshold: Double?

    /// Who has set it; nil for as it is shipped.
    package let person: String?

    package init(_ rule: AlertRule, _ settings: [AlertSetting]) {
        let setting = settings.first { $0.rule == rule.rawValue }
        self.rule = rule
        isOn = setting?.isOn ?? true
        threshold = setting?.threshold ?? rule.threshold?.standard
        person = setting?.person
    }

    /// How programs read it, from the command line and over HTTP.
    package var fields: StoredValue {
        func number(_ value: Double?) -> StoredValue { value.map { .number($0) } ?? .null }
        func text(_ value: String?) -> StoredValue { value.map { .text($0) } ?? .null }
        return .object([
            "rule": .text(rule.rawValue),
            "title": .text(rule.title),
            "on": .bool(isOn),
            "threshold": number(threshold),
            "standard": number(rule.threshold?.standard),
            "unit": text(rule.threshold?.unit.rawValue),
            "by": text(person),
        ])
    }

    /// Such as `15 minutes`; nil without a threshold.
    package var words: String? {
        guard let threshold, let unit = rule.threshold?.unit else { return nil }
        let isWhole = threshold == threshold.rounded() && threshold < 1_000_000_000
        let isOne = threshold == 1 && unit.rawValue.hasSuffix("s")
        return (isWhole ? "\(Int(threshold))" : "\(threshold)")
            + " " + (isOne ? String(unit.rawValue.dropLast()) : unit.rawValue)
    }
}
