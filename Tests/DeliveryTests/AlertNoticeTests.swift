import CallStore
import Delivery
import Foundation
import Testing

@Suite("Notices of alerts")
struct AlertNoticeTests {
    private static let now: Int64 = 1_794_700_000_000
    private static let yesterday = LocalDay(20_771)

    private static func states(
        _ script: [(minutes: Int64, isFiring: Bool?)]
    ) -> [(minutes: Int64, isFiring: Bool)] {
        var state: AlertState?
        var said: [(Int64, Bool)] = []
        for (minutes, isFiring) in script {
            let verdict = AlertVerdict(rule: .deadJobs, isFiring: isFiring, text: "")
            let (next, notice) = AlertState.next(
                after: state,
                verdict,
                nowMilliseconds: now + minutes * 60_000
            )
            state = next
            if let notice { said.append((minutes, notice.isFiring)) }
        }
        return said
    }

    @Test("an alert is said once, and its end once")
    func once() {
        let said = Self.states([
            (0, false), (10, true), (20, true), (30, nil), (40, true), (50, false), (60, false),
        ])
        #expect(said.map(\.minutes) == [10, 50])
        #expect(said.map(\.isFiring) == [true, false])
    }

    /// Facts of a moment, bad ones of one rule or good ones of all.
    private static func facts(at moment: Int64, badFor rule: AlertRule?) -> AlertFacts {
        func day(_ rate: Int) -> CallFigures {
            var day = CallFigures()
            (day.success, day.failure, day.qualified) = (rate, 200 - rate, 200)
            (day.attributed, day.conversions) = (rate, rate)
            (day.microdollars, day.microdollarsKnown) = (200_000_000, 200)
            return day
        }
        var facts = AlertFacts(nowMilliseconds: moment, yesterday: yesterday, costMax: 5)
        for week in 0...AlertLimits.weeks {
            facts.days[LocalDay(yesterday.number - 7 * week)] = day(150)
        }
        facts.lastPollMilliseconds = moment - (rule == .pollFailing ? 4_000_000 : 600_000)
        facts.lastWebhookMilliseconds = moment - 7_200_000
        facts.callsSinceWebhook = rule == .webhookSilence ? 9 : 0
        facts.queues = [
            .init(
                name: "sync",
                isPaused: false,
                dead: rule == .deadJobs ? 3 : 0,
                oldest: .seconds(rule == .oldestJob ? 1_000 : 1)
            )
        ]
        facts.callsLately = rule == .noCalls ? 0 : 20
        facts.callsLatelyBefore = [20, 20, 20, 20]
        facts.unfinished = rule == .unfinishedCalls ? 2 : 0
        facts.unread = rule == .upstreamDeletion ? 2 : 0
        facts.overdue = [
            OverdueClass(
                name: "transcripts",
                overdue: .seconds(rule == .retentionBehind ? 200_000 : 20_000)
            )
        ]
        facts.labelDrifts = [
            LabelDrift(
                type: "booking",
                newest: .init(labels: 50, differing: rule == .labelDrift ? 25 : 3),
                before: .init(labels: 200, differing: 10)
            )
        ]
        switch rule {
        case .unattributedShare: facts.days[yesterday]?.attributed = 60
        case .conversionRate: facts.days[yesterday]?.conversions = 60
        case .successRate:
            facts.days[yesterday]?.success = 60
            facts.days[yesterday]?.failure = 140
        case .costPerConversion:
            facts.costMax = 0.5
        default: break
        }
        return facts
    }

    @Test(
        "each rule says at most twice a day that it fires, alone, and once that it is over",
        arguments: AlertRule.allCases
    )
    func notices(rule: AlertRule) {
        var states: [AlertRule: AlertState] = [:]
        var said: [(hours: Double, notice: AlertNotice)] = []
        // A look each ten minutes: an hour of peace, 50 hours of trouble, and a day of peace.
        for look in 0..<6 * (1 + 50 + 24) {
            let moment = Self.now + Int64(look) * 600_000
            let isBad = (6..<6 * 51).contains(look)
            for verdict in Self.facts(at: moment, badFor: isBad ? rule : nil).verdicts {
                let (state, notice) = AlertState.next(
                    after: states[verdict.rule],
                    verdict,
                    nowMilliseconds: moment
                )
                states[verdict.rule] = state
                if let notice { said.append((Double(look) / 6, notice)) }
            }
        }
        #expect(said.allSatisfy { $0.notice.rule == rule && !$0.notice.text.isEmpty })
        #expect(said.map(\.notice.isFiring) == [true, true, true, false])
        #expect(said.map(\.hours) == [1, 25, 49, 51])
        #expect(Set(said.map(\.notice.id)).count == 4)
        #expect(states.values.allSatisfy { !$0.isFiring && !$0.isTold })
    }

    @Test("an alert that lasts is said again each day")
    func lasts() {
        let said = Self.states((0...300).map { ($0 * 10, true) })
        #expect(said.map(\.minutes) == [0, 1_440, 2_880])
    }

    @Test(
        "whatever comes, no more than two alerts are said in 24 hours, and each end is owed",
        arguments: UInt64(1)...50
    )
    func flapping(seed: UInt64) {
        var random = Draws(seed)
        let script = (0..<1_000).map { step in
            (Int64(step) * 10, random.chance() < 0.1 ? nil : random.chance() < 0.5)
        }
        let said = Self.states(script)
        let starts = said.filter(\.isFiring).map(\.minutes)
        for start in starts {
            #expect(starts.filter { $0 >= start && $0 < start + 1_440 }.count <= 2)
        }
        #expect(starts.count > 5)
        // Between two ends there is a start.
        for (one, two) in zip(said, said.dropFirst()) where !one.isFiring {
            #expect(two.isFiring, "seed \(seed)")
        }
    }
}
