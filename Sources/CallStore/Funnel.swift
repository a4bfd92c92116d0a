/// One step of a campaign's way from a sending to a conversion.
package enum FunnelStep: String, Sendable, CaseIterable {
    case sent
    case delivered
    case scans
    case pageViews
    case calls
    case conversions
}

/// How often a step was reached; a step may exceed the one before, and is not cut then.
package struct FunnelCount: Hashable, Sendable {
    package var step: FunnelStep

    /// Nil where nobody measured the step: that is not 0.
    package var events: Int?

    /// Different recipients, where they are known.
    package var recipients: Int?

    /// Half of the recipients took no longer from the step before, to the minute; nil for the
    /// first step, and where the steps are not of the same people.
    package var medianSeconds: Int?

    package init(
        step: FunnelStep,
        events: Int? = nil,
        recipients: Int? = nil,
        medianSeconds: Int? = nil
    ) {
        self.step = step
        self.events = events
        self.recipients = recipients
        self.medianSeconds = medianSeconds
    }
}

/// A campaign's funnel, in two ways that are not to be mixed.
package struct Funnel: Hashable, Sendable {
    /// Each step by itself: ratios between neighbours are not of the same people.
    package var totals: [FunnelCount]

    /// Recipients with a token of their own, each step after the one before and inside the window.
    package var samePeople: [FunnelCount]

    package init(
        totals: [FunnelCount],
        samePeople: [FunnelCount]
    ) {
        self.totals = totals
        self.samePeople = samePeople
    }
}

/// Follows recipients one by one through the steps that were measured.
///
/// A pure rule: the first occurrence counts, after the step before, until the window ends. Of some
/// days it counts those whose window opened in them, with the steps that they took in them: never
/// more people than of all days, nor a step that the totals of the days do not have.
struct FunnelWalk {
    /// What happened to one recipient, on whatever day.
    struct Person {
        var events: [Event] = []
    }

    struct Event {
        var step: FunnelStep
        var atUnix: Int64

        /// Whether it is of the days that are looked at.
        var isShown: Bool
    }

    /// Steps that were measured for anybody; the others are passed over.
    let measured: Set<FunnelStep>
    let windowSeconds: Int64
    private(set) var reached: [FunnelStep: Int] = [:]

    /// Minutes from the step before, with how many took them: as many as the window has at most.
    private var minutes: [FunnelStep: [Int64: Int]] = [:]

    init(measured: Set<FunnelStep>, windowDays: Int) {
        self.measured = measured
        windowSeconds = Int64(windowDays) * 86_400
    }

    mutating func add(_ person: Person) {
        // The window opens at the delivery; without one, at the sending. On whatever day that was:
        // the second delivery of some days opens no window that all days do not know.
        let opening =
            first(of: .delivered, in: person.events, from: .min, to: .max)
            ?? first(of: .sent, in: person.events, from: .min, to: .max)
        guard let opening, opening.isShown else { return }
        let opened = opening.atUnix
        let end = opened + windowSeconds
        let sent = first(of: .sent, in: person.events, from: .min, to: end)?.atUnix
        let shown = person.events.filter { $0.isShown }
        var present = opened
        for step in FunnelStep.allCases where measured.contains(step) {
            switch step {
            case .sent:
                // Known to have arrived, so it was sent, though nobody knows when.
                guard sent == nil || first(of: step, in: shown, from: .min, to: end) != nil else {
                    continue
                }
                reached[step, default: 0] += 1
            case .delivered:
                guard first(of: step, in: shown, from: .min, to: end) != nil else { continue }
                reached[step, default: 0] += 1
                if let sent, sent <= opened { note(step, opened - sent) }
            case .scans, .pageViews, .calls, .conversions:
                guard let next = first(of: step, in: shown, from: present, to: end)?.atUnix else {
                    return
                }
                reached[step, default: 0] += 1
                note(step, next - present)
                present = next
            }
        }
    }

    private mutating func note(_ step: FunnelStep, _ seconds: Int64) {
        minutes[step, default: [:]][seconds / 60, default: 0] += 1
    }

    /// The middle of the times from the step before.
    private func median(_ step: FunnelStep) -> Int? {
        guard let minutes = minutes[step] else { return nil }
        let half = (minutes.values.reduce(0, +) + 1) / 2
        var below = 0
        for (minute, count) in minutes.sorted(by: { $0.key < $1.key }) {
            below += count
            if below >= half { return Int(minute) * 60 }
        }
        return nil
    }

    private func first(
        of step: FunnelStep,
        in events: [Event],
        from: Int64,
        to: Int64
    ) -> Event? {
        events.lazy.filter { $0.step == step && $0.atUnix >= from && $0.atUnix < to }
            .min { $0.atUnix < $1.atUnix }
    }

    var counts: [FunnelCount] {
        FunnelStep.allCases.map { step in
            let people = measured.contains(step) ? reached[step, default: 0] : nil
            return FunnelCount(
                step: step,
                events: people,
                recipients: people,
                medianSeconds: measured.contains(step) ? median(step) : nil
            )
        }
    }
}
