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
            state?.took(.all)
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
                states[verdict.rule]?.took(.all)
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

    // MARK: Ways that fail

    /// A look at a rule, and which ways take nothing at that moment.
    private typealias Look = (minutes: Int64, isFiring: Bool?, failing: AlertWays)

    /// A notice as it was given, and the ways that took it.
    private struct Given {
        var minutes: Int64
        var notice: AlertNotice
        var taken: AlertWays
    }

    private static func given(_ script: [Look], ways: AlertWays = .all) -> [Given] {
        var state: AlertState?
        var given: [Given] = []
        for look in script {
            let verdict = AlertVerdict(rule: .deadJobs, isFiring: look.isFiring, text: "")
            let (next, notice) = AlertState.next(
                after: state,
                verdict,
                nowMilliseconds: now + look.minutes * 60_000,
                ways: ways
            )
            state = next
            guard let notice else { continue }
            let taken = notice.ways.subtracting(look.failing)
            state?.took(taken)
            given.append(Given(minutes: look.minutes, notice: notice, taken: taken))
        }
        return given
    }

    @Test("a way that fails is told the same again, and the other one is not")
    func again() {
        let given = Self.given([
            (0, true, .mail), (10, true, .mail), (20, nil, .mail), (30, true, []), (40, true, []),
            (50, false, .webhook), (60, nil, .webhook), (70, false, []), (80, false, []),
        ])
        #expect(given.map(\.minutes) == [0, 10, 20, 30, 50, 60, 70])
        let ways: [AlertWays] = [.all, .mail, .mail, .mail, .all, .webhook, .webhook]
        #expect(given.map(\.notice.ways) == ways)
        #expect(given.map(\.notice.isFiring) == [true, true, true, true, false, false, false])
        #expect(Set(given.prefix(4).map(\.notice.id)).count == 1)
        #expect(Set(given.dropFirst(4).map(\.notice.id)).count == 1)
    }

    @Test("the end is told to those who heard of the start")
    func ends() {
        let one = Self.given([(0, true, .mail), (10, false, []), (20, false, [])])
        #expect(one.map(\.minutes) == [0, 10])
        #expect(one.last?.notice.ways == .webhook)
        #expect(one.last?.notice.isFiring == false)
        // Where nobody heard, nothing was said, and the next start waits for nothing.
        for ways in [AlertWays.all, .webhook, .mail] {
            let none = Self.given([(0, true, .all), (10, false, []), (20, true, [])], ways: ways)
            #expect(none.map(\.minutes) == [0, 20])
            #expect(none.map(\.notice.isFiring) == [true, true])
            #expect(none.last?.notice.ways == ways)
        }
    }

    @Test("an end that a way has not taken is not said to it when the rule fires again")
    func firesAgain() {
        let brief = Self.given([
            (0, true, []), (10, false, .mail), (20, true, []), (30, false, []), (40, false, []),
        ])
        #expect(brief.map(\.minutes) == [0, 10, 30])
        #expect(brief.map(\.notice.ways) == [.all, .all, .mail])
        #expect(brief.map(\.notice.isFiring) == [true, false, false])
        // Those who were told that it was over hear of the new start after the shorter pause.
        let long = Self.given([
            (0, true, []), (10, false, .mail), (20, true, []), (710, true, []), (720, true, []),
            (730, true, []),
        ])
        #expect(long.map(\.minutes) == [0, 10, 720])
        #expect(long.last?.notice.isFiring == true)
        #expect(long.last?.notice.ways == .all)
    }

    @Test("a notice of the next day takes the place of one that a way never took")
    func replaces() {
        let given = Self.given([(0, true, .mail), (1_430, true, .mail), (1_440, true, [])])
        #expect(given.map(\.notice.ways) == [.all, .mail, .all])
        #expect(given[0].notice.id == given[1].notice.id)
        #expect(given[0].notice.id != given[2].notice.id)
    }

    @Test(
        "whatever fails, a way takes each notice once, no two starts in 12 hours, each end once",
        arguments: UInt64(1)...50
    )
    func failing(seed: UInt64) {
        var random = Draws(seed)
        let script = (0..<1_000).map { step -> Look in
            var failing: AlertWays = []
            if random.chance() < 0.4 { failing.insert(.webhook) }
            if random.chance() < 0.4 { failing.insert(.mail) }
            let isFiring = random.chance() < 0.5
            return (Int64(step) * 10, random.chance() < 0.1 ? nil : isFiring, failing)
        }
        let given = Self.given(script)
        for way in [AlertWays.webhook, .mail] {
            let heard = given.filter { $0.taken.contains(way) }.map(\.notice)
            #expect(heard.count > 5, "seed \(seed)")
            #expect(Set(heard.map(\.id)).count == heard.count, "seed \(seed)")
            let starts = heard.filter(\.isFiring).map(\.sinceMilliseconds)
            for (one, two) in zip(starts, starts.dropFirst()) {
                #expect(two - one >= 12 * 3_600_000, "seed \(seed)")
            }
            #expect(heard.first?.isFiring == true, "seed \(seed)")
            for (one, two) in zip(heard, heard.dropFirst()) where !one.isFiring {
                #expect(two.isFiring, "seed \(seed)")
            }
        }
    }
}
