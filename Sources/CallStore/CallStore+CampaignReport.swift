import Foundation
import GRDB

/// Different callers of a scope; they do not add up across scopes.
package struct CallerFigures: Hashable, Sendable {
    package var unique: Int

    /// Calls without a number, each its own caller.
    package var anonymousCalls: Int
    package var qualified: Int
    package var converting: Int

    package init(
        unique: Int,
        anonymousCalls: Int,
        qualified: Int,
        converting: Int
    ) {
        self.unique = unique
        self.anonymousCalls = anonymousCalls
        self.qualified = qualified
        self.converting = converting
    }

    package var conversionRate: Double? {
        qualified == 0 ? nil : Double(converting) / Double(qualified)
    }
}

/// All that a campaign's page shows.
package struct CampaignReport: Hashable, Sendable {
    package var campaign: Campaign
    package var figures: FigureReport
    package var callers: CallerFigures
    package var funnel: Funnel

    /// Over all days, whatever days the figures are of.
    package var cost: CampaignCost

    package init(
        campaign: Campaign,
        figures: FigureReport,
        callers: CallerFigures,
        funnel: Funnel,
        cost: CampaignCost = CampaignCost()
    ) {
        self.campaign = campaign
        self.figures = figures
        self.callers = callers
        self.funnel = funnel
        self.cost = cost
    }

    /// As a person entered it.
    package var mediaCost: Money? { cost.media }

    /// As `CampaignCost` says.
    package var costPerConversion: Double? { cost.perConversion }
}

extension CallStore {
    /// The report of a campaign over all its days, or over some.
    ///
    /// - Parameters:
    ///   - id: The campaign.
    ///   - from: The first day, in the report zone; touches before it do not count either, and
    ///     the same people are those whose window opened in the days. The cost is of all days.
    ///   - to: The last day.
    ///   - windowDays: Days in which the same people go their way; nil for the campaign's window.
    ///   - steps: Steps that the same people must go; the others are passed over.
    /// - Returns: The report, from one consistent look; nil when there is no such campaign.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func campaignReport(
        _ id: CampaignID,
        from: LocalDay? = nil,
        to: LocalDay? = nil,
        windowDays: Int? = nil,
        steps: Set<FunnelStep> = Set(FunnelStep.allCases)
    ) async throws(StoreError) -> CampaignReport? {
        let now = ambient.nowMilliseconds / 1000
        return try await read { database in
            let row = try Row.fetchOne(
                database.cachedStatement(sql: "select * from campaigns where id = ?"),
                arguments: [id.number]
            )
            guard let row else { return nil }
            let campaign = try CallReading.campaign(in: row, database)
            let scope = FigureScope(
                workspace: campaign.workspace,
                from: from,
                to: to,
                campaign: .one(id)
            )
            let figures = FigureReading(database: database, scope: scope)
            let report = try figures.report(nowUnix: now)
            let reading = CampaignReading(
                database: database,
                campaign: campaign,
                figures: figures,
                windowDays: windowDays ?? campaign.windowDays,
                steps: steps
            )
            return CampaignReport(
                campaign: campaign,
                figures: report,
                callers: try figures.callers(),
                funnel: try reading.funnel(report.total),
                cost: try reading.cost(report.total)
            )
        }
    }

    /// Different callers of a scope; reads every call of it.
    package func callerFigures(_ scope: FigureScope) async throws(StoreError) -> CallerFigures {
        try await read { try FigureReading(database: $0, scope: scope).callers() }
    }
}

