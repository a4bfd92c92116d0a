import CallStore
import Foundation
import TestSupport
import Testing

@Suite("Overview") struct OverviewTests {
    @Test("names the calls that changed since the last look, and costs nothing while none did")
    func changes() async throws {
        let fixture = try await StoreFixture()
        let start = try await fixture.store.changes(after: nil, limit: 2)
        #expect(start.calls.isEmpty)
        var ids: [CallID] = []
        for number in 0..<3 { ids.append(try await fixture.record(.phoneCall("c\(number)")).call) }
        let cut = try await fixture.store.changes(after: start.sequence, limit: 2)
        #expect(cut.calls == Array(ids.prefix(2)))
        #expect(!cut.isComplete)
        #expect(cut.sequence > start.sequence)
        let same = try await fixture.store.changes(after: cut.sequence, limit: 2)
        #expect(same.sequence == cut.sequence)
        #expect(same.calls.isEmpty && same.isComplete)
        let second = ids[1]
        try await fixture.store.write { try $0.exclude(second, for: .test, by: "ana") }
        let excluded = try await fixture.store.changes(after: cut.sequence, limit: 2)
        #expect(excluded.calls == [second])
    }

    @Test(
        "shows the touches of the campaign with the most calls, and what was not measured as none"
    )
    func funnel() async throws {
        let fixture = try await StoreFixture()
        let id = try await fixture.store.write { writer in
            let id = try writer.add(NewCampaign(name: "Spring", channel: .mail))
            let recipient = try writer.add(NewRecipient(campaign: id, reference: "r1"))
            for day in 0..<3 as Range<Int64> {
                let touch = Touch(kind: .sent, atUnix: 1_794_000_000 + day * 86_400)
                _ = try writer.add(touch, of: recipient)
            }
            return id
        }
        try await fixture.record(.phoneCall("c1"))
        let overview = try await fixture.store.overview(FigureScope(campaign: .one(id)))
        let funnel = try #require(overview.funnel)
        #expect(funnel.name == "Spring")
        #expect(funnel.steps == [.sent: 3, .calls: 0, .conversions: 0])
        let all = try await fixture.store.overview(FigureScope())
        #expect(all.report.total.calls == 1)
        // No campaign has a call, so none is shown.
        #expect(all.funnel == nil)
        #expect(all.lastCallUnix == 1_794_700_000)
    }
}
