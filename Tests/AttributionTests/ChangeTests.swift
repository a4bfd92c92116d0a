import Attribution
import CallJobs
import CallStore
import Foundation
import PhoneNumbers
import Testing

@Suite("Changing a window")
struct WindowChangeTests {
    private static let now: Int64 = 1_000_000

    private static func days(_ campaign: Campaign, _ moments: [Int64]) -> [Int] {
        moments.map { campaign.windowDays(atUnix: $0) }
    }

    @Test("holds from now on, for a range, or for everything, and says it with the fewest spans")
    func reaches() {
        let before = Samples.campaign(1, windowDays: 30)
        let fromNow = before.settingWindow(
            days: 60,
            for: .fromNow(Self.now),
            nowUnix: Self.now
        )
        #expect(Self.days(fromNow, [0, Self.now - 1, Self.now]) == [30, 30, 60])
        #expect(fromNow.windowDays == 60)
        let range = fromNow.settingWindow(
            days: 7,
            for: .range(fromUnix: 500, toUnix: 600),
            nowUnix: Self.now
        )
        #expect(Self.days(range, [499, 500, 599, 600, Self.now]) == [30, 7, 7, 30, 60])
        let across = range.settingWindow(
            days: 9,
            for: .range(fromUnix: 550, toUnix: Self.now + 5),
            nowUnix: Self.now
        )
        let moments = [499, 549, 550, Self.now, Self.now + 4, Self.now + 5]
        #expect(Self.days(across, moments) == [30, 7, 9, 9, 9, 60])
        #expect(across.windowDays == 9)
        let all = across.settingWindow(days: 14, for: .everything, nowUnix: Self.now)
        #expect(all.windows.isEmpty)
        #expect(Self.days(all, moments) == [14, 14, 14, 14, 14, 14])
        // The same length again is no change.
        let same = before.settingWindow(days: 30, for: .fromNow(Self.now), nowUnix: Self.now)
        #expect(same == before)
    }

    @Test("agrees with a list of seconds, whatever was changed before", arguments: UInt64(1)...50)
    func agrees(seed: UInt64) {
        var random = SplitMix(state: seed)
        var campaign = Samples.campaign(1, windowDays: 1)
        var truth = [Int](repeating: 1, count: 40)
        for _ in 0..<6 {
            let days = Int.random(in: 1...4, using: &random)
            let from = Int.random(in: 0..<39, using: &random)
            let to = Int.random(in: from + 1..<40, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                campaign = campaign.settingWindow(days: days, for: .everything, nowUnix: 20)
                for second in truth.indices { truth[second] = days }
            case 1:
                let reach = WindowReach.fromNow(Int64(from))
                campaign = campaign.settingWindow(days: days, for: reach, nowUnix: 20)
                for second in from..<40 { truth[second] = days }
            default:
                let reach = WindowReach.range(fromUnix: Int64(from), toUnix: Int64(to))
                campaign = campaign.settingWindow(days: days, for: reach, nowUnix: 20)
                for second in from..<to { truth[second] = days }
            }
            let found = truth.indices.map { campaign.windowDays(atUnix: Int64($0)) }
            #expect(found == truth, "seed \(seed)")
            #expect(campaign.windowDays == truth[20], "seed \(seed)")
        }
    }

