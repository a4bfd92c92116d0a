import CallStore
import Foundation
import GRDB
import Testing

@Suite("Outgoing events in the store")
struct EventTests {
    private static func credit(_ campaign: CampaignID?) -> AttributionDecision {
        AttributionDecision(
            campaign: campaign,
            recipient: nil,
            method: campaign == nil ? .none : .exactNumber,
            confidence: campaign == nil ? nil : "strong",
            reason: campaign == nil ? "no-recipient" : nil,
            evidence: [:],
            ruleVersion: "a1"
        )
    }

    private static func judgement(_ outcome: Ternary, version: String) -> Judgement {
        Judgement(
            ruleVersion: version,
            ruleName: "default",
            verdicts: [
                Verdict(
                    type: "booking",
                    outcome: outcome,
                    evidence: outcome == .yes ? [.object(["turn": .integer(2)])] : [],
                    echo: "Counts as a booking.",
                    needsReview: false
                )
            ]
        )
    }

    private static func kinds(_ fixture: StoreFixture, _ id: EndpointID) async throws -> [String] {
        try await fixture.store.pendingEvents(of: id, limit: 100).map(\.kind.rawValue)
    }

    @Test("are what happened since somebody wants to know, in order, and nothing twice")
    func order() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(.sample("conv_0"))
        #expect(try fixture.number("select count(*) from outgoing_events") == 0)
        let endpoint = try await fixture.store.write {
            try $0.addEndpoint(url: "https://example.com/hook", kinds: [])
        }
        let campaign = try await fixture.store.write {
            try $0.add(NewCampaign(name: "Spring", channel: .mail))
        }
        var reading = CallRecord.sample()
        let call = try await fixture.record(reading).call
        #expect(try await Self.kinds(fixture, endpoint.id) == ["call.recorded"])
        // The same again is no news.
        try await fixture.record(reading)
        reading.title = "New"
        reading.fetchedAtMilliseconds += 1
        try await fixture.record(reading)
        for target in [nil, campaign, campaign, nil] {
            let seen = try #require(try await fixture.store.call(call)).revision
            _ = try await fixture.store.write {
                try $0.attribute(call, seen: seen, Self.credit(target))
            }
        }
        for (number, outcome) in [Ternary.no, .yes, .yes, .no, .unknown].enumerated() {
            let seen = try #require(try await fixture.store.call(call)).revision
            _ = try await fixture.store.write {
                try $0.judge(call, seen: seen, Self.judgement(outcome, version: "r\(number)"))
            }
        }
        let events = try await fixture.store.pendingEvents(of: endpoint.id, limit: 100)
        #expect(
            events.map(\.kind) == [
                .callRecorded, .callChanged, .attributionChanged, .attributionChanged,
                .conversionAdded, .conversionWithdrawn,
            ]
        )
        #expect(events.allSatisfy { $0.call == call })
        #expect(events.allSatisfy { $0.identity?.conversationID == "conv_1" })
        #expect(events.allSatisfy { $0.atMilliseconds == fixture.time.milliseconds })
        #expect(Set(events.map(\.id)).count == 6)
        #expect(events[2].data["campaign"] == .integer(campaign.number))
        #expect(events[3].data["campaignBefore"] == .integer(campaign.number))
        #expect(events[3].data["campaign"] == .null)
        #expect(events[4].data["type"] == .text("booking"))
    }

    @Test("come with one job for each endpoint, in the transaction that they tell of")
    func jobs() async throws {
        let fixture = try await StoreFixture()
        let (first, second) = try await fixture.store.write { writer in
            (
                try writer.addEndpoint(url: "https://one.example", kinds: [.callRecorded]),
                try writer.addEndpoint(url: "https://two.example", kinds: [.conversionAdded])
            )
        }
        func jobs() throws -> [String] {
            try fixture.sql { database in
                try String.fetchAll(
                    database,
                    sql: "select cast(payload as text) from outbox where queue = 'upkeep'"
                )
            }
        }
        try await fixture.record(.sample("conv_1"))
        try await fixture.record(.sample("conv_2"))
        // One job, whatever comes after it; nobody waits for conversions.
        #expect(try jobs() == [#"{"endpoint":\#(first.id),"task":"deliver"}"#])
        let events = try await fixture.store.pendingEvents(of: first.id, limit: 100)
        #expect(events.count == 2)
        #expect(try await fixture.store.endpoints().map(\.waiting) == [2, 0])
        #expect(try await Self.kinds(fixture, second.id).isEmpty)
        // The end of a job that has left something brings the next one, and that of one that has
        // left nothing does not.
        try await fixture.store.write { writer in
            try writer.note(Self.delivery(of: events[0], to: first.id, .delivered))
            try writer.endDelivery(to: first.id)
        }
        #expect(try jobs().count == 2)
        try await fixture.store.write { writer in
            try writer.note(Self.delivery(of: events[1], to: first.id, .delivered))
            try writer.endDelivery(to: first.id)
        }
        #expect(try jobs().count == 2)
        try await fixture.record(.sample("conv_3"))
        #expect(try jobs().count == 3)
        // A job that was thrown away is made again after a while.
        try await fixture.record(.sample("conv_4"))
        #expect(try jobs().count == 3)
        fixture.time.advance(by: EventLimits.silenceMax + .seconds(1))
        try await fixture.record(.sample("conv_5"))
        #expect(try jobs().count == 4)
    }

    private static func delivery(
        of event: OutgoingEvent,
        to endpoint: EndpointID,
        _ outcome: EventDelivery.Outcome
    ) -> EventDelivery {
        EventDelivery(
            endpoint: endpoint,
            event: event.number,
            kind: event.kind.rawValue,
            atMilliseconds: event.atMilliseconds,
            attempt: 1,
            outcome: outcome,
            status: outcome == .delivered ? 200 : 500,
            reason: outcome == .delivered ? nil : "status 500",
            milliseconds: 3
        )
    }

    @Test("stay until they are delivered, and go when they are old")
    func retention() async throws {
        let fixture = try await StoreFixture()
        let endpoint = try await fixture.store.write {
            try $0.addEndpoint(url: "https://example.com", kinds: [.callRecorded])
        }
        try await fixture.record(.sample("conv_1"))
        var reading = CallRecord.sample("conv_1")
        reading.title = "New"
        reading.fetchedAtMilliseconds += 1
        try await fixture.record(reading)
        let later = fixture.time.milliseconds + 1
        // Nobody wants the change; somebody still waits for the call.
        #expect(try await fixture.store.write { try $0.removeEvents(before: later, limit: 9) } == 1)
        let event = try #require(
            try await fixture.store.pendingEvents(of: endpoint.id, limit: 9).first
        )
        try await fixture.store.write { writer in
            try writer.note(Self.delivery(of: event, to: endpoint.id, .failed))
            try writer.note(Self.delivery(of: event, to: endpoint.id, .delivered))
        }
        let log = try await fixture.store.deliveries().map(\.delivery.outcome)
        #expect(log == [.delivered, .failed])
        #expect(try await fixture.store.write { try $0.removeEvents(before: later, limit: 9) } == 2)
        #expect(try fixture.number("select count(*) from outgoing_events") == 0)
        try await fixture.store.write { try $0.removeEndpoint(endpoint.id) }
        #expect(try await fixture.store.endpoints().isEmpty)
        await #expect(throws: StoreError.self) {
            try await fixture.store.write { try $0.removeEndpoint(endpoint.id) }
        }
    }

    @Test("are told to no more addresses than may be")
    func limit() async throws {
        let fixture = try await StoreFixture()
        await #expect(throws: StoreError.self) {
            try await fixture.store.write { writer in
                for _ in 0...EventLimits.endpointsMax {
                    _ = try writer.addEndpoint(url: "https://example.com", kinds: [])
                }
            }
        }
        #expect(try await fixture.store.endpoints().isEmpty)
    }
}
