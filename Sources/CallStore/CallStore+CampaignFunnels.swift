import GRDB

extension FunnelStep {
    /// The steps that are touches.
    package static let touches: [(FunnelStep, Touch.Kind)] = [
        (.sent, .sent), (.delivered, .delivered), (.scans, .scan), (.pageViews, .pageView),
    ]
}

extension CallStore {
    /// The totals of the funnels of all campaigns, those with the most calls first.
    ///
    /// - Parameters:
    ///   - from: The first day, in the report zone; nil for all days, those to come among them.
    ///   - to: The last day.
    ///   - workspace: Whose campaigns.
    ///   - limit: Most campaigns to return.
    /// - Returns: The steps of each campaign; one that nobody measured is missing.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func campaignFunnels(
        from: LocalDay? = nil,
        to: LocalDay? = nil,
        in workspace: String = CallIdentity.defaultWorkspace,
        limit: Int
    ) async throws(StoreError) -> [FunnelTotals] {
        let now = ambient.nowMilliseconds / 1000
        return try await read { database in
            let scope = FigureScope(workspace: workspace, from: from, to: to)
            let figures = FigureReading(database: database, scope: scope)
            var found: [CampaignID: FunnelTotals] = [:]
            let names = try Row.fetchAll(
                database.cachedStatement(sql: "select id, name from campaigns where workspace = ?"),
                arguments: [workspace]
            )
            for row in names {
                let id = CampaignID(row[0])
                found[id] = FunnelTotals(campaign: id, name: row[1], steps: [:])
            }
            for row in try figures.touches() {
                let kind: String = row[1]
                guard let step = FunnelStep.touches.first(where: { $0.1.rawValue == kind })?.0
                else { continue }
                found[CampaignID(row[0])]?.steps[step] = row[2]
            }
            for id in found.keys {
                found[id]?.steps[.calls] = 0
                found[id]?.steps[.conversions] = 0
            }
            for part in try figures.report(nowUnix: now).campaigns {
                guard let id = part.key else { continue }
                found[id]?.steps[.calls] = part.figures.calls
                found[id]?.steps[.conversions] = part.figures.conversions
            }
            let sorted = found.values.sorted { left, right in
                let (first, second) = (left.steps[.calls] ?? 0, right.steps[.calls] ?? 0)
                return first == second
                    ? (left.name, left.campaign.number) < (right.name, right.campaign.number)
                    : first > second
            }
            return Array(sorted.prefix(limit))
        }
    }
}

extension FigureReading {
    /// The days of the scope as instants.
    func instants() throws -> StatementArguments {
        func start(of day: LocalDay?) throws -> Int64? {
            guard let day else { return nil }
            let guess = Int64(day.number) * 86_400
            // Offsets are below a day; the second look is right but for the hour of a change.
            let near = guess - Int64(try Self.offset(at: guess, in: database))
            return guess - Int64(try Self.offset(at: near, in: database))
        }
        return [
            "fromUnix": try start(of: scope.from) ?? -100_000_000_000,
            "toUnix": try start(of: scope.to.map { $0 + 1 }) ?? 100_000_000_000,
        ]
    }

    /// Campaign, kind and how many touches; of all days without reading one of them.
    ///
    /// What was measured on other days alone is 0 in these.
    fileprivate func touches() throws -> [Row] {
        guard scope.from != nil else {
            return try Row.fetchAll(
                database.cachedStatement(
                    sql: "select campaign_id, kind, touches from touch_figures"
                )
            )
        }
        return try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    with shown as (
                        select campaign_id, kind, count(*) as touches from touches
                        where at_unix >= :fromUnix and at_unix < :toUnix group by 1, 2
                    )
                    select touch_figures.campaign_id, touch_figures.kind,
                        coalesce(shown.touches, 0)
                    from touch_figures left join shown using (campaign_id, kind)
                    """
            ),
            arguments: try instants()
        )
    }
}
