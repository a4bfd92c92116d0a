import CallStore
import Foundation
import GRDB
import Testing

@Suite("Notes on days, and how jobs went")
struct DayNoteTests {
    private static let day = LocalDay(year: 2026, month: 11, day: 14)

    @Test("notes stand on their days, those of a campaign on its charts alone")
    func notes() async throws {
        let fixture = try await StoreFixture()
        let (campaign, other) = try await fixture.store.write { writer in
            (
                try writer.add(NewCampaign(name: "Spring", channel: .mail)),
                try writer.add(NewCampaign(name: "Summer", channel: .mail))
            )
        }
        let ids = try await fixture.store.write { writer in
            [
                try writer.noteDay(Self.day + 1, "Radio spot", by: "ana"),
                try writer.noteDay(Self.day, "Letters arrive", campaign: campaign, by: "ben"),
                try writer.noteDay(Self.day + -40, "Too early", by: "ana"),
            ]
        }
        func texts(_ campaign: CampaignID?, from: LocalDay? = Self.day) async throws -> [String] {
            try await fixture.store.dayNotes(
                from: from,
                to: Self.day + 1,
                campaign: campaign,
                limit: 10
            ).map(\.text)
        }
        #expect(try await texts(nil) == ["Radio spot"])
        #expect(try await texts(campaign) == ["Letters arrive", "Radio spot"])
        #expect(try await texts(other) == ["Radio spot"])
        #expect(try await texts(nil, from: nil) == ["Too early", "Radio spot"])
        let newest = try await fixture.store.dayNotes(from: nil, to: Self.day + 1, limit: 1)
        #expect(newest.map(\.text) == ["Radio spot"])
        let isRemoved = try await fixture.store.write { writer in
            [
                try writer.removeDayNote(ids[0], by: "ana"),
                try writer.removeDayNote(ids[0], by: "ana"),
            ]
        }
        #expect(isRemoved == [true, false])
        #expect(try await texts(nil).isEmpty)
        let actions = try await fixture.store.auditLog(limit: 9).map(\.note.action)
        #expect(
            actions.filter { $0.hasPrefix("note.") } == [
                "note.remove", "note.add", "note.add", "note.add",
            ]
        )
    }

    @Test("the history of a kind has no gaps, and counts each job in its stretch")
    func history() async throws {
        let fixture = try await StoreFixture()
        let now: Int64 = 1_794_700_000_000
        let minute: Int64 = 60_000
        let end = (now / minute + 1) * minute
        // Ten jobs of two minutes ago, one of now, one of another kind, one too old.
        try fixture.sql { database in
            for (index, (kind, at))
                in ((0..<10).map { ("sync", end - 2 * minute - 1 - Int64($0)) } + [
                    ("sync", now), ("export", now), ("sync", end - 4 * minute - 1),
                ]).enumerated()
            {
                try database.execute(
                    sql: """
                        insert into ledger (
                            job_id, kind, worker, fence, attempt, finished_ms, waited_ms, ran_ms
                        ) values (?, ?, 'w', 1, 1, ?, ?, ?)
                        """,
                    arguments: ["j\(index)", kind, at, index * 10, index == 10 ? nil : index * 100]
                )
            }
        }
        let history = try await fixture.store.runHistory(of: "sync", stretches: 4, of: minute)
        #expect(history.stretches.map(\.jobs) == [0, 10, 0, 1])
        #expect(history.stretches.map(\.startMilliseconds).last == end - minute)
        #expect(!history.isCut)
        let full = history.stretches[1]
        #expect(full.p50Wait == .milliseconds(40) && full.p95Wait == .milliseconds(90))
        #expect(full.p50Run == .milliseconds(400) && full.p95Run == .milliseconds(900))
        #expect(history.stretches[3].p50Run == nil && history.stretches[0].p95Wait == nil)
    }
}
