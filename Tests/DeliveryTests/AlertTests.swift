import CallStore
import Delivery
import Foundation
import TestSupport
import Testing

@Suite("Alerts")
struct AlertTests {
    private static let now: Int64 = 1_794_700_000_000
    private static let yesterday = LocalDay(20_771)

    private static func verdict(_ rule: AlertRule, _ facts: AlertFacts) throws -> Bool? {
        try #require(facts.verdicts.first { $0.rule == rule }).isFiring
    }

    private static func facts(
        _ change: (inout AlertFacts) throws -> Void
    ) rethrows -> AlertFacts {
        var facts = AlertFacts(nowMilliseconds: now, yesterday: yesterday)
        try change(&facts)
        return facts
    }

    // MARK: Rules

    @Test("without facts no rule fires")
    func silent() {
        let facts = Self.facts { _ in }
        #expect(facts.verdicts.map(\.rule) == AlertRule.allCases)
        #expect(facts.verdicts.allSatisfy { $0.isFiring != true })
    }

    @Test("a rule fires from where somebody says, and not at all when it is off")
    func settings() throws {
        let silent = Self.facts { $0.lastPollMilliseconds = Self.now - 30 * 60_000 }
        #expect(try Self.verdict(.pollFailing, silent) == false)
        var sooner = silent
        sooner.settings[.pollFailing] = try AlertRule.pollFailing.setting(
            isOn: true,
            threshold: 20,
            by: "ana"
        )
        #expect(try Self.verdict(.pollFailing, sooner) == true)
        var off = sooner
        off.settings[.pollFailing]?.isOn = false
        #expect(!off.verdicts.map(\.rule).contains(.pollFailing))
        #expect(off.verdicts.count == AlertRule.allCases.count - 1)
        let dead = { (count: Int, limit: Double?) throws -> Bool? in
            var facts = Self.facts {
                $0.queues = [.init(name: "sync", isPaused: false, dead: count, oldest: nil)]
            }
            facts.settings[.deadJobs] = try AlertRule.deadJobs.setting(
                isOn: true,
                threshold: limit,
                by: "ana"
            )
            return try Self.verdict(.deadJobs, facts)
        }
        #expect(try dead(1, nil) == true)
        #expect(try dead(9, 10) == false)
        #expect(try dead(10, 10) == true)
        // Of the cost somebody has to say something; what is set goes before the setting.
        var cost = Self.facts { $0.costMax = 5 }
        var day = CallFigures()
        (day.conversions, day.microdollars, day.microdollarsKnown) = (20, 80_000_000, 20)
        cost.days = [Self.yesterday: day]
        #expect(try Self.verdict(.costPerConversion, cost) == false)
        cost.settings[.costPerConversion] = try AlertRule.costPerConversion.setting(
            isOn: true,
            threshold: 3,
            by: "ana"
        )
        #expect(try Self.verdict(.costPerConversion, cost) == true)
    }

