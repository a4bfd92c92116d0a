import Foundation
import GRDB

extension CallStore {
    /// The figures of a scope: sums, by day, agent and campaign, and how long calls lasted.
    ///
    /// Read from the sums by day that every change keeps, so the time it takes follows the days
    /// asked for, not the calls. Percentiles of one agent or campaign read its calls' durations
    /// from an index.
    package func figureReport(_ scope: FigureScope) async throws(StoreError) -> FigureReport {
        let now = ambient.nowMilliseconds / 1000
        return try await read { database in
            try FigureReading(database: database, scope: scope).report(nowUnix: now)
        }
    }

    /// The zone whose days the sums are of, by its IANA name.
    package func reportZone() async throws(StoreError) -> String {
        try await read { try FigureReading.zone(in: $0) }
    }
}

/// Reads the sums by day of one scope.
struct FigureReading {
    let database: Database
    let scope: FigureScope

    static func zone(in database: Database) throws -> String {
        try String.fetchOne(
            database.cachedStatement(sql: "select name from report_zone")
        ) ?? "UTC"
    }

    static func offset(at unix: Int64, in database: Database) throws -> Int {
        try Int.fetchOne(
            database.cachedStatement(
                sql: """
                    select offset_seconds from report_offsets
                    where since_unix <= ? order by since_unix desc limit 1
                    """
            ),
            arguments: [unix]
        ) ?? 0
    }

