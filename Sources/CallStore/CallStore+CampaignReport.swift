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

    /// As a person entered it.
    package var mediaCost: Money?

    package init(
        campaign: Campaign,
        figures: FigureReport,
        callers: CallerFigures,
        funnel: Funnel,
        mediaCost: Money? = nil
    ) {
        self.campaign = campaign
        self.figures = figures
        self.callers = callers
        self.funnel = funnel
        self.mediaCost = mediaCost
    }

    /// Media and agent cost per conversion, US dollars; nil where a part is not in dollars, no
    /// cost is known, or nothing converted.
    package var costPerConversion: Double? {
        figures.total.costPerConversion(mediaCost: mediaCost)
    }
}

extension CallFigures {
    /// Media and agent cost per conversion, as `CampaignReport` says.
    package func costPerConversion(mediaCost: Money?) -> Double? {
        guard conversions > 0, mediaCost?.currency ?? "USD" == "USD" else { return nil }
        guard mediaCost != nil || agentCost != nil else { return nil }
        return ((mediaCost?.amount ?? 0) + (agentCost ?? 0)) / Double(conversions)
    }
}

extension CallStore {
    /// The report of a campaign over all its days, or over some.
    ///
    /// - Parameters:
    ///   - id: The campaign.
    ///   - from: The first day, in the report zone; touches before it do not count either.
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
                mediaCost: try reading.mediaCost()
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

    func mediaCost() throws -> Money? {
        try Row.fetchOne(
            database.cachedStatement(sql: "select * from campaign_costs where campaign_id = ?"),
            arguments: [campaign.id.number]
        )
        .map { Money(micros: $0["media_micros"], currency: $0["currency"]) }
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
        var totals = Self.touchSteps.map { step, _ in
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

    private static let touchSteps = FunnelStep.touches

    private func touchCounts() throws -> [FunnelStep: FunnelCount] {
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
        var counts: [FunnelStep: FunnelCount] = [:]
        for row in rows {
            let kind: String = row[0]
            guard let step = Self.touchSteps.first(where: { $0.1.rawValue == kind })?.0 else {
                continue
            }
            counts[step] = FunnelCount(step: step, events: row[1], recipients: row[2])
        }
        return counts
    }

    /// Recipients with a token of their own, one after the other.
    private func walkPeople(_ walk: inout FunnelWalk) throws {
        let cursor = try Row.fetchCursor(
            database,
            sql: """
                select recipient_id, kind, at_unix from (
                    select recipient_id, kind, at_unix from touches
                    where campaign_id = :campaign and recipient_id is not null
                    union all
                    select attributions.recipient_id,
                        iif(call_facts.is_converted, 'conversion', 'call'), calls.started_unix
                    from attributions join calls on calls.id = attributions.call_id
                    join call_facts on call_facts.call_id = calls.id
                    where attributions.campaign_id = :campaign
                    and attributions.recipient_id is not null and call_facts.is_excluded = 0
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
            arguments: ["campaign": campaign.id.number]
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
            switch row[1] as String {
            case "conversion":
                person.events.append((.calls, at))
                person.events.append((.conversions, at))
            case "call": person.events.append((.calls, at))
            case let kind:
                if let step = Self.touchSteps.first(where: { $0.1.rawValue == kind })?.0 {
                    person.events.append((step, at))
                }
            }
        }
        if present != nil { walk.add(person) }
    }
}