    @Test(
        "a threshold that a rule does not have is refused",
        arguments: [
            (AlertRule.noCalls, 3.0), (.pollFailing, 5), (.pollFailing, 9_999), (.deadJobs, 0),
            (.deadJobs, -1), (.costPerConversion, 0), (.successRate, .nan),
            (.successRate, .infinity),
        ]
    )
    func refuses(rule: AlertRule, threshold: Double) {
        #expect(throws: StoreError.self) {
            try rule.setting(isOn: true, threshold: threshold, by: "ana")
        }
    }

    @Test("polling fires when three polls are missing", arguments: [(45, false), (47, true)])
    func poll(minutes: Int64, isFiring: Bool) throws {
        let facts = Self.facts { $0.lastPollMilliseconds = Self.now - minutes * 60_000 }
        #expect(try Self.verdict(.pollFailing, facts) == isFiring)
    }

    @Test(
        "labels drift when more of the newest differ than chance and ten points explain",
        arguments: [
            // Differing of 50, of how many before them, and how many of those differ.
            (10, 200, 10, true), (7, 200, 10, false), (3, 200, 10, false), (0, 200, 100, false),
            (30, 99, 0, nil), (14, 500, 90, false), (50, 100, 0, true), (0, 100, 0, false),
        ] as [(Int, Int, Int, Bool?)]
    )
    func drift(differing: Int, labels: Int, before: Int, isFiring: Bool?) throws {
        let one = LabelDrift(
            type: "booking",
            newest: .init(labels: 50, differing: differing),
            before: .init(labels: labels, differing: before)
        )
        // Another type has too few labels to say anything, or to hide this one.
        let few = LabelDrift(
            type: "visit",
            newest: .init(labels: 49, differing: 49),
            before: .init()
        )
        let facts = Self.facts { $0.labelDrifts = [one, few] }
        #expect(try Self.verdict(.labelDrift, facts) == isFiring)
    }

    @Test("of several types the one that drifts is named, and from where on is set")
    func driftingType() throws {
        func drift(_ type: String, _ differing: Int) -> LabelDrift {
            LabelDrift(
                type: type,
                newest: .init(labels: 50, differing: differing),
                before: .init(labels: 200, differing: 10)
            )
        }
        var facts = Self.facts { $0.labelDrifts = [drift("booking", 2), drift("visit", 20)] }
        let found = try #require(facts.verdicts.first { $0.rule == .labelDrift })
        #expect(found.isFiring == true)
        #expect(
            found.text == "40.0 % of the newest 50 labels of visit differ from the rules, "
                + "against 5.0 % of 200 before."
        )
        facts.settings[.labelDrift] = try AlertRule.labelDrift.setting(
            isOn: true,
            threshold: 40,
            by: "ana"
        )
        #expect(try Self.verdict(.labelDrift, facts) == false)
    }

    @Test("webhooks fire when calls come without them", arguments: [(4, false), (5, true)])
    func webhooks(calls: Int, isFiring: Bool) throws {
        let facts = Self.facts {
            $0.lastWebhookMilliseconds = Self.now - 7_200_000
            $0.callsSinceWebhook = calls
        }
        #expect(try Self.verdict(.webhookSilence, facts) == isFiring)
        var never = facts
        never.lastWebhookMilliseconds = nil
        #expect(try Self.verdict(.webhookSilence, never) == nil)
    }

    @Test("queues fire for old jobs and dead ones; a pause is nobody's fault")
    func queues() throws {
        let facts = Self.facts {
            $0.queues = [
                .init(name: "sync", isPaused: false, dead: 0, oldest: .seconds(600)),
                .init(name: "export", isPaused: true, dead: 0, oldest: .seconds(7_200)),
            ]
        }
        #expect(try Self.verdict(.oldestJob, facts) == false)
        #expect(try Self.verdict(.deadJobs, facts) == false)
        var bad = facts
        bad.queues[0].oldest = .seconds(901)
        bad.queues[1].dead = 2
        #expect(try Self.verdict(.oldestJob, bad) == true)
        #expect(try Self.verdict(.deadJobs, bad) == true)
    }

    @Test(
        "calls without an end, and those that are deleted before they were read, fire at the first"
    )
    func left() throws {
        #expect(try Self.verdict(.unfinishedCalls, Self.facts { _ in }) == false)
        #expect(try Self.verdict(.unfinishedCalls, Self.facts { $0.unfinished = 1 }) == true)
        #expect(try Self.verdict(.upstreamDeletion, Self.facts { _ in }) == false)
        #expect(try Self.verdict(.upstreamDeletion, Self.facts { $0.unread = 1 }) == true)
    }

    @Test(
        "what is kept too long fires after two nights, or when somebody says so",
        arguments: [
            (nil, nil, nil), ([], nil, false), ([48], nil, false), ([1, 49], nil, true),
            ([30], 25, true), ([49], 50, false),
        ] as [([Int]?, Double?, Bool?)]
    )
    func retention(hours: [Int]?, threshold: Double?, isFiring: Bool?) throws {
        let facts = try Self.facts { facts in
            facts.overdue = hours?.map {
                OverdueClass(name: "numbers", overdue: .seconds($0 * 3_600))
            }
            if let threshold {
                facts.settings[.retentionBehind] = try AlertRule.retentionBehind.setting(
                    isOn: true,
                    threshold: threshold,
                    by: "ana"
                )
            }
        }
        #expect(try Self.verdict(.retentionBehind, facts) == isFiring)
    }

    @Test(
        "no calls fire only where there always are many",
        arguments: [
            (0, [20, 18, 22, 20], true), (1, [20, 18, 22, 20], false),
            (0, [10, 9, 11, 10], false), (0, [30, 30, 30, 2], false), (0, [], nil),
        ]
    )
    func calls(lately: Int, before: [Int], isFiring: Bool?) throws {
        let facts = Self.facts {
            $0.callsLately = lately
            $0.callsLatelyBefore = before
        }
        #expect(try Self.verdict(.noCalls, facts) == isFiring)
    }

    @Test(
        "a conversion's cost fires over the limit, with enough of them",
        arguments: [(10, 30.0, true), (10, 31.0, false), (9, 1.0, nil), (10, nil, nil)]
    )
    func cost(conversions: Int, limit: Double?, isFiring: Bool?) throws {
        let facts = Self.facts {
            var figures = CallFigures()
            figures.conversions = conversions
            figures.microdollars = 305_000_000
            figures.microdollarsKnown = 50
            $0.days = [Self.yesterday: figures]
            $0.costMax = limit
        }
        #expect(try Self.verdict(.costPerConversion, facts) == isFiring)
    }

    @Test("a rate needs enough calls on both sides")
    func few() throws {
        var day = CallFigures()
        day.success = 10
        day.failure = 39
        var base = CallFigures()
        base.success = 100
        base.failure = 0
        let facts = Self.facts {
            $0.days = [
                Self.yesterday: day, LocalDay(Self.yesterday.number - 7): base,
                LocalDay(Self.yesterday.number - 14): base,
            ]
        }
        #expect(try Self.verdict(.successRate, facts) == nil)
        var more = facts
        more.days[Self.yesterday]?.failure = 40
        #expect(try Self.verdict(.successRate, more) == true)
    }

    // MARK: A simulated year

    /// The figures of one day of about so many calls.
    private static func day(
        _ calls: Int,
        _ random: inout Draws,
        success: Double = 0.75,
        conversion: Double = 0.3,
        attributed: Double = 0.9
    ) -> CallFigures {
        var figures = CallFigures()
        // More on some days than on others, as a sum of many small chances.
        let count = (0..<(calls * 2)).count { _ in random.chance() < 0.5 }
        for _ in 0..<count {
            let draw = random.chance()
            if draw < 0.1 {
                figures.unknown += 1
            } else if random.chance() < success {
                figures.success += 1
            } else {
                figures.failure += 1
            }
            figures.qualified += 1
            if random.chance() < conversion { figures.conversions += 1 }
            if random.chance() < attributed { figures.attributed += 1 }
        }
        return figures
    }

    private static let rates = [
        AlertRule.conversionRate, .successRate, .unattributedShare,
    ]

    @Test(
        "a year in which nothing changes has less than one alert a month of each rule",
        arguments: UInt64(1)...5
    )
    func stationary(seed: UInt64) {
        var random = Draws(seed)
        var days: [LocalDay: CallFigures] = [:]
        for number in 0..<(365 + 28) { days[LocalDay(number)] = Self.day(200, &random) }
        var fired: [AlertRule: Int] = [:]
        for number in 28..<(365 + 28) {
            let facts = AlertFacts(
                nowMilliseconds: Self.now,
                yesterday: LocalDay(number),
                days: days
            )
            for verdict in facts.verdicts where verdict.isFiring == true {
                fired[verdict.rule, default: 0] += 1
            }
        }
        for rule in Self.rates { #expect(fired[rule, default: 0] < 12, "seed \(seed): \(rule)") }
    }

    @Test("hours of calls at their usual pace never look empty", arguments: UInt64(1)...3)
    func stationaryHours(seed: UInt64) {
        var random = Draws(seed)
        var fired = 0
        // Every quarter of an hour of a year; 60 calls are expected in three hours.
        for _ in 0..<(365 * 96) {
            let counts = (0...AlertLimits.weeks).map { _ in
                (0..<120).count { _ in random.chance() < 0.5 }
            }
            let facts = Self.facts {
                $0.callsLately = counts[0]
                $0.callsLatelyBefore = Array(counts.dropFirst())
            }
            if facts.verdicts.contains(where: { $0.rule == .noCalls && $0.isFiring == true }) {
                fired += 1
            }
        }
        #expect(fired < 12)
    }

    @Test("half of the conversions or successes missing is found within a day, nine times of ten")
    func drop() {
        var found: [AlertRule: Int] = [:]
        for seed in UInt64(1)...200 {
            var random = Draws(seed)
            var days: [LocalDay: CallFigures] = [:]
            for week in 1...AlertLimits.weeks {
                days[LocalDay(100 - 7 * week)] = Self.day(200, &random)
            }
            days[LocalDay(100)] = Self.day(
                200,
                &random,
                success: 0.375,
                conversion: 0.15,
                attributed: 0.45
            )
            let facts = AlertFacts(
                nowMilliseconds: Self.now,
                yesterday: LocalDay(100),
                days: days
            )
            for verdict in facts.verdicts where verdict.isFiring == true {
                found[verdict.rule, default: 0] += 1
            }
        }
        for rule in Self.rates { #expect(found[rule, default: 0] >= 180, "\(rule)") }
    }
}