    /// Spring reached the caller a day before the first of ten calls, each five days later.
    private static func stage(_ bench: AttributionBench) async throws -> (Campaign, [CallID]) {
        let (id, _) = try await bench.campaign("spring")
        var calls: [CallID] = []
        for number in Int64(0)..<10 {
            calls.append(
                try await bench.record("conv_\(number)") {
                    $0.startedUnix = Samples.noon + number * 5 * Samples.day
                }
            )
        }
        try await bench.run(.open(after: nil))
        return (try #require(try await bench.store.campaign(id)), calls)
    }

    private static func credited(
        _ calls: [CallID],
        _ bench: AttributionBench
    ) async throws -> Int {
        var count = 0
        for call in calls where try await bench.decision(call)?.campaign != nil { count += 1 }
        return count
    }

    @Test("shows the difference by campaign first, and what is applied is what was shown")
    func trial() async throws {
        try await AttributionBench.run { bench in
            let (spring, calls) = try await Self.stage(bench)
            #expect(try await Self.credited(calls, bench) == 10)
            let short = spring.settingWindow(days: 21, for: .everything, nowUnix: Samples.noon)
            let trial = AttributionTrial(store: bench.store, rules: Samples.rules)
            let difference = try await trial.run(trying: short, fromUnix: 0, toUnix: .max)
            #expect(difference.changed == 6)
            #expect(
                difference.rows == [
                    .init(campaign: nil, before: 0, after: 6, gained: 6, lost: 0),
                    .init(campaign: spring.id, before: 10, after: 4, gained: 0, lost: 6),
                ]
            )
            #expect(try await Self.credited(calls, bench) == 10)
            let desk = AttributionDesk(store: bench.store, timeZone: .gmt)
            let fields = try await desk.change(
                short,
                recompute: WindowReach.everything.recompute,
                by: "ana",
                note: "contract"
            )
            #expect(fields == ["windowDays"])
            try await bench.run(.range(fromUnix: 0, toUnix: .max, after: nil))
            #expect(try await Self.credited(calls, bench) == 4)
            let after = try await trial.run(trying: nil, fromUnix: 0, toUnix: .max)
            #expect(after.changed == 0)
            let changes = try await bench.store.campaignChanges(of: spring.id)
            #expect(changes.map(\.before) == ["90"])
            #expect(changes.map(\.after) == ["21"])
            #expect(changes.map(\.note) == ["contract"])
        }
    }

    @Test("from now on leaves old calls their window in every recompute")
    func fromNow() async throws {
        try await AttributionBench.run { bench in
            let (spring, calls) = try await Self.stage(bench)
            let turn = Samples.noon + 22 * Samples.day
            let short = spring.settingWindow(days: 1, for: .fromNow(turn), nowUnix: turn)
            let desk = AttributionDesk(store: bench.store, timeZone: .gmt)
            try await desk.change(short, recompute: nil, by: "ana")
            try await bench.run(.range(fromUnix: 0, toUnix: .max, after: nil))
            // Calls of days 0, 5, 10, 15 and 20 are older than the change.
            #expect(try await Self.credited(calls, bench) == 5)
        }
    }

    @Test("closed months stay as they are, and a person needs a reason to change them")
    func closedMonths() async throws {
        try await AttributionBench.run { bench in
            let (spring, calls) = try await Self.stage(bench)
            let desk = AttributionDesk(store: bench.store, timeZone: .gmt)
            // The sample noon is 1 March 2026.
            let april = Samples.noon + 31 * Samples.day
            #expect(try await desk.close(month: "2026-03", by: "ana", nowUnix: april))
            #expect(try await desk.close(month: "2026-03", by: "ana", nowUnix: april) == false)
            await #expect(throws: StoreError.rejected(reason: "2026-04 has not ended")) {
                try await desk.close(month: "2026-04", by: "ana", nowUnix: april)
            }
            let short = spring.settingWindow(days: 10, for: .everything, nowUnix: april)
            let difference = try await AttributionTrial(store: bench.store, rules: Samples.rules)
                .run(trying: short, fromUnix: 0, toUnix: .max)
            // Days 0 to 30 are March: seven calls.
            #expect(difference.locked == 7)
            #expect(difference.changed == 3)
            try await desk.change(short, recompute: nil, by: "ana")
            try await bench.run(.range(fromUnix: 0, toUnix: .max, after: nil))
            #expect(try await Self.credited(calls, bench) == 7)
            #expect(try await bench.store.undecided(after: nil, limit: 9).isEmpty)

            await #expect(throws: StoreError.self) {
                try await desk.assign(NewAssignment(call: calls[3], campaign: nil, person: "ben"))
            }
            try await desk.assign(
                NewAssignment(
                    call: calls[3],
                    campaign: nil,
                    person: "ben",
                    overrideReason: "billed twice"
                )
            )
            #expect(try await Self.credited(calls, bench) == 6)

