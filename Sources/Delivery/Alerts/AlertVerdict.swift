import CallStore
import Foundation

/// What one rule says of the facts.
package struct AlertVerdict: Sendable, Equatable {
    package var rule: AlertRule

    /// Nil when there is too little to tell: what was said before stands.
    package var isFiring: Bool?

    /// The figures behind it, for people.
    package var text: String

    package init(rule: AlertRule, isFiring: Bool?, text: String) {
        self.rule = rule
        self.isFiring = isFiring
        self.text = text
    }
}

extension AlertFacts {
    /// What every rule says that is not switched off.
    package var verdicts: [AlertVerdict] {
        AlertRule.allCases.filter(isOn).map { rule in
            let (isFiring, text) = verdict(of: rule)
            return AlertVerdict(rule: rule, isFiring: isFiring, text: text)
        }
    }

    private func verdict(of rule: AlertRule) -> (Bool?, String) {
        switch rule {
        case .webhookSilence: webhooks
        case .pollFailing: poll
        case .unattributedShare:
            compare(rule, "without a campaign", isRiseBad: true) {
                ($0.calls - $0.attributed, $0.calls)
            }
        case .conversionRate:
            compare(rule, "converted", isRiseBad: false) { ($0.conversions, $0.qualified) }
        case .successRate:
            compare(rule, "successful", isRiseBad: false) { ($0.success, $0.success + $0.failure) }
        case .noCalls: calls
        case .oldestJob: oldest
        case .deadJobs: dead
        case .costPerConversion: cost
        case .unfinishedCalls:
            (
                unfinished > 0,
                "\(unfinished) calls have not ended \(Int(threshold(rule) ?? 0)) hours after they began."
            )
        case .upstreamDeletion:
            (
                unread > 0,
                "\(unread) calls were never read whole, and are deleted upstream within "
                    + "\(Int(threshold(rule) ?? 0)) days."
            )
        case .retentionBehind: retention
        case .labelDrift: drift
        }
    }

    // MARK: Rules on moments

    private var webhooks: (Bool?, String) {
        guard let last = lastWebhookMilliseconds else { return (nil, "No webhook ever came.") }
        return (
            Double(callsSinceWebhook) >= threshold(.webhookSilence) ?? .infinity,
            "\(callsSinceWebhook) calls came by polling alone since the last webhook at "
                + "\(OutgoingText.time(last))."
        )
    }

    private var poll: (Bool?, String) {
        guard let last = lastPollMilliseconds else { return (nil, "Nothing was polled yet.") }
        let age = Duration.milliseconds(nowMilliseconds - last)
        return (isOver(age, .pollFailing), "The last poll ended at \(OutgoingText.time(last)).")
    }

    private var oldest: (Bool?, String) {
        guard !queues.isEmpty else { return (nil, "No queue answers.") }
        let waiting = queues.filter { !$0.isPaused }
            .compactMap { queue in queue.oldest.map { (queue.name, $0) } }
        guard let worst = waiting.max(by: { $0.1 < $1.1 }) else { return (false, "No job waits.") }
        return (
            isOver(worst.1, .oldestJob),
            "The oldest job of \(worst.0) has waited for \(worst.1.components.seconds / 60) minutes."
        )
    }

    private var dead: (Bool?, String) {
        guard !queues.isEmpty else { return (nil, "No queue answers.") }
        let parts = queues.filter { $0.dead > 0 }.map { "\($0.dead) in \($0.name)" }
        guard !parts.isEmpty else { return (false, "No job is dead.") }
        let count = Double(queues.reduce(0) { $0 + $1.dead })
        return (
            count >= threshold(.deadJobs) ?? .infinity,
            "Dead jobs: \(parts.joined(separator: ", "))."
        )
    }

    private var retention: (Bool?, String) {
        guard let overdue else { return (nil, "Nobody says how long things are kept.") }
        let late = overdue.filter { isOver($0.overdue, .retentionBehind) }
        guard !late.isEmpty else { return (false, "Nothing is kept for longer than it may be.") }
        let parts = late.map { "\($0.name) for \($0.overdue.components.seconds / 3_600) hours" }
        return (true, "Kept beyond their time: \(parts.joined(separator: ", ")).")
    }

    private func isOver(_ age: Duration, _ rule: AlertRule) -> Bool {
        guard let limit = threshold(rule) else { return false }
        return age > .seconds(limit * (rule.threshold?.unit == .hours ? 3_600 : 60))
    }

    private var calls: (Bool?, String) {
        let before = callsLatelyBefore
        guard before.count == AlertLimits.weeks, let least = before.min() else {
            return (nil, "There are no weeks to compare with.")
        }
        let mean = Double(before.reduce(0, +)) / Double(before.count)
        // Busy in each of the weeks: a holiday among them makes no busy hour.
        let isBusy = mean >= AlertLimits.quietCallsExpected && Double(least) >= mean / 3
        return (
            isBusy && callsLately == 0,
            "\(callsLately) calls in the last \(AlertLimits.quietHours) hours; in the weeks before "
                + "\(before.map(String.init).joined(separator: ", "))."
        )
    }