extension FigureReading {
    func callers() throws -> CallerFigures {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select count(distinct caller_key), sum(caller_key is null),
                        count(distinct iif(is_qualified, caller_key, null)),
                        count(distinct iif(is_converted, caller_key, null))
                    from call_facts left join call_parties using (call_id)
                    where \(condition) and is_excluded = 0
                    """
            ),
            arguments: arguments
        )
        return CallerFigures(
            unique: row?[0] ?? 0,
            anonymousCalls: row?[1] ?? 0,
            qualified: row?[2] ?? 0,
            converting: row?[3] ?? 0
        )
    }
}

/// Reads what only a campaign has.
private struct CampaignReading {
    let database: Database
    let campaign: Campaign
    let figures: FigureReading
    let windowDays: Int
    let steps: Set<FunnelStep>

    /// What it cost over all days, of which `total` may be a part.
    func cost(_ total: CallFigures) throws -> CampaignCost {
        let media = try Row.fetchOne(
            database.cachedStatement(sql: "select * from campaign_costs where campaign_id = ?"),
            arguments: [campaign.id.number]
        )
        .map { Money(micros: $0["media_micros"], currency: $0["currency"]) }
        var scope = figures.scope
        var whole = total
        if scope.from != nil || scope.to != nil {
            scope.from = nil
            scope.to = nil
            whole = try FigureReading(database: database, scope: scope).total()
        }
        return CampaignCost(
            media: media,
            agent: whole.agentCost,
            conversions: whole.conversions
        )
    }

    func funnel(_ total: CallFigures) throws -> Funnel {
        let touches = try touchCounts()
        let recipients = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select count(distinct recipient_id),
                        count(distinct iif(is_converted, recipient_id, null))
                    from call_facts
                    join (select call_id, recipient_id from attributions) using (call_id)
                    where \(figures.condition) and is_excluded = 0
                    """
            ),
            arguments: figures.arguments
        )
        var totals = FunnelStep.touches.map { step, _ in
            touches[step] ?? FunnelCount(step: step, events: nil, recipients: nil)
        }
        totals.append(
            FunnelCount(step: .calls, events: total.calls, recipients: recipients?[0])
        )
        totals.append(
            FunnelCount(step: .conversions, events: total.conversions, recipients: recipients?[1])
        )
        var walk = FunnelWalk(
            measured: Set(touches.keys).union([.calls, .conversions]).intersection(steps),
            windowDays: windowDays
        )
        try walkPeople(&walk)
        return Funnel(totals: totals, samePeople: walk.counts)
    }

    private static func step(of kind: String) -> FunnelStep? {
        FunnelStep.touches.first { $0.1.rawValue == kind }?.0
    }

    /// Touches of the days by step, for each step that was measured on any day.
    ///
    /// One that was measured on other days alone is 0 in these: days do not unmeasure it, and the
    /// same people would pass over a step that they had to take.
    private func touchCounts() throws -> [FunnelStep: FunnelCount] {
        var counts: [FunnelStep: FunnelCount] = [:]
        let measured = try String.fetchAll(
            database.cachedStatement(sql: "select kind from touch_figures where campaign_id = ?"),
            arguments: [campaign.id.number]
        )
        for step in measured.compactMap(Self.step(of:)) {
            counts[step] = FunnelCount(step: step, events: 0, recipients: 0)
        }
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select kind, count(*), count(distinct recipient_id) from touches
                    where campaign_id = :campaign and at_unix >= :fromUnix and at_unix < :toUnix
                    group by kind
                    """
            ),
            arguments: ["campaign": campaign.id.number] + figures.instants()
        )
        for row in rows {
            guard let step = Self.step(of: row[0]) else { continue }
            counts[step] = FunnelCount(step: step, events: row[1], recipients: row[2])
        }
        return counts
    }

    /// Recipients with a token of their own, one after the other.
    ///
    /// Their whole way is read, with what of it the days show: when a window opened and what came
    /// first in it does not depend on the days that are looked at.
    private func walkPeople(_ walk: inout FunnelWalk) throws {
        let cursor = try Row.fetchCursor(
            database,
            sql: """
                select recipient_id, kind, at_unix, is_shown from (
                    select recipient_id, kind, at_unix,
                        at_unix >= :fromUnix and at_unix < :toUnix as is_shown
                    from touches
                    where campaign_id = :campaign and recipient_id is not null
                    union all
                    select attributions.recipient_id,
                        iif(call_facts.is_converted, 'conversion', 'call'), calls.started_unix,
                        call_facts.day between :from and :to
                    from attributions join calls on calls.id = attributions.call_id
                    join call_facts on call_facts.call_id = calls.id
                    where attributions.campaign_id = :campaign
                    and attributions.recipient_id is not null
                    and call_facts.channel = 'phone' and call_facts.is_excluded = 0
                )
                where recipient_id in (
                    select recipient_id from touches
                    where campaign_id = :campaign and token is not null
                    union
                    select id from recipients
                    where campaign_id = :campaign and token is not null
                )
                order by recipient_id
                """,
            arguments: figures.arguments + figures.instants()
        )
        var person = FunnelWalk.Person()
        var present: Int64?
        while let row = try cursor.next() {
            let recipient: Int64 = row[0]
            if let present, present != recipient {
                walk.add(person)
                person = FunnelWalk.Person()
            }
            present = recipient
            let at: Int64 = row[2]
            let isShown: Bool = row[3]
            func add(_ step: FunnelStep) {
                person.events.append(.init(step: step, atUnix: at, isShown: isShown))
            }
            switch row[1] as String {
            case "conversion":
                add(.calls)
                add(.conversions)
            case "call": add(.calls)
            case let kind:
                if let step = Self.step(of: kind) { add(step) }
            }
        }
        if present != nil { walk.add(person) }
    }
}