            let late = try await bench.record("conv_late")
            try await bench.run(.calls([late]))
            #expect(try await bench.decision(late)?.reason == "closed-month")

            #expect(try await desk.open(month: "2026-03", by: "ana", reason: "mistake"))
            #expect(try await desk.open(month: "2026-03", by: "ana", reason: "again") == false)
            try await bench.run(.range(fromUnix: 0, toUnix: .max, after: nil))
            // Of days 0, 5 and the late one, for the window has 10 days and the touch a day more.
            #expect(try await Self.credited(calls + [late], bench) == 3)
        }
    }

    @Test("calls whose content has gone keep their credit, and the difference says so")
    func frozenCalls() async throws {
        try await AttributionBench.run { bench in
            let (spring, calls) = try await Self.stage(bench)
            let late = try await bench.record("conv_late")
            let gone = [calls[8].number, calls[9].number, late.number]
            try await bench.store.write { try $0.expire(.transcripts, gone) }
            let short = spring.settingWindow(days: 21, for: .everything, nowUnix: Samples.noon)
            let trial = AttributionTrial(store: bench.store, rules: Samples.rules)
            let difference = try await trial.run(trying: short, fromUnix: 0, toUnix: .max)
            // Six of the calls lie outside of the window then; the late one was never decided.
            #expect(difference.calls == 11)
            #expect(difference.locked == 2)
            #expect(difference.changed == 5)
            #expect(
                difference.rows == [
                    .init(campaign: nil, before: 1, after: 4, gained: 4, lost: 1),
                    .init(campaign: spring.id, before: 10, after: 7, gained: 1, lost: 4),
                ]
            )
            let desk = AttributionDesk(store: bench.store, timeZone: .gmt)
            try await desk.change(short, recompute: nil, by: "ana")
            try await bench.run(.range(fromUnix: 0, toUnix: .max, after: nil))
            #expect(try await Self.credited(calls + [late], bench) == 7)
            let after = try await trial.run(trying: nil, fromUnix: 0, toUnix: .max)
            #expect(after.changed == 0)
            #expect(after.locked == 3)
            #expect(try await bench.store.undecided(after: nil, limit: 9).isEmpty)
        }
    }

    @Test("knows the months of the reports' zone")
    func months() throws {
        // New York changes its clocks within March and November.
        let zone = try #require(TimeZone(identifier: "America/New_York"))
        let rows: [(String, Int64?)] = [
            ("2026-03", 31 * 24 - 1), ("2026-11", 30 * 24 + 1), ("2026-02", 28 * 24),
            ("2028-02", 29 * 24), ("2026-13", nil), ("2026-3", nil), ("march", nil), ("", nil),
        ]
        for (text, hours) in rows {
            let bounds = AttributionDesk.bounds(ofMonth: text, in: zone)
            #expect(bounds.map { ($0.toUnix - $0.fromUnix) / 3600 } == hours, "\(text)")
        }
    }

    @Test("counts by first touch as a view, and leaves the credits")
    func firstTouch() async throws {
        try await AttributionBench.run { bench in
            let (spring, _) = try await bench.campaign("spring")
            let recall = try await bench.store.write { writer in
                let id = try writer.add(NewCampaign(name: "recall", channel: .sms))
                let person = try writer.add(
                    NewRecipient(
                        campaign: id,
                        reference: "R",
                        phone: Samples.number(Samples.caller)
                    )
                )
                try writer.add(Samples.sent(Samples.noon + 2 * Samples.day), of: person)
                return id
            }
            for day in Int64(0)..<5 {
                try await bench.record("conv_\(day)") {
                    $0.startedUnix = Samples.noon + day * Samples.day
                }
            }
            try await bench.run(.open(after: nil))
            let last = try await bench.store.credits(.lastTouch)
            #expect(last.mapValues(\.calls) == [spring: 2, recall: 3])
            let first = try await bench.store.credits(.firstTouch)
            #expect(first.mapValues(\.calls) == [spring: 5])
            #expect(try await bench.store.credits(.lastTouch) == last)
        }
    }
}

