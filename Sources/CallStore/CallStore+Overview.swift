import GRDB

/// What callers thought of their calls: asked, and estimated by the upstream.
package struct Satisfaction: Hashable, Sendable {
    /// Below so many ratings, or estimates, there is no mean.
    package static let callsMin = 10

    /// Calls with a rating, and the sum of the ratings.
    package var ratings: Int
    package var ratingSum: Double

    /// Calls with an estimated mood, and those among them where it is positive.
    package var moods: Int
    package var positive: Int

    package init(
        ratings: Int = 0,
        ratingSum: Double = 0,
        moods: Int = 0,
        positive: Int = 0
    ) {
        self.ratings = ratings
        self.ratingSum = ratingSum
        self.moods = moods
        self.positive = positive
    }

    /// 1 to 5; nil where too few rated.
    package var average: Double? {
        ratings < Self.callsMin ? nil : ratingSum / Double(ratings)
    }

    /// Nil where too few are estimated.
    package var positiveShare: Double? {
        moods < Self.callsMin ? nil : Double(positive) / Double(moods)
    }
}

/// The steps of one campaign over all days, from sums alone.
package struct FunnelTotals: Hashable, Sendable {
    package var campaign: CampaignID
    package var name: String

    /// Events of the steps that were measured.
    package var steps: [FunnelStep: Int]

    package init(campaign: CampaignID, name: String, steps: [FunnelStep: Int]) {
        self.campaign = campaign
        self.name = name
        self.steps = steps
    }
}

/// What the overview shows, from one consistent look at sums.
package struct Overview: Hashable, Sendable {
    package var report: FigureReport

    /// The sums of the days that it is compared with; nil when nothing was asked for.
    package var before: CallFigures?

    /// Names of agents and campaigns by id.
    package var agentNames: [String: String]
    package var campaignNames: [CampaignID: String]
    package var funnel: FunnelTotals?

    /// Day of the first and start of the last call of all, whatever the scope; nil without calls.
    package var firstDay: LocalDay?
    package var lastCallUnix: Int64?

    package init(
        report: FigureReport,
        before: CallFigures? = nil,
        agentNames: [String: String],
        campaignNames: [CampaignID: String],
        funnel: FunnelTotals? = nil,
        firstDay: LocalDay? = nil,
        lastCallUnix: Int64? = nil
    ) {
        self.report = report
        self.before = before
        self.agentNames = agentNames
        self.campaignNames = campaignNames
        self.funnel = funnel
        self.firstDay = firstDay
        self.lastCallUnix = lastCallUnix
    }
}

extension CallStore {
    /// The figures of the overview; its time follows the days asked for, not the calls.
    ///
    /// - Parameters:
    ///   - scope: What is shown.
    ///   - before: The days that it is compared with, of the same agent and campaign.
    /// - Returns: The figures, from one consistent look.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func overview(
        _ scope: FigureScope,
        comparedWith before: ClosedRange<LocalDay>? = nil
    ) async throws(StoreError) -> Overview {
        let now = ambient.nowMilliseconds / 1000
        return try await read { database in
            let reading = FigureReading(database: database, scope: scope)
            let report = try reading.report(nowUnix: now)
            let earlier = try before.map { days in
                var scope = scope
                scope.from = days.lowerBound
                scope.to = days.upperBound
                return try FigureReading(database: database, scope: scope).total()
            }
            let chosen: CampaignID? =
                if case .one(let id) = scope.campaign { id } else {
                    report.campaigns.lazy.compactMap(\.key).first
                }
            return Overview(
                report: report,
                before: earlier,
                agentNames: try OverviewReading.agentNames(in: database, scope.workspace),
                campaignNames: try OverviewReading.campaignNames(in: database, scope.workspace),
                funnel: try chosen.flatMap {
                    try OverviewReading.funnel(of: $0, in: database, scope.workspace)
                },
                firstDay: try OverviewReading.firstDay(in: database, scope.workspace),
                lastCallUnix: try Int64.fetchOne(
                    database.cachedStatement(sql: "select max(started_unix) from calls")
                )
            )
        }
    }

    /// The names of all agents by id.
    package func agentNames(
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [String: String] {
        try await read { try OverviewReading.agentNames(in: $0, workspace) }
    }

    /// The names of all campaigns by id.
    package func campaignNames(
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [CampaignID: String] {
        try await read { try OverviewReading.campaignNames(in: $0, workspace) }
    }
}

extension FigureReading {
    func satisfaction() throws -> Satisfaction {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select sum(ratings), sum(rating_sum), sum(moods), sum(positive)
                    from daily_satisfaction where \(condition)
                    """
            ),
            arguments: arguments
        )
        return Satisfaction(
            ratings: row?[0] ?? 0,
            ratingSum: row?[1] ?? 0,
            moods: row?[2] ?? 0,
            positive: row?[3] ?? 0
        )
    }
}

/// Reads what the overview shows beside figures.
private enum OverviewReading {
    static func agentNames(in database: Database, _ workspace: String) throws -> [String: String] {
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select agent_id, name from agents where workspace = ? and name is not null
                    """
            ),
            arguments: [workspace]
        )
        return Dictionary(
            rows.map { ($0[0] as String, $0[1] as String) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    static func campaignNames(
        in database: Database,
        _ workspace: String
    ) throws -> [CampaignID: String] {
        let rows = try Row.fetchAll(
            database.cachedStatement(sql: "select id, name from campaigns where workspace = ?"),
            arguments: [workspace]
        )
        return Dictionary(
            rows.map { (CampaignID($0[0]), $0[1] as String) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// A campaign's steps; nil when there is no such campaign.
    static func funnel(
        of campaign: CampaignID,
        in database: Database,
        _ workspace: String
    ) throws -> FunnelTotals? {
        guard
            let name = try String.fetchOne(
                database.cachedStatement(sql: "select name from campaigns where id = ?"),
                arguments: [campaign.number]
            )
        else { return nil }
        let kinds: [String: FunnelStep] = [
            "sent": .sent, "delivered": .delivered, "scan": .scans, "page-view": .pageViews,
        ]
        var steps: [FunnelStep: Int] = [:]
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: "select kind, touches from touch_figures where campaign_id = ?"
            ),
            arguments: [campaign.number]
        )
        for row in rows {
            if let step = kinds[row[0] as String] { steps[step] = row[1] }
        }
        let scope = FigureScope(workspace: workspace, campaign: .one(campaign))
        let total = try FigureReading(database: database, scope: scope).total()
        steps[.calls] = total.calls
        steps[.conversions] = total.conversions
        return FunnelTotals(campaign: campaign, name: name, steps: steps)
    }

    static func firstDay(in database: Database, _ workspace: String) throws -> LocalDay? {
        try Int.fetchOne(
            database.cachedStatement(
                sql: """
                    select min(day) from (
                        select min(day) as day from daily_figures
                        where workspace = :workspace and channel = 'phone'
                        union all
                        select min(day) from daily_figures
                        where workspace = :workspace and channel = 'voice'
                    )
                    """
            ),
            arguments: ["workspace": workspace]
        )
        .map { LocalDay($0) }
    }
}