    func report(nowUnix: Int64) throws -> FigureReport {
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select \(Self.columns), day, agent_id, campaign_id
                    from daily_figures where \(condition)
                    group by day, agent_id, campaign_id order by day
                    """
            ),
            arguments: arguments
        )
        var total = CallFigures()
        var days: [FigureReport.Day] = []
        var agents: [String: CallFigures] = [:]
        var campaigns: [Int64: CallFigures] = [:]
        for row in rows {
            let figures = Self.figures(in: row)
            total = total + figures
            let day = LocalDay(row["day"] as Int)
            let agent: String = row["agent_id"]
            let campaign: Int64 = row["campaign_id"]
            if days.last?.day == day {
                days[days.count - 1].figures = days[days.count - 1].figures + figures
            } else {
                days.append(FigureReport.Day(day: day, figures: figures))
            }
            agents[agent] = (agents[agent] ?? CallFigures()) + figures
            campaigns[campaign] = (campaigns[campaign] ?? CallFigures()) + figures
        }
        let today = LocalDay(
            unix: nowUnix,
            offsetSeconds: try Self.offset(at: nowUnix, in: database)
        )
        let recent = try recentCalls(today)
        return FigureReport(
            timeZone: try Self.zone(in: database),
            total: total,
            durations: try durations(total),
            days: days,
            agents: Self.byCalls(agents) { $0 },
            campaigns: Self.byCalls(campaigns) { $0 == 0 ? nil : CampaignID($0) },
            callsToday: recent.today,
            callsThisWeek: recent.week,
            callsThisMonth: recent.month,
            today: today,
            notes: try notes(),
            rebuild: try CallStore.figureRebuild(in: database),
            satisfaction: try satisfaction()
        )
    }

    /// The sums alone.
    func total() throws -> CallFigures {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select \(Self.columns), campaign_id
                    from daily_figures where \(condition) group by campaign_id
                    """
            ),
            arguments: arguments
        )
        .reduce(CallFigures()) { $0 + Self.figures(in: $1) }
    }

    /// Those with the most calls first.
    private static func byCalls<Stored: Hashable & Comparable, Key>(
        _ parts: [Stored: CallFigures],
        _ key: (Stored) -> Key
    ) -> [FigureReport.Part<Key>] {
        parts.sorted { ($1.value.calls, $0.key) < ($0.value.calls, $1.key) }
            .map { FigureReport.Part(key: key($0.key), figures: $0.value) }
    }

    private func recentCalls(_ today: LocalDay) throws -> (today: Int, week: Int, month: Int) {
        var recent = scope
        recent.from = min(today.weekStart, today.monthStart)
        recent.to = today
        let reading = FigureReading(database: database, scope: recent)
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select day, sum(success + failure + unknown + pending) as calls
                    from daily_figures where \(reading.condition) group by day
                    """
            ),
            arguments: reading.arguments
        )
        func calls(since day: LocalDay) -> Int {
            rows.reduce(0) { sum, row in
                (row["day"] as Int) >= day.number ? sum + (row["calls"] as Int) : sum
            }
        }
        return (calls(since: today), calls(since: today.weekStart), calls(since: today.monthStart))
    }

    // MARK: Durations

    private func durations(_ total: CallFigures) throws -> DurationFigures {
        guard total.connected > 0 else { return DurationFigures(calls: 0) }
        let ranks = [0.5, 0.9].map { Int((Double(total.connected) * $0).rounded(.up)) }
        let seconds =
            scope.agentID == nil && scope.campaign == nil
            ? try ranks.map(ofAll) : try ofSome(ranks)
        return DurationFigures(
            calls: total.connected,
            average: total.averageSeconds,
            median: seconds[0],
            p90: seconds[1]
        )
    }

    /// The duration of a rank among all calls: the class it is in, then the place in the class.
    private func ofAll(_ rank: Int) throws -> Int? {
        let classes = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select class, ceiling, sum(calls) as calls
                    from daily_durations join duration_classes on floor = class
                    where \(dayCondition) group by class order by class
                    """
            ),
            arguments: dayArguments
        )
        var below = 0
        for row in classes {
            let calls: Int = row["calls"]
            guard below + calls >= rank else {
                below += calls
                continue
            }
            let inside = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        select seconds, sum(daily_seconds.calls) as calls
                        from (
                            select channel, day from daily_durations
                            where class = :class and \(dayCondition)
                            -- Keeps SQLite from merging this into the join, where it would read
                            -- all durations of the days instead of those of the class.
                            limit -1
                        ) as days
                        cross join daily_seconds
                        on daily_seconds.workspace = :workspace
                        and daily_seconds.channel = days.channel
                        and daily_seconds.day = days.day
                        and seconds >= :class and seconds < :ceiling
                        group by seconds order by seconds
                        """
                ),
                arguments: dayArguments
                    + ["class": row["class"] as Int, "ceiling": row["ceiling"] as Int]
            )
            return Self.seconds(of: rank - below, in: inside)
        }
        return nil
    }

    private func ofSome(_ ranks: [Int]) throws -> [Int?] {
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select seconds, count(*) as calls from call_facts
                    where \(condition) and connection = 'connected' and is_excluded = 0
                    group by seconds order by seconds
                    """
            ),
            arguments: arguments
        )
        return ranks.map { Self.seconds(of: $0, in: rows) }
    }

    private static func seconds(of rank: Int, in rows: [Row]) -> Int? {
        var below = 0
        for row in rows {
            below += row["calls"] as Int
            if below >= rank { return row["seconds"] }
        }
        return nil
    }

    // MARK: Conditions

    private var dayCondition: String {
        """
        workspace = :workspace and channel in ('phone', :voice) and day between :from and :to
        """
    }

    private var dayArguments: StatementArguments {
        [
            "workspace": scope.workspace, "voice": scope.includesVoice ? "voice" : "phone",
            "from": scope.from?.number ?? Int(Int32.min), "to": scope.to?.number ?? Int(Int32.max),
        ]
    }

    var condition: String {
        var parts = [dayCondition]
        if scope.agentID != nil { parts.append("agent_id = :agent") }
        switch scope.campaign {
        // The second half lets SQLite use the index of calls with a campaign.
        case .one: parts.append("campaign_id = :campaign and campaign_id <> 0")
        case .unattributed: parts.append("campaign_id = 0")
        case nil: break
        }
        return parts.joined(separator: " and ")
    }

    var arguments: StatementArguments {
        var arguments = dayArguments
        if let agent = scope.agentID { arguments += ["agent": agent] }
        if case .one(let id) = scope.campaign { arguments += ["campaign": id.number] }
        return arguments
    }

    private static let columns = """
        sum(conversations) as conversations, sum(excluded) as excluded, sum(success) as success,
        sum(failure) as failure, sum(unknown) as unknown, sum(pending) as pending,
        sum(connected) as connected, sum(no_speech) as no_speech,
        sum(not_connected) as not_connected, sum(qualified) as qualified,
        sum(conversions) as conversions, sum(seconds) as seconds, sum(credits) as credits,
        sum(credits_known) as credits_known, sum(microdollars) as microdollars,
        sum(microdollars_known) as microdollars_known
        """

    private static func figures(in row: Row) -> CallFigures {
        var figures = CallFigures()
        figures.conversations = row[0]
        figures.excluded = row[1]
        figures.success = row[2]
        figures.failure = row[3]
        figures.unknown = row[4]
        figures.pending = row[5]
        figures.connected = row[6]
        figures.noSpeech = row[7]
        figures.notConnected = row[8]
        figures.qualified = row[9]
        figures.conversions = row[10]
        figures.seconds = row[11]
        figures.credits = row[12]
        figures.creditsKnown = row[13]
        figures.microdollars = row[14]
        figures.microdollarsKnown = row[15]
        figures.attributed = (row["campaign_id"] as Int64) == 0 ? 0 : figures.calls
        return figures
    }
}
