import CallStore
import Foundation
import GRDB
import Testing

/// Figures that are counted anew in parts, since the zone or the limits of an agent have changed.
@Suite("Counting anew")
struct RebuildTests {
    /// 2026-11-15T23:30:00Z, which is the next day in Berlin.
    private static let late: Int64 = 1_794_785_400

    private static func fixture(calls: Int) async throws -> StoreFixture {
        let fixture = try await StoreFixture()
        for number in 1...calls {
            var record = CallRecord.sample("c\(number)")
            record.agentID = number % 2 == 0 ? "even" : "odd"
            record.startedUnix = late + Int64(number % 3) * 86_400
            record.durationSeconds = 10
            record.transcript = [Turn(speaker: .caller, message: "word", secondsIn: 0)]
            record.rating = 4
            try await fixture.record(record)
        }
        return fixture
    }

    /// Without the call that came meanwhile, which is excluded.
    private func counted(_ figures: CallFigures) -> CallFigures {
        var figures = figures
        figures.conversations -= figures.excluded
        figures.excluded = 0
        return figures
    }

    @Test("moves calls to the days of another zone in parts, and goes on where it was interrupted")
    func zone() async throws {
        let fixture = try await Self.fixture(calls: 10)
        let before = try await fixture.store.figureReport(FigureScope())
        let berlin = try #require(TimeZone(identifier: "Europe/Berlin"))
        #expect(try await fixture.store.beginReportZone(berlin))
        #expect(try await fixture.store.beginReportZone(berlin) == false)
        var shares: [Double] = []
        while let left = try await fixture.store.continueRebuild(limit: 4) {
            shares.append(left.share)
            #expect(left.reason == .zone)
            let report = try await fixture.store.figureReport(FigureScope())
            // No call is lost, and none is counted twice, while some stand on their old days.
            #expect(counted(report.total) == before.total)
            #expect(report.days.map(\.figures).reduce(CallFigures(), +) == report.total)
            #expect(report.rebuild == left)
            if shares.count == 1 {
                #expect(report.days.count == 4)
                // What comes now is counted by the new days at once.
                var record = CallRecord.sample("new")
                record.startedUnix = Self.late
                let recorded = try await fixture.record(record)
                try await fixture.store.write { try $0.exclude(recorded.call, for: .test, by: "a") }
            }
        }
        #expect(shares == [0.4, 0.8, 1])
        let after = try await fixture.store.figureReport(FigureScope())
        #expect(after.rebuild == nil)
        #expect(after.timeZone == "Europe/Berlin")
        #expect(after.days.map(\.day.number) == before.days.map { $0.day.number + 1 })
        #expect(try await fixture.store.recount().isRight)
        #expect(try await fixture.store.continueRebuild() == nil)
    }

    @Test("begins again when the zone changes once more, and a repair ends it")
    func again() async throws {
        let fixture = try await Self.fixture(calls: 10)
        for name in ["Europe/Berlin", "Asia/Kathmandu"] {
            let zone = try #require(TimeZone(identifier: name))
            try await fixture.store.beginReportZone(zone)
            try await fixture.store.continueRebuild(limit: 7)
        }
        #expect(try await fixture.store.figureRebuild()?.share == 0.7)
        #expect(try await fixture.store.recount().isRight == false)
        try await fixture.store.repairFigures()
        #expect(try await fixture.store.figureRebuild() == nil)
        #expect(try await fixture.store.recount().isRight)
    }

