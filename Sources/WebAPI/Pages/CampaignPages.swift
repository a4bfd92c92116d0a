import CallStore
import Conversion
import Definitions
import Foundation
import Hummingbird

extension PageDesk {
    /// All campaigns with what they brought in the days shown.
    func campaigns(_ query: PageQuery) async throws -> Page {
        var scope = query.scope(today: words.today)
        scope.campaign = nil
        let report = try await store.figureReport(scope)
        let figures = Dictionary(
            report.campaigns.compactMap { part in part.key.map { ($0, part.figures) } },
            uniquingKeysWith: +
        )
        // One more than is shown says whether there is a next page.
        let found = try await store.campaignFigures(
            after: query["cursor"].flatMap { Int64($0) }.map { CampaignID($0) },
            limit: Self.campaignsMax + 1
        )
        let campaigns = found.prefix(Self.campaignsMax)
        let rows = campaigns.map { entry -> View in
            let brought = figures[entry.campaign.id] ?? CallFigures()
            return [
                "name": entry.campaign.name,
                "href": query.link("/campaigns/\(entry.campaign.id.number)"),
                "status": entry.campaign.status.rawValue,
                "channel": entry.campaign.channel.rawValue,
                "window": "\(entry.campaign.windowDays) d",
                "recipients": PageWords.count(entry.recipients),
                "calls": PageWords.count(brought.calls),
                "share": PageWords.share(brought.calls, of: report.total.calls),
                "attributed": PageWords.share(brought.calls, of: report.total.attributed),
                "conversions": PageWords.count(brought.conversions),
                "rate": PageWords.share(brought.conversionRate),
                "isSmall": brought.qualified < PageDesk.smallCalls,
                "cost": PageWords.money(brought.agentCost),
                "media": Self.media(entry.cost.media) ?? "–",
                "perConversion": PageWords.money(entry.cost.perConversion),
            ]
        }
        var view: View = [
            "rows": rows, "isEmpty": rows.isEmpty,
            "channelOptions": Self.options(CampaignChannel.allCases.map(\.rawValue), nil),
            "takeaway": "With a campaign: \(PageWords.share(report.total.attributedShare)) of "
                + PageWords.count(report.total.calls, "call") + ".",
        ]
        if found.count > campaigns.count, let last = campaigns.last {
            view["nextHref"] = query.link(nil, ["cursor": "\(last.campaign.id.number)"])
        }
        if query["cursor"] != nil { view["firstHref"] = query.link() }
        return Page(template: .campaigns, title: "Campaigns", view: view)
    }

    private static let campaignsMax = 200

    /// What a person entered as media cost; nil when nobody did.
    private static func media(_ cost: Money?) -> String? {
        cost.map { String(format: "%.2f %@", $0.amount, $0.currency) }
    }

    /// One campaign: its funnel, how its calls went, the calls, the comparison with who was left out.
    func campaign(_ query: PageQuery, _ id: String?) async throws -> Page {
        let (from, to) = query.days(today: words.today)
        guard let number = id.flatMap({ Int64($0) }),
            let report = try await store.campaignReport(CampaignID(number), from: from, to: to)
        else { throw APIError(.notFound, "There is no such campaign.") }
        let campaign = report.campaign
        let total = report.figures.total
        let calls = try await store.calls(
            CallFilter(campaign: .one(campaign.id)),
            limit: Self.campaignCalls
        )
        let lift = try await store.holdoutFigures(campaign.id)
        var steps: [FunnelStep: Int] = [:]
        for step in report.funnel.totals { steps[step.step] = step.events }
        let notes = try await notes(query, campaign: campaign.id)
        var view: View = [
            "name": campaign.name, "id": "\(number)",
            "facts": campaignFacts(report), "window": "\(campaign.windowDays)",
            "statusOptions": Self.options(
                CampaignStatus.allCases.map(\.rawValue),
                campaign.status.rawValue
            ),
            "steps": FunnelBars(steps, shown: Self.campaignSteps) {
                listLink(of: $0, campaign.id, query)
            }.views,
            "performance": performance(total, report.figures.durations),
            "chart": DayChart(report.figures, words, query, notes: notes).view,
            "columns": CallColumn.heads(Self.callColumns),
            "rows": calls.calls.map { CallRow($0, words, query, columns: Self.callColumns).view },
            "hasRows": !calls.calls.isEmpty,
            "allHref": query.link("/calls", ["campaign": "\(number)"]),
            "unmatched": unmatched(report.funnel, lift),
            "lift": Lift(lift).view.merging(heldOut(campaign.id, lift, query)) { $1 },
            "response": try await response(campaign.id),
        ]
        if let times = times(report.funnel) { view["times"] = times }
        view.merge(noteViews(notes, query, campaign: campaign.id)) { $1 }
        view.merge(try await unmatchedPeople(campaign.id, query)) { $1 }
        return Page(template: .campaign, title: campaign.name, view: view)
    }

