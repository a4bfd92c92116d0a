import CallStore
import GRDB
import TestSupport
import Testing

/// Many credits of one transaction, which are counted together.
@Suite("Credits in batches")
struct CreditCountingTests {
    private static let calls = 150

    @Test(
        "writes and counts a batch as it does one after the other",
        arguments: Seeds.first(4)
    )
    func batch(seed: UInt64) async throws {
        let together = try await StoreFixture()
        let apart = try await StoreFixture()
        for fixture in [together, apart] {
            var random = Seeded(seed: seed)
            try await fill(fixture, &random)
        }
        for round in 0..<3 {
            // Each with a generator of its own, so that both decide the same.
            var random = Seeded(seed: seed &+ UInt64(round))
            let entries = try await entries(together, &random)
            let receipt = try await together.store.write { try $0.attribute(entries) }
            let changed = try await apart.store.write { writer in
                try entries.flatMap { try writer.attribute([$0]).changed }
            }
            let note = Comment(rawValue: Seeds.replay(seed, filter: "CreditCountingTests"))
            #expect(receipt.changed == changed, note)
            #expect(!receipt.changed.isEmpty, note)
            #expect(receipt.stale.map(\.number) == [149], note)
            #expect(receipt.pinned == 1, note)
            for table in Self.compared {
                #expect(try rows(together, table) == rows(apart, table), note)
            }
            #expect(try await together.store.recount().isRight, note)
            #expect(try together.number("select is_batch from change_sequence") == 0, note)
        }
    }

    @Test("writes a call that stands twice in a batch once")
    func twice() async throws {
        let fixture = try await StoreFixture()
        var random = Seeded(seed: 1)
        try await fill(fixture, &random)
        let entry = try await entries(fixture, &random)[3]
        let receipt = try await fixture.store.write { try $0.attribute([entry, entry]) }
        #expect(receipt.stale.isEmpty)
        let lines = try fixture.number(
            "select count(*) from attribution_history where call_id = ?",
            [entry.call.number]
        )
        #expect(lines == (entry.isChange ? 1 : 0))
    }

    @Test("counts row by row again after a batch that fails")
    func failing() async throws {
        let fixture = try await StoreFixture()
        var random = Seeded(seed: 1)
        try await fill(fixture, &random)
        var entries = try await entries(fixture, &random)
        entries[7].decision?.campaign = CampaignID(99)
        let broken = entries
        let verdict = try await fixture.commit("a") { _ = try $0.attribute(broken) }
        guard case .rejected = verdict else {
            Issue.record("a credit of no campaign was taken: \(verdict)")
            return
        }
        #expect(try fixture.number("select count(*) from attributions where call_id < 149") == 0)
        let pin = ManualPin(campaign: CampaignID(1), person: "ana")
        try await fixture.store.write { try $0.pin(CallID(5), pin) }
        #expect(try await fixture.store.recount().isRight)
    }

    private static let compared = [
        "select call_id, revision, campaign_id, method, reason, decided_by from attributions",
        """
        select call_id, campaign_before, campaign_id, method_before, method, evidence
        from attribution_history order by id
        """,
        "select sequence, call_id, campaign_id from call_facts order by call_id",
        "select * from daily_figures",
        "select * from rated_calls order by call_id",
        "select workspace, day, agent_id, campaign_id, calls, ratings from daily_satisfaction",
    ]

    private func rows(_ fixture: StoreFixture, _ query: String) throws -> [[DatabaseValue]] {
        try fixture.sql { database in
            try Row.fetchAll(database, sql: query).map { Array($0.databaseValues) }
        }
    }

    /// Calls of three agents and two days, some of them rated, some excluded; the last but one is
    /// pinned.
    private func fill(_ fixture: StoreFixture, _ random: inout Seeded) async throws {
        var records: [CallRecord] = []
        for number in 1...Self.calls {
            var record = CallRecord.sample("c\(number)")
            record.agentID = "agent_\(number % 3)"
            record.startedUnix = 1_794_700_000 + Int64.random(in: 0..<120_000, using: &random)
            record.rating = [1, 5, nil].randomElement(using: &random) ?? nil
            records.append(record)
        }
        let recorded = records
        let isExcluded = (1...Self.calls).map { _ in Int.random(in: 0..<10, using: &random) == 0 }
        try await fixture.store.write { writer in
            for name in ["Spring", "Autumn"] {
                _ = try writer.add(NewCampaign(name: name, channel: .mail))
            }
            for record in recorded { _ = try writer.record(record) }
            for (index, isExcluded) in isExcluded.enumerated() where isExcluded {
                try writer.exclude(CallID(Int64(index + 1)), for: .test, by: "ana")
            }
            try writer.pin(CallID(150), ManualPin(campaign: nil, person: "ana"))
        }
    }

    /// A decision for each call, made from what it is; that of call 149 from what it is not.
    private func entries(
        _ fixture: StoreFixture,
        _ random: inout Seeded
    ) async throws -> [AttributionEntry] {
        let calls = (1...Self.calls).map { CallID(Int64($0)) }
        let inputs = try await fixture.store.attributionInputs(of: calls, candidatesMax: 5)
        return inputs.map { input in
            let campaign = [CampaignID(1), CampaignID(2), nil].randomElement(using: &random) ?? nil
            var seen = input.seen
            if input.call.number == 149 { seen.content += 1 }
            return AttributionEntry(
                call: input.call,
                seen: seen,
                before: input.before,
                decision: AttributionDecision(
                    campaign: campaign,
                    recipient: nil,
                    method: campaign == nil ? .none : .exactNumber,
                    confidence: nil,
                    reason: nil,
                    evidence: ["day": .integer(Int64.random(in: 0..<3, using: &random))],
                    ruleVersion: "a"
                )
            )
        }
    }
}
