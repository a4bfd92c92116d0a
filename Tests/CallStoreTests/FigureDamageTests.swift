import CallStore
import Foundation
import GRDB
import Testing

/// What somebody changes beside the store's own methods.
@Suite("Figures, damaged")
struct FigureDamageTests {
    @Test("keeps its figures when the words of a call are gone")
    func erasedWords() async throws {
        let fixture = try await StoreFixture()
        let recorded = try await fixture.record(CallRecord.phoneCall("c"))
        let before = try await fixture.store.figureReport(FigureScope()).total
        try fixture.sql { database in
            try database.execute(sql: "delete from turns; delete from call_parties")
        }
        #expect(before.connected == 1)
        #expect(try await fixture.store.figureReport(FigureScope()).total == before)
        #expect(try await fixture.store.recount().isRight)
        // A later reading whose transcript the upstream has deleted takes nothing back either.
        try await fixture.record(
            CallRecord.phoneCall("c") {
                $0.fetchedAtMilliseconds += 1
                $0.transcript = []
                $0.transcriptDeletedUnix = 1_794_800_000
            }
        )
        #expect(try await fixture.store.figureReport(FigureScope()).total == before)
        #expect(try await fixture.store.call(recorded.call)?.transcript.isEmpty == true)
    }

    @Test("notices figures that are wrong, and makes them right")
    func damage() async throws {
        let fixture = try await StoreFixture()
        for index in 0..<5 { try await fixture.record(CallRecord.phoneCall("c\(index)")) }
        let right = try await fixture.store.figureReport(FigureScope())
        for harm in [
            "update daily_figures set success = success + 1",
            "delete from daily_figures",
            "update daily_durations set calls = calls - 1",
            "update daily_seconds set calls = calls - 1",
            "delete from daily_seconds",
            "delete from call_facts where call_id = 2",
            "update call_facts set outcome = 'pending' where call_id = 3",
            "insert into call_facts select 99, 9999, workspace, channel, day, agent_id, "
                + "campaign_id, outcome, is_excluded, connection, is_qualified, is_converted, "
                + "conversion_type, seconds, credits, microdollars from call_facts limit 1",
        ] {
            try fixture.sql { try $0.execute(sql: harm) }
            let found = try await fixture.store.recount()
            #expect(!found.isRight, "\(harm)")
            #expect(found.calls == 5)
            try await fixture.store.repairFigures()
            #expect(try await fixture.store.recount().isRight, "\(harm)")
            #expect(try await fixture.store.figureReport(FigureScope()) == right, "\(harm)")
        }
    }
}