    @Test("qualifies calls by the limits of their agent, those that are there and those to come")
    func limits() async throws {
        let fixture = try await Self.fixture(calls: 10)
        let limits = AgentLimits(turnsMin: 1, secondsMin: 10)
        func qualified() async throws -> [String: Int] {
            let agents = try await fixture.store.figureReport(FigureScope()).agents
            return Dictionary(uniqueKeysWithValues: agents.map { ($0.key, $0.figures.qualified) })
        }
        #expect(try await qualified() == ["even": 0, "odd": 0])
        let trial = try await fixture.store.trial(of: limits, for: "even")
        #expect((trial.calls, trial.qualifiedBefore, trial.qualifiedAfter) == (5, 0, 5))
        let isNew = try await fixture.store.write {
            try $0.setLimits(limits, of: "even", by: "ana")
        }
        #expect(isNew)
        #expect(try await fixture.store.figureRebuild()?.reason == .limits)
        while try await fixture.store.continueRebuild(limit: 3) != nil {}
        #expect(try await qualified() == ["even": 5, "odd": 0])
        var record = CallRecord.sample("new")
        record.agentID = "even"
        record.durationSeconds = 11
        record.transcript = [Turn(speaker: .caller, message: "word", secondsIn: 0)]
        try await fixture.record(record)
        // One second less, and no words: neither is qualified.
        record.identity = CallIdentity(conversationID: "short")
        record.durationSeconds = 9
        try await fixture.record(record)
        record.identity = CallIdentity(conversationID: "silent")
        record.durationSeconds = 60
        record.transcript = []
        try await fixture.record(record)
        #expect(try await qualified() == ["even": 6, "odd": 0])
        #expect(try await fixture.store.recount().isRight)
        try await fixture.store.write { try $0.setLimits(nil, of: "even", by: "ana") }
        while try await fixture.store.continueRebuild() != nil {}
        #expect(try await qualified() == ["even": 0, "odd": 0])
        #expect(try await fixture.store.recount().isRight)
        #expect(
            try await fixture.store.auditLog(action: "agent.limits", limit: 9)
                .count == 2
        )
    }

    @Test("says nothing of limits that are those of before")
    func same() async throws {
        let fixture = try await Self.fixture(calls: 1)
        let isNew = try await fixture.store.write {
            try $0.setLimits(nil, of: "odd", by: "ana")
        }
        #expect(isNew == false)
        // Said to be what it is anyway: kept, and nothing is to be counted.
        try await fixture.store.write { try $0.setLimits(.standard, of: "odd", by: "ana") }
        #expect(try await fixture.store.figureRebuild() == nil)
        #expect(try await fixture.store.agents().first { $0.id == "odd" }?.isSet == true)
    }

    @Test("marks the days on which the rules' word changed")
    func notes() async throws {
        let fixture = try await Self.fixture(calls: 1)
        let at = fixture.time.milliseconds
        let dayMilliseconds: Int64 = 86_400_000
        try fixture.sql { database in
            try database.execute(
                sql: """
                    insert into rule_versions (version, name, first_used_ms)
                    values ('first', 'r', 1), ('second', 'r', ?), ('tried', 'r', ?), ('used', 'r', 3);
                    insert into rule_pointers (role, version, person, at_ms)
                    values ('shadow', 'tried', 'ana', ?), ('active', 'used', 'ana', ?);
                    """,
                arguments: [at, at, at, at + dayMilliseconds]
            )
            for (id, state, added) in [("a", "done", 3), ("b", "done", 0), ("c", "running", 1)] {
                try database.execute(
                    sql: """
                        insert into rescores (
                            id, version, from_unix, to_unix, state, last_id, calls, added, person,
                            created_ms, changed_ms, ended_ms
                        ) values (?, 'used', 1, 2, ?, 1, 1, ?, 'ana', 1, 1, ?)
                        """,
                    arguments: [id, state, added, state == "done" ? at + 2 * dayMilliseconds : nil]
                )
            }
        }
        let day = LocalDay(unix: at / 1000, offsetSeconds: 0)
        let all = try await fixture.store.figureReport(FigureScope()).notes
        #expect(all.map(\.kind) == [.rules, .rules, .rescored])
        #expect(all.map(\.version) == ["second", "used", "used"])
        #expect(all.map(\.day) == [day, day + 1, day + 2])
        #expect(all.map(\.added) == [0, 0, 3])
        let some = try await fixture.store.figureReport(FigureScope(from: day + 1, to: day + 1))
        #expect(some.notes == [all[1]])
    }
}
