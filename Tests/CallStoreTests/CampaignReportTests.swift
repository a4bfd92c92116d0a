import CallStore
import Foundation
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
        #expect(report.funnel.totals.map(\.events) == [nil, nil, 2, nil, 2, 2])
        #expect(try await fixture.store.campaignReport(CampaignID(99)) == nil)
    }
}
