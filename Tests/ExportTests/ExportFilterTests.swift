import CallJobs
import CallStore
import Export
import Foundation
import TestSupport
import Testing

@Suite("Exports and queries")
struct ExportFilterTests {
    private static func fixture(
        _ random: inout Seeded
    ) async throws -> (
        ExportFixture, [CampaignID]
    ) {
        let fixture = try await ExportFixture()
        let campaigns = try await fixture.store.write { writer in
            try ["Spring", "Autumn"].map { try writer.add(NewCampaign(name: $0, channel: .mail)) }
        }
        for number in 0..<150 {
            let outcome = ["success", "failure", "unknown", nil].randomElement(using: &random)
            let agent = Int.random(in: 1...3, using: &random)
            let recorded = try await fixture.addCall(number) {
                $0.callSuccessful = outcome ?? nil
                $0.agentID = "agent_\(agent)"
                if agent == 3 { $0.status = .failed }
            }
            let campaign = campaigns.randomElement(using: &random)
            let isCredited = Bool.random(using: &random)
            let verdict = Ternary.allCases.randomElement(using: &random)
            let tag = ["vip", "late", "spam"].randomElement(using: &random)
                .flatMap { CallTag($0) }
            try await fixture.store.write { writer in
                if let tag { try writer.tag(recorded.call, tag, by: "ana") }
                if isCredited {
                    try writer.pin(recorded.call, ManualPin(campaign: campaign, person: "ana"))
                }
                guard let verdict else { return }
                try writer.label(
                    recorded.call,
                    ManualLabel(type: "booking", label: verdict, person: "ana")
                )
            }
        }
        return (fixture, campaigns)
    }

    private static func filter(
        _ campaigns: [CampaignID],
        _ random: inout Seeded
    ) -> CallFilter {
        func maybe<Value>(_ value: Value) -> Value? { Bool.random(using: &random) ? value : nil }
        let from = 1_794_700_000 + Int64.random(in: 0..<120, using: &random)
        var filter = CallFilter(
            fromUnix: maybe(from),
            toUnix: maybe(from + Int64.random(in: 1...120, using: &random)),
            agentID: maybe("agent_\(Int.random(in: 1...3, using: &random))"),
            outcome: maybe(
                ["success", "failure", "unknown", "pending"].randomElement(using: &random) ?? ""
            ),
            conversion: maybe(Ternary.allCases.randomElement(using: &random) ?? .no)
        )
        if Int.random(in: 0..<4, using: &random) == 0 {
            filter.tag = ["vip", "spam"].randomElement(using: &random).flatMap { CallTag($0) }
        }
        filter.status = Int.random(in: 0..<4, using: &random) == 0 ? "done" : nil
        filter.campaign = maybe(
            (campaigns.randomElement(using: &random)).map { .one($0) } ?? .unattributed
        )
        if Int.random(in: 0..<4, using: &random) == 0 { filter.campaign = .unattributed }
        if Int.random(in: 0..<4, using: &random) == 0 {
            filter.ids = (0..<60).map { _ in CallID(Int64.random(in: 1...170, using: &random)) }
        }
        return filter
    }

    @Test("writes the calls of the query, for 50 random filters")
    func filters() async throws {
        var random = Seeded(seed: 4_711)
        let (fixture, campaigns) = try await Self.fixture(&random)
        var lengths: Set<Int> = []
        for number in 0..<50 {
            let filter = Self.filter(campaigns, &random)
            let arguments = ExportArguments(filter: filter, person: "ana")
            let record = try #require(try await fixture.export(arguments, number: number))
            let rows = try fixture.rows(record)
            let query = try await fixture.store.calls(filter, limit: 1_000).calls
            let shown = query.reversed().map { call in
                [
                    call.conversationID, call.agentID, call.callSuccessful ?? "pending",
                    call.campaignName ?? "", call.conversion?.rawValue ?? "",
                    call.method?.rawValue ?? "", "\(call.durationSeconds ?? 0)",
                    call.tags.map(\.text).joined(separator: " "),
                ]
            }
            let written = rows.map { row in
                [
                    "conversation_id", "agent_id", "outcome", "campaign", "conversion",
                    "attribution_method", "duration_seconds", "tags",
                ].map { row[$0] ?? "missing" }
            }
            #expect(written == shown, "\(filter)")
            #expect(try await fixture.store.count(filter) == rows.count)
            lengths.insert(rows.count)
        }
        // Filters that let everything or nothing through would show little.
        #expect(lengths.count > 10)
    }

