import CallStore
import Testing

@Suite("How soon recipients called")
struct ResponseCurveTests {
    private static let day: Int64 = 86_400
    private static let now: Int64 = 1_794_700_000

    private struct Person {
        var name: String
        var sentDaysAgo: Int64?
        var deliveredDaysAgo: Int64?

        /// Hours from the delivery, or else the sending, to each call.
        var calls: [Int64] = []
    }

    private static func fill(
        _ fixture: StoreFixture,
        _ people: [Person],
        windowDays: Int = 30
    ) async throws -> CampaignID {
        try await fixture.store.write { writer in
            let campaign = try writer.add(
                NewCampaign(name: "Spring", channel: .mail, windowDays: windowDays)
            )
            for person in people {
                let id = try writer.add(
                    NewRecipient(campaign: campaign, reference: person.name)
                )
                var opened = now
                if let ago = person.sentDaysAgo {
                    opened = now - ago * day
                    try writer.add(Touch(kind: .sent, atUnix: opened), of: id)
                }
                if let ago = person.deliveredDaysAgo {
                    opened = now - ago * day
                    try writer.add(Touch(kind: .delivered, atUnix: opened), of: id)
                }
                for hours in person.calls {
                    var record = CallRecord.sample("\(person.name)-\(hours)")
                    record.startedUnix = opened + hours * 3_600
                    let recorded = try writer.record(record)
                    try writer.attribute(
                        recorded.call,
                        seen: recorded.revision,
                        AttributionDecision(
                            campaign: campaign,
                            recipient: id,
                            method: .exactNumber,
                            confidence: "strong",
                            reason: nil,
                            evidence: [:],
                            ruleVersion: "a"
                        )
                    )
                }
            }
            return campaign
        }
    }

    @Test("counts each recipient once, on the day of the first call after the first delivery")
    func counted() async throws {
        let fixture = try await StoreFixture()
        let campaign = try await Self.fill(
            fixture,
            [
                Person(name: "a", sentDaysAgo: 9, deliveredDaysAgo: 3, calls: [23, 26]),
                Person(name: "b", deliveredDaysAgo: 3, calls: [25]),
                // Before it was delivered: not for that.
                Person(name: "c", deliveredDaysAgo: 1, calls: [-5]),
                Person(name: "d", deliveredDaysAgo: 3),
                // Reached by nothing that counts here.
                Person(name: "e", sentDaysAgo: 9, calls: [1]),
                // Still to come.
                Person(name: "f", deliveredDaysAgo: -2),
            ]
        )
        let curve = try #require(try await fixture.store.responseCurve(of: campaign))
        #expect(curve.since == .delivered && curve.recipients == 4)
        #expect(curve.days.map(\.day) == [0, 1, 2, 3])
        #expect(curve.days.map(\.calledFirst) == [1, 1, 0, 0])
        #expect(curve.days.map(\.calledByThen) == [1, 2, 2, 2])
        #expect(curve.days.map(\.reachedBefore) == [4, 4, 3, 3])
        // A call that counts nowhere else does not count here.
        let id = try #require(
            try await fixture.store.call(CallIdentity(conversationID: "b-25"))?.id
        )
        try await fixture.store.write { try $0.exclude(id, for: .test, by: "ana") }
        let fewer = try #require(try await fixture.store.responseCurve(of: campaign))
        #expect(fewer.days.map(\.calledByThen) == [1, 1, 1, 1])
    }

    @Test("counts from the sending where nothing was delivered, and ends with the window")
    func sent() async throws {
        let fixture = try await StoreFixture()
        let campaign = try await Self.fill(
            fixture,
            [
                Person(name: "a", sentDaysAgo: 400, calls: [30]),
                Person(name: "b", sentDaysAgo: 400, calls: [24 * 8]),
            ],
            windowDays: 7
        )
        let curve = try #require(try await fixture.store.responseCurve(of: campaign))
        #expect(curve.since == .sent && curve.recipients == 2)
        #expect(curve.days.count == 7)
        #expect(curve.days.last?.calledByThen == 1)
    }

    @Test("there is none where nothing was sent, and it has a limit")
    func ends() async throws {
        let fixture = try await StoreFixture()
        let none = try await Self.fill(fixture, [Person(name: "a", calls: [1])])
        #expect(try await fixture.store.responseCurve(of: none) == nil)
        #expect(try await fixture.store.responseCurve(of: CampaignID(99)) == nil)
        let long = ResponseCurve(
            since: .sent,
            firstCalls: [89: 1, 90: 1],
            ages: [500: 2],
            windowDays: 700
        )
        #expect(long.days.count == ResponseCurve.daysMax)
        #expect(long.days.last?.calledByThen == 1)
    }
}
