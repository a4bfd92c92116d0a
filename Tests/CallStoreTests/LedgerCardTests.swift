import CallStore
import Foundation
import Testing

@Suite("How calls came here")
struct LedgerCardTests {
    /// 2026-11-14T23:46:40Z, when the fixture's clock begins.
    private static let now: Int64 = 1_794_700_000
    private static let day: Int64 = 86_400

    private func reading(
        _ id: String,
        at startedUnix: Int64,
        seconds: Int = 60,
        status: CallStatus = .done,
        webhook: Bool
    ) -> CallRecord {
        var record = CallRecord(
            identity: CallIdentity(conversationID: id),
            source: webhook ? .webhook : .detail,
            fetchedAtMilliseconds: (startedUnix + Int64(seconds) + 20) * 1000,
            agentID: "agent_1",
            status: status
        )
        record.startedUnix = startedUnix
        record.durationSeconds = seconds
        record.channel = .phone
        record.direction = .inbound
        record.callSuccessful = "success"
        if webhook { record.deliveredMilliseconds = record.fetchedAtMilliseconds }
        return record
    }

    @Test("tells by day and zone how calls came, changed and were missed")
    func card() async throws {
        let fixture = try await StoreFixture()
        let now = Self.now
        try await fixture.record(reading("today_hook", at: now - 7_200, webhook: true))
        try await fixture.record(reading("today_poll", at: now - 7_100, webhook: false))
        try await fixture.record(reading("awaited", at: now - 600, webhook: false))
        // Before midnight in UTC, after it in Berlin.
        let late = now - Self.day - 1_000
        try await fixture.record(reading("late", at: late, webhook: true))
        // Broke off: the upstream sends no webhook for it.
        try await fixture.record(
            reading("broken", at: late - 100, status: .failed, webhook: false)
        )
        var busy = reading("busy", at: late - 200, seconds: 0, status: .failed, webhook: false)
        busy.direction = .outbound
        try await fixture.record(busy)
        // First by poll, then by webhook, then changed.
        var both = reading("both", at: late - 300, webhook: false)
        try await fixture.record(both)
        both.source = .webhook
        both.deliveredMilliseconds = now * 1000
        try await fixture.record(both)
        both.source = .detail
        both.fetchedAtMilliseconds += 5_000
        both.rating = 3
        try await fixture.record(both)

        let utc = try await fixture.store.ledgerCard(days: 3, zone: .gmt)
        #expect(utc.map(\.calls) == [0, 4, 3])
        #expect(utc.map(\.byWebhook) == [0, 1, 1])
        #expect(utc.map(\.byPoll) == [0, 3, 2])
        #expect(utc.map(\.unknown) == [0, 0, 0])
        #expect(utc.map(\.changedLater) == [0, 1, 0])
        #expect(utc.map(\.neverByWebhook) == [0, 1, 1])
        #expect(utc.map(\.awaitingWebhook) == [0, 0, 1])
        #expect(utc.last?.fromUnix == now - 85_600)
        let berlin = try #require(TimeZone(identifier: "Europe/Berlin"))
        let local = try await fixture.store.ledgerCard(days: 3, zone: berlin)
        #expect(local.map(\.calls) == [0, 6, 1])
        #expect(local.last?.fromUnix == now - 85_600 + Self.day - 3_600)
    }

    @Test("days of a change of the clocks have 23 and 25 hours")
    func clockChanges() async throws {
        let fixture = try await StoreFixture()
        let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
        let days = try await fixture.store.ledgerCard(days: 300, zone: zone)
        #expect(days.count == 300)
        let lengths = Set(days.map { ($0.toUnix - $0.fromUnix) / 3_600 })
        #expect(lengths == [23, 24, 25])
        #expect(zip(days, days.dropFirst()).allSatisfy { $0.toUnix == $1.fromUnix })
    }

    @Test("notices that webhooks have gone silent while the poll finds calls")
    func silence() async throws {
        let fixture = try await StoreFixture()
        try await fixture.store.write { writer throws in
            _ = try writer.receive(
                InboxDelivery(
                    type: "post_call_transcription",
                    conversationID: "conv_0",
                    receivedAtMilliseconds: (Self.now - 20_000) * 1000,
                    body: Data("{}".utf8)
                )
            )
        }
        // Before the last webhook: nothing to wonder about.
        try await fixture.record(reading("before", at: Self.now - 30_000, webhook: false))
        for number in 1..<WebhookSilence.missedMin {
            try await fixture.record(
                reading("c\(number)", at: Self.now - 10_000 + Int64(number), webhook: false)
            )
        }
        var state = try await fixture.store.archiveState()
        #expect(state.webhooks.missed == WebhookSilence.missedMin - 1)
        #expect(!state.webhooks.isSilent)
        try await fixture.record(reading("one_more", at: Self.now - 9_000, webhook: false))
        state = try await fixture.store.archiveState()
        #expect(state.webhooks.isSilent)
        #expect(state.webhooks.lastMilliseconds == (Self.now - 20_000) * 1000)
    }

    @Test("counts calls that have not ended for a day")
    func stuck() async throws {
        let fixture = try await StoreFixture()
        let ages: [(String, Int64)] = [("old", 90_000), ("older", 100_000), ("young", 80_000)]
        for (id, age) in ages {
            try await fixture.record(
                reading(id, at: Self.now - age, status: .inProgress, webhook: false)
            )
        }
        let state = try await fixture.store.archiveState()
        #expect(state.unfinished == 3)
        #expect(state.stuck == 2)
        #expect(state.stuckExample == "older")
    }

    @Test("keeps results of criteria and no rationale, and the body of nothing erased")
    func keepsNoWords() async throws {
        let fixture = try await StoreFixture()
        var call = reading("conv_1", at: Self.now - 500, webhook: false)
        call.criteria = [CriterionResult(id: "booked", result: "success", rationale: "Ann said so")]
        let recorded = try await fixture.record(call)
        call.fetchedAtMilliseconds += 1_000
        call.criteria = [CriterionResult(id: "booked", result: "failure", rationale: "Or not")]
        try await fixture.record(call)
        // The same result in other words is no other verdict.
        call.fetchedAtMilliseconds += 1_000
        call.criteria = [CriterionResult(id: "booked", result: "failure", rationale: "Never")]
        try await fixture.record(call)
        let changes = try await fixture.store.provenance(of: recorded.call).changes
        #expect(changes.map(\.value) == [.object(["booked": .text("success")])])

        try await fixture.store.write { writer throws in
            try writer.bury(CallIdentity(conversationID: "conv_9"), .erased)
            let receipt = try writer.receive(
                InboxDelivery(
                    type: nil,
                    conversationID: "conv_9",
                    receivedAtMilliseconds: 1,
                    body: Data("secret words".utf8)
                )
            )
            #expect(receipt == .erased)
        }
        #expect(try fixture.number("select count(*) from inbox") == 0)
    }
}