@Suite("Suggestions")
struct SuggestionTests {
    private static func suggest(
        _ facts: AttributionFacts,
        _ hints: SuggestionHints = SuggestionHints()
    ) -> [String] {
        Samples.rules.suggestions(facts, hints: hints).map {
            "\($0.campaign) \($0.reason.rawValue)" + ($0.daysLate.map { " \($0)" } ?? "")
        }
    }

    private static func reached(
        _ id: Int64,
        daysBefore: Int64,
        windowDays: Int = 30,
        ext: String? = nil
    ) -> RecipientMatch {
        Samples.match(
            id * 10,
            Samples.campaign(id, windowDays: windowDays),
            touches: [Samples.sent(Samples.noon - daysBefore * Samples.day)],
            ext: ext
        )
    }

    @Test("ranks what is close to evidence first, each campaign once")
    func ranks() {
        var facts = Samples.facts([
            Self.reached(1, daysBefore: 2), Self.reached(2, daysBefore: 2),
            Self.reached(3, daysBefore: 3, ext: "7"), Self.reached(4, daysBefore: 35),
            Self.reached(5, daysBefore: 31), Self.reached(6, daysBefore: 200),
        ])
        #expect(
            Self.suggest(facts) == [
                "1 tie", "2 tie", "3 other-extension", "5 after-window 2", "4 after-window 6",
            ]
        )
        facts.agentNumber = E164(stored: "+14155551900")
        facts.agentCampaigns = [Samples.campaign(2), Samples.campaign(7)]
        #expect(Self.suggest(facts).prefix(2) == ["2 tie", "1 tie"])
        #expect(Self.suggest(facts).contains("7 shared-agent-number"))
    }

    @Test("never suggests a campaign whose only touch lies after the call")
    func isCausal() {
        let later = Self.reached(1, daysBefore: -1)
        #expect(Self.suggest(Samples.facts([later])).isEmpty)
        let hints = SuggestionHints(spoken: [later])
        #expect(Self.suggest(Samples.facts([]), hints).isEmpty)
    }

    @Test("takes up a number that was given in the call, and the caller's other calls")
    func hints() {
        let facts = Samples.facts([], caller: Samples.numberless(.withheld))
        let hints = SuggestionHints(
            otherCalls: [Samples.campaign(3), Samples.campaign(1)],
            spoken: [Self.reached(1, daysBefore: 2)]
        )
        #expect(Self.suggest(facts, hints) == ["1 spoken-number", "3 other-call"])
    }

    @Test("are none of held-out people, drafts, and campaigns that do not call, for our own calls")
    func leavesOut() {
        var held = Self.reached(1, daysBefore: 40)
        held.recipient.isHeldOut = true
        var draft = Self.reached(2, daysBefore: 40)
        draft.campaign.status = .draft
        #expect(Self.suggest(Samples.facts([held, draft])).isEmpty)
        var outbound = Samples.facts([Self.reached(3, daysBefore: 40)])
        outbound.direction = .outbound
        #expect(Self.suggest(outbound).isEmpty)
    }

    @Test("come from the store, a spoken number among them")
    func fromStore() async throws {
        try await AttributionBench.run { bench in
            let (spring, person) = try await bench.campaign("spring")
            let call = try await bench.record("conv_1") { record in
                record.caller = Samples.numberless(.withheld)
                record.collected = [
                    CollectedValue(id: "callback", value: .text("(415) 555-0123")),
                    CollectedValue(id: "name", value: .text("Ana")),
                ]
            }
            try await bench.run(.calls([call]))
            let desk = AttributionDesk(store: bench.store, timeZone: .gmt)
            let found = try await desk.suggestions(
                for: call,
                numbers: NumberNormalizer(),
                region: Region("US")
            )
            #expect(found.map(\.campaign) == [spring])
            #expect(found.map(\.recipient) == [person])
            #expect(found.map(\.reason) == [.spokenNumber])
            // It is for a person to confirm: the call stays open.
            #expect(try await bench.decision(call)?.reason == "withheld")
        }
    }
}
