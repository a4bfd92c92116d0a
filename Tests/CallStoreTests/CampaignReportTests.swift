import CallStore
import Foundation
import TestSupport
import Testing

/// One campaign worked out by hand.
@Suite("A campaign's report")
struct CampaignReportTests {
    private static let day: Int64 = 86_400
    private static let start: Int64 = 1_794_700_000

    private static func credit(
        _ campaign: CampaignID,
        _ recipient: RecipientID?
    ) -> AttributionDecision {
        AttributionDecision(
            campaign: campaign,
            recipient: recipient,
            method: .exactNumber,
            confidence: "strong",
            reason: nil,
            evidence: [:],
            ruleVersion: "a"
        )
    }

    private static func yes() -> Judgement {
        let verdict = Verdict(
            type: "booking",
            outcome: .yes,
            evidence: [.integer(1)],
            echo: "e",
            needsReview: false
        )
        return Judgement(ruleVersion: "r", ruleName: "n", verdicts: [verdict])
    }

    @Test("the middle of the times between steps is that of the people who took both")
    func medians() async throws {
        let fixture = try await StoreFixture()
        let campaign = try await fixture.store.write { writer in
            let campaign = try writer.add(
                NewCampaign(name: "Spring", channel: .mail, windowDays: 7)
            )
            // The last one never scans, and the one before after the window.
            for (number, minutes) in [30, 10, 500, 20, 40, 20_000, nil].enumerated() {
                let person = try writer.add(
                    NewRecipient(campaign: campaign, reference: "r\(number)")
                )
                let sent = Touch(kind: .sent, atUnix: Self.start, token: "t\(number)")
                try writer.add(sent, of: person)
                let arrived = Touch(kind: .delivered, atUnix: Self.start + 7_200)
                try writer.add(arrived, of: person)
                guard let minutes else { continue }
                let at = Self.start + 7_200 + Int64(minutes) * 60 + 59
                try writer.add(Touch(kind: .scan, atUnix: at, token: "t\(number)"), of: person)
            }
            return campaign
        }
        // Another window, and steps that are passed over.
        let wide = try #require(
            try await fixture.store.campaignReport(campaign, windowDays: 30)
        )
        #expect(wide.funnel.samePeople.map(\.recipients) == [7, 7, 6, nil, 0, 0])
        let few = try #require(
            try await fixture.store.campaignReport(campaign, steps: [.sent, .calls])
        )
        #expect(few.funnel.samePeople.map(\.recipients) == [7, nil, nil, nil, 0, nil])
        #expect(few.funnel.totals == wide.funnel.totals)
        let report = try #require(try await fixture.store.campaignReport(campaign))
        let medians = report.funnel.samePeople.map(\.medianSeconds)
        #expect(medians == [nil, 7_200, 1_800, nil, nil, nil])
        #expect(report.funnel.samePeople.map(\.recipients) == [7, 7, 5, nil, 0, 0])
    }

    /// Four recipients: who only gets the letter, who scans and calls, who calls without a scan,
    /// and who calls after the window of 7 days.
    private static func fixture() async throws -> (StoreFixture, CampaignID) {
        let fixture = try await StoreFixture()
        let campaign = try await fixture.store.write { writer in
            let campaign = try writer.add(
                NewCampaign(name: "Spring", channel: .mail, windowDays: 7)
            )
            var people: [RecipientID] = []
            for number in 0..<4 {
                let person = try writer.add(
                    NewRecipient(campaign: campaign, reference: "r\(number)")
                )
                people.append(person)
                let sent = Touch(kind: .sent, atUnix: start, token: "t\(number)")
                try writer.add(sent, of: person)
            }
            try writer.add(Touch(kind: .scan, atUnix: start + day, token: "t1"), of: people[1])
            try writer.add(Touch(kind: .scan, atUnix: start + day + 5, token: "t1"), of: people[1])
            let calls: [(Int, Int64, Bool)] = [
                (1, start + 2 * day, true), (1, start + 3 * day, false), (2, start + day, true),
                (3, start + 8 * day, true),
            ]
            for (index, (person, at, converts)) in calls.enumerated() {
                var record = CallRecord.sample("c\(index)")
                record.startedUnix = at
                record.caller = .number("+1415555012\(person)")
                let recorded = try writer.record(record)
                try writer.attribute(
                    recorded.call,
                    seen: recorded.revision,
                    credit(campaign, people[person])
                )
                guard converts else { continue }
                try writer.judge(recorded.call, seen: recorded.revision, yes())
            }
            // Credited to the campaign but to nobody on its list, and without a number.
            var record = CallRecord.sample("c9")
            record.caller = .withheld
            record.costDollars = nil
            let recorded = try writer.record(record)
            try writer.attribute(recorded.call, seen: recorded.revision, credit(campaign, nil))
            try writer.record(.sample("elsewhere"))
            return campaign
        }
        return (fixture, campaign)
    }

    @Test("counts a funnel as totals and of the same people, and cuts no step")
    func funnel() async throws {
        let (fixture, campaign) = try await Self.fixture()
        let report = try #require(try await fixture.store.campaignReport(campaign))
        #expect(report.funnel.totals.map(\.step) == FunnelStep.allCases)
        #expect(report.funnel.totals.map(\.events) == [4, nil, 2, nil, 5, 3])
        #expect(report.funnel.totals.map(\.recipients) == [4, nil, 1, nil, 3, 3])
        // Who called without scanning, or too late, is not among the same people.
        #expect(report.funnel.samePeople.map(\.recipients) == [4, nil, 1, nil, 1, 1])
        #expect(
            report.funnel.samePeople.map(\.medianSeconds)
                == [nil, nil, 86_400, nil, 86_400, 0]
        )
        #expect(report.funnel.totals.allSatisfy { $0.medianSeconds == nil })
    }

    @Test("follows the same people by the token that the list gives them, too")
    func listedTokens() async throws {
        let fixture = try await StoreFixture()
        let campaign = try await fixture.store.write { writer in
            let campaign = try writer.add(NewCampaign(name: "Spring", channel: .mail))
            for (number, token) in ["own", nil].enumerated() {
                let person = try writer.add(
                    NewRecipient(campaign: campaign, reference: "r\(number)", token: token)
                )
                try writer.add(Touch(kind: .sent, atUnix: Self.start), of: person)
                var record = CallRecord.sample("c\(number)")
                record.startedUnix = Self.start + Self.day
                let recorded = try writer.record(record)
                try writer.attribute(
                    recorded.call,
                    seen: recorded.revision,
                    Self.credit(campaign, person)
                )
            }
            return campaign
        }
        let funnel = try #require(try await fixture.store.campaignReport(campaign)).funnel
        #expect(funnel.totals.map(\.recipients) == [2, nil, nil, nil, 2, 0])
        #expect(funnel.samePeople.map(\.recipients) == [1, nil, nil, nil, 1, 0])
    }

    @Test("tells callers, rates and cost with both of its parts")
    func figures() async throws {
        let (fixture, campaign) = try await Self.fixture()
        var report = try #require(try await fixture.store.campaignReport(campaign))
        #expect(report.figures.total.calls == 5)
        #expect(report.figures.total.conversions == 3)
        #expect(report.figures.total.qualified == 3)
        #expect(report.figures.total.conversionRate == 1)
        #expect(report.figures.total.conversionsPerSuccess == 0.6)
        #expect(report.callers.unique == 3)
        #expect(report.callers.anonymousCalls == 1)
        #expect(report.callers.converting == 3)
        #expect(report.figures.campaigns.map(\.key) == [campaign])
        #expect(report.figures.total.microdollars == 4 * 71_000)
        #expect(report.figures.total.microdollarsKnown == 4)
        #expect(report.mediaCost == nil)
        #expect(report.costPerConversion == 0.284 / 3)
        try await fixture.store.write {
            try $0.setMediaCost(micros: 29_716_000, currency: "USD", of: campaign)
        }
        report = try #require(try await fixture.store.campaignReport(campaign))
        #expect(report.mediaCost == Money(micros: 29_716_000, currency: "USD"))
        #expect(report.costPerConversion == 10)
        try await fixture.store.write {
            try $0.setMediaCost(micros: 1, currency: "EUR", of: campaign)
        }
        report = try #require(try await fixture.store.campaignReport(campaign))
        #expect(report.costPerConversion == nil)
    }

    @Test("cuts figures and touches by the same days")
    func someDays() async throws {
        let (fixture, campaign) = try await Self.fixture()
        let first = LocalDay(unix: Self.start, offsetSeconds: 0)
        let report = try #require(
            try await fixture.store.campaignReport(campaign, from: first + 1, to: first + 2)
        )
        #expect(report.figures.total.calls == 2)
        // What was sent was measured, though on other days.
        #expect(report.funnel.totals.map(\.events) == [0, nil, 2, nil, 2, 2])
        let beside = try await fixture.store.campaignFunnels(
            from: first + 1,
            to: first + 2,
            limit: 1
        )
        let steps = report.funnel.totals.map(\.step)
        #expect(steps.map { beside.first?.steps[$0] } == [0, nil, 2, nil, 2, 2])
        #expect(try await fixture.store.campaignReport(CampaignID(99)) == nil)
    }

    @Test(
        "of some days, follows those whose window opened in them, as far as the days go",
        arguments: [
            (0, 8, [4, nil, 1, nil, 1, 1]), (0, 1, [4, nil, 1, nil, 0, 0]),
            (0, 0, [4, nil, 0, nil, 0, 0]),
            // Who called without a scan does not count because the scans were on other days.
            (2, 3, [0, nil, 0, nil, 0, 0]),
        ] as [(Int, Int, [Int?])]
    )
    func peopleOfSomeDays(from: Int, to: Int, people: [Int?]) async throws {
        let (fixture, campaign) = try await Self.fixture()
        let first = LocalDay(unix: Self.start, offsetSeconds: 0)
        let report = try #require(
            try await fixture.store.campaignReport(campaign, from: first + from, to: first + to)
        )
        #expect(report.funnel.samePeople.map(\.recipients) == people)
    }

    /// What happens to one person at random, from a sending on.
    private struct Way: Sendable {
        struct Call: Sendable {
            var record: CallRecord
            var converts: Bool
        }

        private static let day = CampaignReportTests.day
        private static let start = CampaignReportTests.start

        var touches: [Touch]
        var calls: [Call] = []

        init(number: Int, using random: inout Seeded) {
            let sent = Self.start + Int64.random(in: 0..<3 * Self.day, using: &random)
            touches = [Touch(kind: .sent, atUnix: sent, token: "t\(number)")]
            for kind in [Touch.Kind.delivered, .delivered, .scan, .scan] {
                guard Bool.random(using: &random) else { continue }
                let at = sent + Int64.random(in: 1..<6 * Self.day, using: &random)
                touches.append(Touch(kind: kind, atUnix: at))
            }
            for index in 0..<Int.random(in: 0...3, using: &random) {
                var record = CallRecord.sample("c\(number)-\(index)")
                record.startedUnix = sent + Int64.random(in: 1..<9 * Self.day, using: &random)
                record.channel = Int.random(in: 0..<4, using: &random) == 0 ? .text : .phone
                calls.append(Call(record: record, converts: Bool.random(using: &random)))
            }
        }
    }

    @Test(
        "shows no more people of some days than of all, nor than the totals of these days",
        arguments: Seeds.first(6)
    )
    func fewerDays(seed: UInt64) async throws {
        let fixture = try await StoreFixture(seed: seed)
        var random = Seeded(seed: seed)
        var ways: [Way] = []
        for number in 0..<12 { ways.append(Way(number: number, using: &random)) }
        let people = ways
        let campaign = try await fixture.store.write { writer in
            let campaign = try writer.add(
                NewCampaign(name: "Spring", channel: .mail, windowDays: 7)
            )
            for (number, way) in people.enumerated() {
                let person = try writer.add(
                    NewRecipient(campaign: campaign, reference: "r\(number)")
                )
                for touch in way.touches { try writer.add(touch, of: person) }
                for call in way.calls {
                    let recorded = try writer.record(call.record)
                    try writer.attribute(
                        recorded.call,
                        seen: recorded.revision,
                        Self.credit(campaign, person)
                    )
                    guard call.converts else { continue }
                    try writer.judge(recorded.call, seen: recorded.revision, Self.yes())
                }
            }
            return campaign
        }
        let note = Comment(rawValue: Seeds.replay(seed, filter: "CampaignReportTests"))
        let first = LocalDay(unix: Self.start, offsetSeconds: 0)
        let all = try #require(try await fixture.store.campaignReport(campaign)).funnel.samePeople
        for from in 0..<6 {
            for length in [0, 1, 3, 8] {
                let part = try #require(
                    try await fixture.store.campaignReport(
                        campaign,
                        from: first + from,
                        to: first + (from + length)
                    )
                ).funnel
                for ((people, whole), total) in zip(zip(part.samePeople, all), part.totals) {
                    #expect((people.recipients == nil) == (whole.recipients == nil), note)
                    #expect((total.recipients == nil) == (whole.recipients == nil), note)
                    #expect(people.recipients ?? 0 <= whole.recipients ?? 0, note)
                    #expect(people.recipients ?? 0 <= total.recipients ?? 0, note)
                }
            }
        }
    }

    @Test("costs what it costs over all days, whatever days are shown")
    func costOfSomeDays() async throws {
        let (fixture, campaign) = try await Self.fixture()
        try await fixture.store.write {
            try $0.setMediaCost(micros: 29_716_000, currency: "USD", of: campaign)
        }
        let day = LocalDay(unix: Self.start, offsetSeconds: 0) + 1
        let report = try #require(
            try await fixture.store.campaignReport(campaign, from: day, to: day)
        )
        #expect(report.figures.total.conversions == 1)
        #expect(report.figures.total.agentCost == 0.071)
        let media = Money(micros: 29_716_000, currency: "USD")
        #expect(report.cost == CampaignCost(media: media, agent: 0.284, conversions: 3))
        #expect(report.costPerConversion == 10)
        let until = try #require(try await fixture.store.campaignReport(campaign, to: day))
        #expect(until.cost == report.cost)
        let listed = try #require(try await fixture.store.campaignFigures().first)
        #expect(listed.cost == report.cost)
    }

    @Test("counts neither a chat nor an excluded call, in its report, the list or the credits")
    func otherConversations() async throws {
        let (fixture, campaign) = try await Self.fixture()
        let other = try await fixture.store.write { writer in
            let person = try writer.add(NewRecipient(campaign: campaign, reference: "r0"))
            for (id, channel) in [("chat", CallChannel.text), ("spam", CallChannel.phone)] {
                var record = CallRecord.sample(id)
                record.startedUnix = Self.start + Self.day
                record.channel = channel
                let recorded = try writer.record(record)
                try writer.attribute(
                    recorded.call,
                    seen: recorded.revision,
                    Self.credit(campaign, person)
                )
                try writer.judge(recorded.call, seen: recorded.revision, Self.yes())
                guard channel == .phone else { continue }
                try writer.exclude(recorded.call, for: .spam, by: "ana")
            }
            return try writer.add(NewCampaign(name: "Autumn", channel: .mail))
        }
        let report = try #require(
            try await fixture.store.campaignReport(campaign, steps: [.sent, .calls, .conversions])
        )
        #expect((report.figures.total.calls, report.figures.total.conversions) == (5, 3))
        // Those who called by phone within 7 days, with or without a scan.
        #expect(report.funnel.samePeople.map(\.recipients) == [4, nil, nil, nil, 2, 2])
        let listed = try await fixture.store.campaignFigures()
        #expect(listed.map(\.campaign.id) == [campaign, other])
        #expect(listed.map(\.calls) == [5, 0])
        #expect(listed.map(\.conversions) == [3, 0])
        #expect(listed.last?.cost == CampaignCost())
        for model in AttributionModel.allCases {
            let credits = try await fixture.store.credits(model)
            #expect(credits == [campaign: CampaignCredit(calls: 5, conversions: 3)])
        }
    }
}