    // MARK: Rules on labels

    /// The share of labels that differ from the rules, of the newest against those before.
    private var drift: (Bool?, String) {
        let known = labelDrifts.filter {
            $0.newest.labels >= AlertLimits.driftLabels
                && $0.before.labels >= AlertLimits.driftBaseMin
        }
        func rise(_ drift: LabelDrift) -> Double {
            Self.share(drift.newest) - Self.share(drift.before)
        }
        func isDrift(_ drift: LabelDrift) -> Bool {
            rise(drift) > (threshold(.labelDrift) ?? .infinity) / 100
                && Self.isSure(
                    rise(drift),
                    part: drift.newest.differing + drift.before.differing,
                    drift.newest.labels,
                    drift.before.labels
                )
        }
        let firing = known.filter(isDrift)
        guard let worst = (firing.isEmpty ? known : firing).max(by: { rise($0) < rise($1) }) else {
            let most = labelDrifts.map { $0.newest.labels + $0.before.labels }.max() ?? 0
            return (
                nil,
                "Too few labels to tell (\(most); it takes "
                    + "\(AlertLimits.driftLabels + AlertLimits.driftBaseMin))."
            )
        }
        return (
            !firing.isEmpty,
            "\(Self.percent(Self.share(worst.newest))) of the newest \(worst.newest.labels) labels "
                + "of \(worst.type) differ from the rules, against "
                + "\(Self.percent(Self.share(worst.before))) of \(worst.before.labels) before."
        )
    }

    private static func share(_ side: LabelDrift.Side) -> Double {
        Double(side.differing) / Double(side.labels)
    }

    /// Whether a difference of two shares is larger than chance makes it.
    private static func isSure(
        _ difference: Double,
        part: Int,
        _ first: Int,
        _ second: Int
    ) -> Bool {
        let pooled = Double(part) / Double(first + second)
        let error =
            (pooled * (1 - pooled) * (1 / Double(first) + 1 / Double(second))).squareRoot()
        return error > 0 && difference / error > AlertLimits.standardErrors
    }

    // MARK: Rules on days

    /// A share of yesterday against that of the same weekday in the weeks before.
    ///
    /// The difference counts when it is larger than chance makes it one time in two hundred and
    /// large enough to matter.
    private func compare(
        _ rule: AlertRule,
        _ word: String,
        isRiseBad: Bool,
        _ parts: (CallFigures) -> (part: Int, whole: Int)
    ) -> (Bool?, String) {
        let day = parts(days[yesterday] ?? CallFigures())
        var base = (part: 0, whole: 0)
        for week in 1...AlertLimits.weeks {
            let before = parts(days[LocalDay(yesterday.number - 7 * week)] ?? CallFigures())
            base = (base.part + before.part, base.whole + before.whole)
        }
        guard day.whole >= AlertLimits.dayCalls, base.whole >= AlertLimits.baseCalls else {
            return (nil, "Too few calls to tell (\(day.whole), and \(base.whole) before).")
        }
        let rate = Double(day.part) / Double(day.whole)
        let usual = Double(base.part) / Double(base.whole)
        let worse = isRiseBad ? rate - usual : usual - rate
        let isSure = Self.isSure(worse, part: day.part + base.part, day.whole, base.whole)
        let isLarge = worse > (threshold(rule) ?? .infinity) / 100 * max(usual, 0.01)
        return (
            isSure && isLarge,
            "\(Self.percent(rate)) of \(day.whole) calls of \(yesterday) are \(word), against "
                + "\(Self.percent(usual)) of \(base.whole) on that weekday before."
        )
    }

    private var cost: (Bool?, String) {
        guard let costMax = settings[.costPerConversion]?.threshold ?? costMax else {
            return (nil, "No limit is set (RINGBACK_ALERT_COST).")
        }
        var sum = CallFigures()
        for back in 0..<AlertLimits.costDays {
            sum = sum + (days[LocalDay(yesterday.number - back)] ?? CallFigures())
        }
        guard let spent = sum.agentCost, sum.conversions >= AlertLimits.costConversions else {
            return (nil, "Too few conversions to tell (\(sum.conversions)).")
        }
        let each = spent / Double(sum.conversions)
        return (
            each > costMax,
            "A conversion costs \(Self.dollars(each)) of agent time over "
                + "\(AlertLimits.costDays) days; \(Self.dollars(costMax)) is the limit."
        )
    }

    // MARK: Words

    private static func percent(_ share: Double) -> String {
        "\((share * 1_000).rounded() / 10) %"
    }

    private static func dollars(_ amount: Double) -> String {
        "$\((amount * 100).rounded() / 100)"
    }
}
