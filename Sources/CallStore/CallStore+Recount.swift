package import Foundation
import GRDB

/// What a full recount found.
package struct Recount: Hashable, Sendable {
    /// Calls that were looked at.
    package var calls: Int

    /// Calls that are counted for something else than they are.
    package var wrongCalls: Int

    /// Sums by day that are not those of the calls.
    package var wrongSums: Int

    package init(calls: Int, wrongCalls: Int, wrongSums: Int) {
        self.calls = calls
        self.wrongCalls = wrongCalls
        self.wrongSums = wrongSums
    }

    package var isRight: Bool { wrongCalls == 0 && wrongSums == 0 }
}

extension CallStore {
    /// Counts everything anew and compares; reads every call.
    package func recount() async throws(StoreError) -> Recount {
        try await read { database in
            func number(_ sql: String) throws -> Int { try Int.fetchOne(database, sql: sql) ?? 0 }
            return Recount(
                calls: try number("select count(*) from calls"),
                wrongCalls: try number("select count(*) from (\(Self.wrongCalls))"),
                wrongSums: try Self.kept.reduce(0) { sum, kept in
                    let (then, now) = (kept.table, "\(kept.table)_now")
                    return try sum + number(Self.rows(kept.columns, in: then, notIn: now))
                        + number(Self.rows(kept.columns, in: now, notIn: then))
                }
            )
        }
    }

    /// Makes the figures what a recount says.
    ///
    /// One transaction: readers see the figures before or after, writers wait for its end.
    package func repairFigures() async throws(StoreError) {
        try await change { database in
            let wrong = try Int64.fetchAll(database, sql: Self.wrongCalls)
            for call in wrong {
                try database.execute(
                    sql: "delete from call_facts where call_id = ?1",
                    arguments: [call]
                )
                try database.execute(
                    sql: "insert into refresh_call_facts values (?)",
                    arguments: [call]
                )
            }
            try Self.sumAnew(database)
            try database.execute(sql: "delete from figure_rebuilds")
        }
    }

    private static func sumAnew(_ database: Database) throws {
        try database.execute(
            sql: """
                delete from daily_figures;
                insert into daily_figures select * from daily_figures_now;
                delete from daily_durations;
                insert into daily_durations select * from daily_durations_now;
                delete from daily_seconds;
                insert into daily_seconds select * from daily_seconds_now;
                delete from rated_calls;
                delete from daily_satisfaction;
                insert into rated_calls select * from rated_calls_now;
                """
        )
    }

    /// Tables of sums beside which a view of what they should be stands, and what is compared.
    private static let kept: [(table: String, columns: String)] = [
        ("daily_figures", "*"), ("daily_durations", "*"), ("daily_seconds", "*"),
        ("rated_calls", "*"),
        // Without the sum of ratings, which need not be whole numbers.
        (
            "daily_satisfaction",
            "workspace, channel, day, agent_id, campaign_id, calls, ratings, moods, positive"
        ),
    ]

    private static func rows(_ columns: String, in table: String, notIn other: String) -> String {
        """
        select count(*) from (select \(columns) from \(table) except select \(columns) from \(other))
        """
    }

    private static let wrongCalls: String = {
        let columns = """
            call_id, workspace, channel, day, agent_id, campaign_id, outcome, is_excluded,
            connection, is_qualified, is_converted, conversion_type, seconds, credits, microdollars
            """
        return """
            select call_id from (
                select \(columns) from call_facts except select \(columns) from call_facts_now
            )
            union
            select call_id from (
                select \(columns) from call_facts_now except select \(columns) from call_facts
            )
            """
    }()
}

extension TimeZone {
    /// The zone's name in reports: Foundation calls UTC by an older name.
    package var reportName: String { identifier == "GMT" ? "UTC" : identifier }
}

/// When a zone's offset from UTC changes.
struct ZoneOffsets: Equatable {
    struct Change: Equatable {
        var sinceUnix: Int64

        /// East of UTC.
        var offsetSeconds: Int
    }

    /// By time; the first reaches back as far as anybody asks.
    var changes: [Change]

    init(changes: [Change]) {
        self.changes = changes
    }

    /// 2000-01-01 to 2060-01-01, before and after which the offset is taken to stay.
    private static let looked: Range<Int64> = 946_684_800..<2_840_140_800

    /// Asks for every day's offset, and where two differ looks for the second of the change.
    ///
    /// Foundation's own search knows daylight saving only, not changes of a zone's law.
    init(of zone: TimeZone) {
        func offset(_ unix: Int64) -> Int {
            zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(unix)))
        }
        var present = offset(Self.looked.lowerBound)
        changes = [Change(sinceUnix: -100_000_000_000, offsetSeconds: present)]
        for day in stride(from: Self.looked.lowerBound, to: Self.looked.upperBound, by: 86_400) {
            let next = offset(day + 86_400)
            guard next != present else { continue }
            var (before, after) = (day, day + 86_400)
            while after - before > 1 {
                let middle = before + (after - before) / 2
                if offset(middle) == present { before = middle } else { after = middle }
            }
            changes.append(Change(sinceUnix: after, offsetSeconds: next))
            present = next
        }
    }
}
