package import CallStore
import Foundation

/// What people are told of a rule.
package struct AlertNotice: Sendable, Equatable {
    package var rule: AlertRule

    /// False when it is over.
    package var isFiring: Bool
    package var sinceMilliseconds: Int64
    package var text: String

    /// The same in every attempt to say this, for the receiver to tell repeats by.
    package var id: String {
        "alert_\(rule.rawValue)_\(String(sinceMilliseconds, radix: 36))_"
            + (isFiring ? "firing" : "resolved")
    }

    package init(rule: AlertRule, isFiring: Bool, sinceMilliseconds: Int64, text: String) {
        self.rule = rule
        self.isFiring = isFiring
        self.sinceMilliseconds = sinceMilliseconds
        self.text = text
    }
}

extension AlertState {
    /// The state after a verdict, and what is to be said about it.
    ///
    /// A rule that starts to fire is said, unless the last notice is less than
    /// `AlertLimits.noticePause` ago; one that fires on is said again after twice that. Its end is
    /// said when its start was.
    ///
    /// - Parameters:
    ///   - state: As it stands; nil when the rule was never looked at.
    ///   - verdict: What the rule says now.
    ///   - now: Unix milliseconds.
    /// - Returns: The state to keep, and the notice to give, if any.
    package static func next(
        after state: AlertState?,
        _ verdict: AlertVerdict,
        nowMilliseconds now: Int64
    ) -> (state: AlertState, notice: AlertNotice?) {
        var next =
            state
            ?? AlertState(
                rule: verdict.rule.rawValue,
                isFiring: false,
                sinceMilliseconds: now,
                checkedMilliseconds: now,
                text: verdict.text,
                notifiedMilliseconds: nil,
                isTold: false
            )
        next.checkedMilliseconds = now
        guard let isFiring = verdict.isFiring else { return (next, nil) }
        next.text = verdict.text
        if isFiring != next.isFiring {
            next.isFiring = isFiring
            next.sinceMilliseconds = now
        }
        func notice(since: Int64) -> AlertNotice {
            AlertNotice(
                rule: verdict.rule,
                isFiring: isFiring,
                sinceMilliseconds: since,
                text: verdict.text
            )
        }
        guard isFiring else {
            guard next.isTold else { return (next, nil) }
            next.isTold = false
            return (next, notice(since: next.sinceMilliseconds))
        }
        let pause = AlertLimits.noticePause * (next.isTold ? 2 : 1)
        let age = next.notifiedMilliseconds.map { Duration.milliseconds(now - $0) }
        if let age, age < pause { return (next, nil) }
        next.notifiedMilliseconds = now
        next.isTold = true
        return (next, notice(since: now))
    }
}
