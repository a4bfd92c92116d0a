import CallStore
import Definitions
import Foundation
import TestSupport
import Testing

@Suite("Figures")
struct FigureTests {
    private static func list(_ numbers: Int...) -> [Int] { numbers }

    @Test("counts outcomes that add up, and excluded calls beside them")
    func outcomes() async throws {
        let fixture = try await StoreFixture()
        let words: [String?] = ["success", "success", "failure", "unknown", nil, "odd"]
        for (index, word) in words.enumerated() {
            try await fixture.record(CallRecord.phoneCall("c\(index)") { $0.callSuccessful = word })
        }
        try await fixture.record(CallRecord.phoneCall("chat") { $0.channel = .text })
        try await fixture.record(CallRecord.phoneCall("widget") { $0.channel = .voice })
        try await fixture.record(
            CallRecord.phoneCall("preview") { $0.initiationSource = "template_preview" }
        )
        let spam = try await fixture.record(CallRecord.phoneCall("spam"))
        try await fixture.store.write { try $0.exclude(spam.call, for: .spam, by: "ana") }
        var total = try await fixture.store.figureReport(FigureScope()).total
        #expect(total.calls == 6)
        #expect(
            Self.list(total.success, total.failure, total.unknown, total.pending) == [2, 1, 2, 1]
        )
        #expect(total.excluded == 2)
        #expect(total.conversations == 8)
        let voice = try await fixture.store.figureReport(FigureScope(includesVoice: true)).total
        #expect(voice.calls == 7)
        #expect(try await fixture.store.exclusion(of: spam.call)?.reason == .spam)
        try await fixture.store.write { _ = try $0.include(spam.call, by: "ana") }
        total = try await fixture.store.figureReport(FigureScope()).total
        #expect(Self.list(total.calls, total.excluded) == [7, 1])
        #expect(try await fixture.store.recount().isRight)
    }

    @Test("tells connected, silent and never connected calls apart, and qualified ones")
    func connections() async throws {
        let fixture = try await StoreFixture()
        let caller = { (words: [String?]) in
            words.map { Turn(speaker: .caller, message: $0, secondsIn: 1) }
        }
        try await fixture.record(
            CallRecord.phoneCall("long") { $0.transcript = caller(["a", "b"]) }
        )
        try await fixture.record(
            CallRecord.phoneCall("one-turn") { $0.transcript = caller(["a", " ", nil]) }
        )
        try await fixture.record(
            CallRecord.phoneCall("short") {
                $0.transcript = caller(["a", "b"])
                $0.durationSeconds = 29
            }
        )
        try await fixture.record(CallRecord.phoneCall("silent") { $0.transcript = caller([" "]) })
        try await fixture.record(
            CallRecord.phoneCall("busy") {
                $0.transcript = []
                $0.callResult = "busy"
                $0.durationSeconds = 0
            }
        )
        let total = try await fixture.store.figureReport(FigureScope()).total
        #expect(Self.list(total.connected, total.noSpeech, total.notConnected) == [3, 1, 1])
        #expect(total.qualified == 1)
        #expect(total.seconds == 94 + 94 + 29)
    }

    @Test(
        "buckets by days of the zone on the days on which clocks change",
        arguments: [
            ("Europe/Berlin", "2026-03-29", Int64(1_774_738_800), 23),
            ("Europe/Berlin", "2026-10-25", 1_792_879_200, 25),
            ("America/New_York", "2026-03-08", 1_772_946_000, 23),
            ("America/New_York", "2026-11-01", 1_793_505_600, 25),
        ] as [(String, String, Int64, Int)]
    )
    func clockChanges(zone: String, day: String, start: Int64, hours: Int) async throws {
        let fixture = try await StoreFixture()
        // A call in the middle of each hour of the day, and one in the second before and after.
        for hour in 0..<hours {
            try await fixture.record(
                CallRecord.phoneCall("h\(hour)", at: start + Int64(hour) * 3600 + 1800)
            )
        }
        let end = start + Int64(hours) * 3600
        try await fixture.record(CallRecord.phoneCall("first", at: start))
        try await fixture.record(CallRecord.phoneCall("last", at: end - 1))
        try await fixture.record(CallRecord.phoneCall("before", at: start - 1))
        try await fixture.record(CallRecord.phoneCall("after", at: end))
        let zoneFound = try #require(TimeZone(identifier: zone))
        #expect(try await fixture.store.useReportZone(zoneFound))
        #expect(try await fixture.store.useReportZone(zoneFound) == false)
        let report = try await fixture.store.figureReport(FigureScope())
        let local = try #require(LocalDay(day))
        #expect(report.timeZone == zone)
        #expect(
            report.days.map { [$0.day.number, $0.figures.calls] } == [
                [local.number - 1, 1], [local.number, hours + 2], [local.number + 1, 1],
            ]
        )
        // What comes after the change of zone is counted by it, too.
        try await fixture.record(CallRecord.phoneCall("again", at: start))
        let one = try await fixture.store.figureReport(FigureScope(from: local, to: local))
        #expect(one.total.calls == hours + 3)
        #expect(try await fixture.store.recount().isRight)
    }

    @Test("reads days, and finds their weeks and months")
    func days() throws {
        let day = try #require(LocalDay("2026-11-21"))
        #expect(day.number == 20_778)
        #expect(day.weekStart.description == "2026-11-16")
        #expect(day.monthStart.description == "2026-11-01")
        #expect(day.nextMonthStart.description == "2026-12-01")
        #expect(LocalDay("2024-02-29")?.description == "2024-02-29")
        #expect(LocalDay(0).weekStart.description == "1969-12-29")
        for text in ["2026-02-29", "2026-13-01", "2026-1-1", "", "26-01-01"] {
            #expect(LocalDay(text) == nil, "\(text)")
        }
        #expect(LocalDay(unix: -1, offsetSeconds: 0).description == "1969-12-31")
        #expect(LocalDay(unix: -86_400, offsetSeconds: 0).description == "1969-12-31")
        #expect(LocalDay(unix: -86_401, offsetSeconds: 0).description == "1969-12-30")
    }

    @Test("counts calls of today, this week and this month")
    func recently() async throws {
        let fixture = try await StoreFixture()
        // The fixture's clock says Saturday, 2026-11-14, 23:46:40 UTC.
        let today = try #require(LocalDay("2026-11-14"))
        for (index, daysAgo) in [0, 0, 5, 6, 13, 14].enumerated() {
            let unix = Int64(today.number - daysAgo) * 86_400 + 60
            try await fixture.record(CallRecord.phoneCall("c\(index)", at: unix))
        }
        let report = try await fixture.store.figureReport(FigureScope(from: today, to: today))
        #expect(report.today == today)
        #expect(
            Self.list(report.callsToday, report.callsThisWeek, report.callsThisMonth) == [2, 3, 5]
        )
        #expect(report.total.calls == 2)
    }

    @Test("finds median and 90th percentile exactly", arguments: Seeds.first(10))
    func percentiles(seed: UInt64) async throws {
        var random = Seeded(seed: seed)
        let fixture = try await StoreFixture()
        let count = Int.random(in: 1...120, using: &random)
        let top = [3, 40, 700, 9_000].randomElement(using: &random) ?? 40
        let seconds = (0..<count).map { _ in Int.random(in: 1...top, using: &random) }
        let starts = seconds.map { _ in
            1_794_700_000 - Int64.random(in: 0...400_000, using: &random)
        }
        try await fixture.store.write { writer in
            for (index, length) in seconds.enumerated() {
                try writer.record(
                    CallRecord.phoneCall("c\(index)", at: starts[index]) {
                        $0.durationSeconds = length
                    }
                )
            }
        }
        let sorted = seconds.sorted()
        func rank(_ share: Double) -> Int { sorted[Int((share * Double(count)).rounded(.up)) - 1] }
        for agent in [nil, "agent_1"] {
            let found = try await fixture.store.figureReport(FigureScope(agentID: agent)).durations
            #expect(found.median == rank(0.5), "\(Seeds.replay(seed, filter: "percentiles"))")
            #expect(found.p90 == rank(0.9))
            #expect(found.average == Double(seconds.reduce(0, +)) / Double(count))
        }
    }

    @Test("has one definition for every figure, and the page of the docs is made of them")
    func definitions() throws {
        let known = MetricDefinitions.known
        #expect(known.metrics.map(\.id) == MetricID.allCases)
        for metric in known.metrics {
            #expect(metric.definition.hasSuffix("."), "\(metric.id)")
            #expect(!metric.label.isEmpty)
        }
        let page = try String(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../docs/metrics.md").standardizedFileURL,
            encoding: .utf8
        )
        #expect(
            page.contains(known.markdown),
            "docs/metrics.md has to hold this table:\n\(known.markdown)"
        )
    }
}

extension CallRecord {
    /// A phone call of one conversation id and start.
    static func phoneCall(
        _ id: String,
        at unix: Int64 = 1_794_700_000,
        _ change: (inout CallRecord) -> Void = { _ in }
    ) -> CallRecord {
        var record = CallRecord.sample(id)
        record.startedUnix = unix
        change(&record)
        return record
    }
}
