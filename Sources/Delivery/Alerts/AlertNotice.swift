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

    /// By which ways it is still to be said.
    package var ways: AlertWays

    package init(
        rule: AlertRule,
        isFiring: Bool,
        sinceMilliseconds: Int64,
        text: String,
        ways: AlertWays = .all
    ) {
        self.rule = rule
        self.isFiring = isFiring
        self.sinceMilliseconds = sinceMilliseconds
        self.text = text
        self.ways = ways
    }
}

extension AlertState {
    /// The state after a verdict, and what is to be said about it.
    ///
    /// A rule that starts to fire is said, unless the last notice is less than
    /// `AlertLimits.noticePause` ago; one that fires on is said again after twice that. Its end is
    /// said when its start was, by the ways that took the start. A notice that a way has not taken
    /// is given again, under the same id, until there is another one or the rule says otherwise.
    ///
    /// - Parameters:
    ///   - state: As it stands; nil when the rule was never looked at.
    ///   - verdict: What the rule says now.
    ///   - now: Unix milliseconds.
    ///   - ways: By which anybody hears.
    /// - Returns: The state to keep before the notice is given, and the notice, if any; `took` says
    ///   what became of it.
    package static func next(
        after state: AlertState?,
        _ verdict: AlertVerdict,
        nowMilliseconds now: Int64,
        ways: AlertWays = .all
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
        if let isFiring = verdict.isFiring {
            next.text = verdict.text
            if isFiring != next.isFiring {
                next.isFiring = isFiring
                next.sinceMilliseconds = now
                if isFiring { next.forgetEnd(ways) }
            }
            if isFiring {
                next.announce(at: now, ways)
            } else {
                next.announceEnd(ways)
            }
        }
        return (next, next.notice(of: verdict.rule))
    }

    /// Notes that ways have taken the last notice.
    package mutating func took(_ ways: AlertWays) {
        owed.subtract(ways)
        untold.subtract(ways)
    }

    /// The last notice, for those who have not taken it.
    private func notice(of rule: AlertRule) -> AlertNotice? {
        guard !owed.isEmpty else { return nil }
        return AlertNotice(
            rule: rule,
            isFiring: isTold,
            // Of a start when it was said, of an end when it came: both stay as they are until
            // there is another notice, and so does the id.
            sinceMilliseconds: (isTold ? notifiedMilliseconds : nil) ?? sinceMilliseconds,
            text: text,
            ways: owed
        )
    }

    /// It fires again: who was not told that it was over need not be.
    private mutating func forgetEnd(_ ways: AlertWays) {
        guard !owed.isEmpty else { return }
        isTold = true
        untold = ways.subtracting(owed)
        owed = []
    }

    private mutating func announce(at now: Int64, _ ways: AlertWays) {
        // Some were told that it was over and nobody of the new start, which need not wait for as
        // long as a repeat.
        let isStartDue = !isTold || (owed.isEmpty && !untold.isEmpty)
        let pause = AlertLimits.noticePause * (isStartDue ? 1 : 2)
        let age = notifiedMilliseconds.map { Duration.milliseconds(now - $0) }
        if let age, age < pause { return }
        if !isTold { untold = ways }
        notifiedMilliseconds = now
        isTold = true
        owed = ways
    }

    private mutating func announceEnd(_ ways: AlertWays) {
        guard isTold else { return }
        isTold = false
        owed = ways.subtracting(untold)
        untold = []
        // Nobody has heard of the start, so that the next one waits for nothing.
        if owed.isEmpty { notifiedMilliseconds = nil }
    }
}