    private static let campaignCalls = 10
    private static let campaignSteps: [FunnelStep] = [
        .sent, .scans, .pageViews, .calls, .conversions,
    ]

    /// All of them are of the one campaign.
    private static let callColumns = CallColumn.usual.filter { $0 != .campaign }

    private func campaignFacts(_ report: CampaignReport) -> [View] {
        let campaign = report.campaign
        var facts: [View] = [
            ["label": "Status", "value": campaign.status.rawValue],
            ["label": "Channel", "value": campaign.channel.rawValue],
            ["label": "Window", "value": "\(campaign.windowDays) days after a touch"],
            [
                "label": MetricID.uniqueCallers.definition.label,
                "value": PageWords.count(report.callers.unique),
            ],
            [
                "label": MetricID.callerConversionRate.definition.label,
                "value": PageWords.share(report.callers.conversionRate),
            ],
            [
                "label": MetricID.mediaCost.definition.label,
                "value": Self.media(report.mediaCost) ?? "not entered",
            ],
            [
                "label": MetricID.agentCost.definition.label,
                "value": PageWords.money(report.figures.total.agentCost),
            ],
            [
                "label": MetricID.costPerConversion.definition.label,
                "value": costPerConversion(report),
            ],
        ]
        if let start = campaign.startsUnix {
            facts.insert(["label": "Starts", "value": words.time(start)], at: 2)
        }
        return facts
    }

    /// It is of all days, which is said where the days shown have only a part of it.
    private func costPerConversion(_ report: CampaignReport) -> String {
        let (cost, total) = (report.cost, report.figures.total)
        let value = PageWords.money(cost.perConversion)
        guard cost.perConversion != nil,
            cost.conversions != total.conversions || cost.agent != total.agentCost
        else { return value }
        let agent = cost.agent.map { ", agent cost \(PageWords.money($0))" } ?? ""
        return "\(value) over all days (\(PageWords.count(cost.conversions, "conversion"))\(agent))"
    }

    private func performance(_ total: CallFigures, _ durations: DurationFigures) -> [View] {
        let parts: [(MetricID, Int)] = [
            (.success, total.success), (.failure, total.failure), (.unknown, total.unknown),
            (.pending, total.pending),
        ]
        var rows = parts.map { id, count -> View in
            [
                "label": id.definition.label, "text": id.definition.tooltip, "outcome": id.rawValue,
                "value": "\(PageWords.count(count)) (\(PageWords.share(count, of: total.calls)))",
            ]
        }
        rows.append([
            "label": MetricID.averageDuration.definition.label,
            "text": MetricID.averageDuration.definition.tooltip,
            "value": PageWords.duration(durations.average),
        ])
        rows.append([
            "label": MetricID.conversionsPerSuccess.definition.label,
            "text": MetricID.conversionsPerSuccess.definition.tooltip,
            "value": PageWords.share(total.conversionsPerSuccess),
        ])
        return rows
    }