    @Test("writes a period of whole days of the zone, and nothing when there is nothing to write")
    func periods() async throws {
        let fixture = try await ExportFixture()
        // Now is Monday, 2026-11-16, 03:33:20 UTC; in New York still Sunday.
        let starts: [(Int, String)] = [
            (1, "2026-11-14T23:30:00Z"), (2, "2026-11-15T04:59:59Z"), (3, "2026-11-15T05:00:00Z"),
            (4, "2026-11-16T00:00:00Z"), (5, "2026-10-31T12:00:00Z"),
        ]
        for (number, text) in starts {
            let unix = Int64(try Date(text, strategy: .iso8601).timeIntervalSince1970)
            try await fixture.addCall(number) { $0.startedUnix = unix }
        }
        let expected: [(ExportArguments.Period, String, [String])] = [
            (.yesterday, "UTC", ["conv_2", "conv_3"]),
            (.yesterday, "America/New_York", ["conv_1", "conv_2"]),
            (.lastMonth, "UTC", ["conv_5"]),
            (.lastWeek, "UTC", ["conv_1", "conv_2", "conv_3"]),
        ]
        for (index, (period, zone, ids)) in expected.enumerated() {
            let arguments = ExportArguments(
                period: period,
                folder: "nightly",
                keepDays: 30,
                timeZone: zone,
                person: "schedule"
            )
            let record = try #require(try await fixture.export(arguments, number: index))
            #expect(record.fileName.hasPrefix("nightly/calls-"))
            #expect(
                record.expiresMilliseconds == record.createdMilliseconds + 30 * 86_400_000
            )
            #expect(try fixture.rows(record).map { $0["conversation_id"] } == ids, "\(period)")
        }
        let empty = ExportArguments(
            filter: CallFilter(agentID: "nobody"),
            writesEmpty: false,
            person: "schedule"
        )
        let before = try await fixture.store.exports(limit: 99).count
        #expect(
            try await fixture.commit(try await fixture.run(empty, job: "e"), job: "e") == .applied
        )
        #expect(try await fixture.store.exports(limit: 99).count == before)
        let left = try FileManager.default.contentsOfDirectory(atPath: fixture.exports)
        #expect(left == ["nightly"])
    }

    @Test("what is to be passed on leaves a job for each channel, and nothing without rows")
    func passedOn() async throws {
        let fixture = try await ExportFixture()
        var arguments = ExportArguments(channels: [.mail, .webhook], person: "schedule")
        #expect(try await fixture.export(arguments) == nil)
        #expect(try await fixture.store.health().outboxWaiting == 0)
        // Unless that is asked for.
        arguments.writesEmpty = true
        let payload = String(decoding: arguments.payload, as: UTF8.self)
        #expect(payload.contains("\"deliver\":\"mail,webhook\""))
        #expect(payload.contains("\"empty\":true"))
        #expect(try ExportArguments(payload: arguments.payload) == arguments)
        let record = try #require(try await fixture.export(arguments, number: 2))
        let later = try await fixture.outbox().map { try UpkeepArguments(payload: $0.job.payload) }
        #expect(later.count == 2)
        #expect(
            Set(later.compactMap(\.export)) == [
                ExportDelivery(export: record.id, channel: .mail),
                ExportDelivery(export: record.id, channel: .webhook),
            ]
        )
        #expect(throws: ArgumentsError.self) {
            try ExportArguments(payload: Array("{\"deliver\":\"mail,fax\"}".utf8))
        }
    }
}