    /// How long people took from step to step; nil where no two steps are of the same people.
    private func times(_ funnel: Funnel) -> String? {
        let labels: [FunnelStep: MetricID] = [
            .delivered: .delivered, .scans: .scans, .pageViews: .pageViews, .calls: .calls,
            .conversions: .conversions,
        ]
        let parts = funnel.samePeople.compactMap { count -> String? in
            guard let median = count.medianSeconds, let id = labels[count.step] else { return nil }
            return "\(id.definition.label.lowercased()) after \(PageWords.span(median))"
        }
        return parts.isEmpty
            ? nil
            : "Half of the same people took no longer from the step before: "
                + parts.joined(separator: ", ") + "."
    }

    /// How many recipients are held out, with where they are listed; empty when nobody is.
    private func heldOut(
        _ id: CampaignID,
        _ figures: HoldoutFigures,
        _ query: PageQuery
    ) -> View {
        let heldOut = figures.heldOut.recipients
        guard heldOut > 0 else { return [:] }
        let all = heldOut + figures.reached.recipients
        return [
            "shareHeldOut": "\(PageWords.count(heldOut)) of "
                + "\(PageWords.count(all, "recipient")) (\(PageWords.share(heldOut, of: all)))",
            "heldOutHref": query.link(
                "/campaigns/\(id.number)/recipients",
                ["heldout": "yes"]
            ),
        ]
    }

    private func unmatched(_ funnel: Funnel, _ lift: HoldoutFigures) -> String {
        let called = funnel.totals.first { $0.step == .calls }?.recipients ?? 0
        let left = max(0, lift.reached.recipients - called)
        return "\(PageWords.count(left)) of \(PageWords.count(lift.reached.recipients)) recipients "
            + "have no call in these days."
    }
}

/// What a campaign adds, against recipients who were kept out of it.
struct Lift {
    let view: View

    /// Below so many recipients on either side nothing is said.
    private static let recipientsMin = 100

    init(_ figures: HoldoutFigures) {
        let (reached, heldOut) = (figures.reached, figures.heldOut)
        guard heldOut.recipients > 0 else {
            view = ["none": "No recipient is held out, so there is nothing to compare with."]
            return
        }
        guard let reachedCalled = reached.called, let heldOutCalled = heldOut.called else {
            view = ["none": "Not measured: of most recipients no number is known, or no longer."]
            return
        }
        guard let first = Share(reachedCalled, of: reached.withNumber),
            let second = Share(heldOutCalled, of: heldOut.withNumber),
            min(reached.withNumber, heldOut.withNumber) >= Self.recipientsMin
        else {
            view = ["none": "Too small to tell: fewer than \(Self.recipientsMin) recipients."]
            return
        }
        view = ShareDifference(first, second).view.merging([
            "reached": "\(PageWords.share(first.value)) of "
                + "\(PageWords.count(reached.withNumber)) recipients called",
            "heldOut": "\(PageWords.share(second.value)) of "
                + "\(PageWords.count(heldOut.withNumber)) held out called",
        ]) { $1 }
    }
}

/// How far two shares are apart, with Newcombe's interval.
struct ShareDifference {
    let points: Double
    let low: Double
    let high: Double

    init(_ first: Share, _ second: Share) {
        points = first.value - second.value
        let below = pow(first.value - first.low, 2) + pow(second.high - second.value, 2)
        let above = pow(first.high - first.value, 2) + pow(second.value - second.low, 2)
        low = points - below.squareRoot()
        high = points + above.squareRoot()
    }

    /// Whether the interval leaves it open which is larger.
    var isOpen: Bool { low <= 0 && high >= 0 }

    var view: View {
        let interval = String(format: "%+.1f to %+.1f points", low * 100, high * 100)
        return [
            "difference": String(format: "%+.1f points", points * 100), "interval": interval,
            "isOpen": isOpen,
            "text": isOpen ? "Too small to tell (\(interval))." : "95 % interval \(interval).",
        ]
    }
}
