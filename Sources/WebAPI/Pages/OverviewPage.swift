import CallStore
import Definitions
import ElevenLabs
import Foundation

extension PageDesk {
    /// The page that everybody opens first.
    func overview(_ query: PageQuery) async throws -> Page {
        let scope = query.scope(today: words.today)
        let before = query.before(today: words.today)
        var overview = try await store.overview(scope, comparedWith: before)
        // Days before the first call are not days without calls.
        if let before, before.lowerBound < overview.firstDay ?? words.today {
            overview.before = nil
        }
        let isSample = overview.lastCallUnix == nil && query["sample"] == "1"
        if isSample {
            let zone = words.zone.reportName
            overview = SampleFigures.overview(query, today: words.today, zone: zone)
        }
        var view = try await choices(query, overview.agentNames, overview.campaignNames)
        guard overview.lastCallUnix != nil else {
            view["firstRun"] = try await firstRun()
            return Page(template: .overview, title: "Overview", view: view)
        }
        view["isSample"] = isSample
        view.merge(try await part("views") { try await cardChoices(query) }) { $1 }
        let total = overview.report.total
        view["hasCalls"] = true
        view["cards"] = OverviewCards(overview: overview, query: query).views()
        view["isEmpty"] = total.calls == 0
        view["emptyText"] = emptyText(query, overview)
        view["dropHref"] = query.link(nil, ["agent": nil, "campaign": nil, "range": "all"])
        // Of one campaign that the view is narrowed to, its own notes stand there, too.
        let campaign: CampaignID? = if case .one(let id)? = query.campaign { id } else { nil }
        let notes = isSample ? [] : try await notes(query, campaign: campaign)
        view["chart"] = DayChart(overview.report, words, query, notes: notes).view
        view.merge(noteViews(notes, query, campaign: campaign)) { $1 }
        view["outcomes"] = OutcomeBar(total, query).view
        view["funnel"] = funnel(overview, query)
        view["agents"] = agents(overview, query)
        view["satisfaction"] = satisfaction(overview.report.satisfaction, total)
        view["recent"] = try await part("recent") {
            try await recent(query, overview.agentNames)
        }
        if total.pending > 0 {
            view["pendingText"] = "\(PageWords.count(total.pending)) still being analysed"
            view["pendingHref"] = query.link("/calls", ["outcome": "pending"])
        }
        return Page(template: .overview, title: "Overview", view: view)
    }

    /// The views that were kept, and the cards to choose from for another.
    private func cardChoices(_ query: PageQuery) async throws -> View {
        let chosen = (query["cards"] ?? "").split(separator: ",").map(String.init)
        let order = chosen + OverviewCards.all.map(\.rawValue).filter { !chosen.contains($0) }
        let cards: View = [
            "cardChoices": order.compactMap { MetricID(rawValue: $0) }.map { id -> View in
                [
                    "id": id.rawValue, "label": id.definition.label,
                    "checked": chosen.isEmpty || chosen.contains(id.rawValue),
                ]
            }
        ]
        return cards.merging(try await views()) { $1 }
    }

    /// The views that were kept, of whichever page.
    func views() async throws -> View {
        [
            "views": try await store.savedViews().map { view -> View in
                ["name": view.name, "href": "/v/\(view.token)", "token": view.token]
            }
        ]
    }

    /// Agents and campaigns to choose from.
    func choices(
        _ query: PageQuery,
        _ agents: [String: String],
        _ campaigns: [CampaignID: String]
    ) async throws -> View {
        let agent = query["agent"]
        let campaign = query["campaign"]
        var options: [View] = campaigns.sorted { $0.value < $1.value }.map { id, name in
            ["value": "\(id.number)", "label": name, "selected": campaign == "\(id.number)"]
        }
        options.insert(
            [
                "value": "none", "label": "without a campaign", "selected": campaign == "none",
                "isNone": true,
            ],
            at: 0
        )
        return [
            "hasFilters": true, "isFiltered": agent != nil || campaign != nil,
            "clearHref": query.link(nil, ["agent": nil, "campaign": nil]),
            "filterFields": query.fields(without: ["agent", "campaign"]),
            "agentOptions": agents.sorted { $0.value < $1.value }.map { id, name -> View in
                ["value": id, "label": name, "selected": id == agent]
            },
            "campaignOptions": options,
        ]
    }

    private func emptyText(_ query: PageQuery, _ overview: Overview) -> String {
        let isFiltered = query["agent"] != nil || query["campaign"] != nil
        let last = overview.lastCallUnix.map { " Last call \(words.time($0))." } ?? ""
        return isFiltered
            ? "No calls with this agent and campaign in these days.\(last)"
            : "No calls in these days.\(last)"
    }

    /// What is to be done before there is anything to show.
    private func firstRun() async throws -> View {
        let pulse = try await store.pulse()
        let halt = try await store.upstreamHalt()
        let campaigns = try await store.campaignNames()
        func step(_ done: Bool, _ title: String, _ text: String) -> View {
            ["done": done, "title": title, "text": text]
        }
        let isPolled = pulse.lastPollMilliseconds != nil
        return [
            "steps": [
                step(
                    isPolled && halt == nil,
                    "ElevenLabs answers",
                    halt?.reason ?? "Set ELEVENLABS_API_KEY and start a sync worker."
                ),
                step(
                    isPolled,
                    "First calls are read",
                    "The schedule poll reads the last days; ringback backfill start reads older ones."
                ),
                step(
                    parts.verifier.hasSecret,
                    "Webhooks are accepted",
                    "Set ELEVENLABS_WEBHOOK_SECRET; until then polling brings the calls."
                ),
                step(
                    words.zone.reportName != "UTC",
                    "Report zone is chosen",
                    "Days are those of \(words.zone.reportName); RINGBACK_TIME_ZONE changes it."
                ),
                step(
                    !campaigns.isEmpty,
                    "Recipients are imported",
                    "ringback recipients import FILE says who was written to."
                ),
            ]
        ]
    }

    // MARK: Panels

    private func funnel(_ overview: Overview, _ query: PageQuery) -> View {
        guard let funnel = overview.funnel else {
            return ["none": "No campaign has calls in these days."]
        }
        return [
            "name": funnel.name,
            "href": query.link("/campaigns/\(funnel.campaign.number)"),
            "steps": FunnelBars(funnel.steps).views,
        ]
    }

    private func agents(_ overview: Overview, _ query: PageQuery) -> [View] {
        overview.report.agents.prefix(5).map { part in
            let figures = part.figures
            return [
                "name": overview.agentNames[part.key] ?? part.key,
                "href": query.link(nil, ["agent": part.key]),
                "calls": PageWords.count(figures.calls),
                "success": PageWords.share(figures.successRate),
                "conversion": PageWords.share(figures.conversionRate),
                "average": PageWords.duration(figures.averageSeconds),
                "cost": PageWords.money(
                    figures.conversions == 0
                        ? nil : figures.agentCost.map { $0 / Double(figures.conversions) }
                ),
                // A rate of fewer calls says little.
                "isSmall": figures.success + figures.failure < PageDesk.smallCalls,
            ]
        }
    }

    /// Below so many calls a rate is shown in grey.
    static let smallCalls = 30

    private func satisfaction(_ found: Satisfaction, _ total: CallFigures) -> View {
        let asked = MetricID.askedSatisfaction.definition
        let estimated = MetricID.estimatedSatisfaction.definition
        return [
            "askedLabel": asked.label, "askedText": asked.tooltip,
            "asked": found.average.map { String(format: "%.1f of 5", $0) } ?? "not enough ratings",
            "askedCount": "\(PageWords.count(found.ratings)) of "
                + "\(PageWords.count(total.calls)) calls rated",
            "askedShare": (found.average ?? 0) * 20,
            "estimatedLabel": estimated.label, "estimatedText": estimated.tooltip,
            "estimated": found.positiveShare.map { PageWords.share($0) + " positive" }
                ?? "not enough estimates",
            "estimatedCount": "\(PageWords.count(found.moods)) of "
                + "\(PageWords.count(total.calls)) calls estimated",
            "estimatedShare": (found.positiveShare ?? 0) * 100,
        ]
    }

    private static let recentCalls = 10

    private func recent(
        _ query: PageQuery,
        _ agents: [String: String]
    ) async throws -> View {
        // Without the workspace, by which SQLite would sort all calls instead of reading the newest.
        let filter = CallFilter(
            agentID: query["agent"],
            campaign: query.campaign
        )
        let page = try await store.calls(filter, limit: Self.recentCalls)
        return [
            "columns": CallColumn.heads(),
            "rows": page.calls.map { CallRow($0, words, query, agents: agents).view },
            // The table keeps its height while calls come in.
            "blanks": (page.calls.count..<Self.recentCalls).map { _ -> View in [:] },
            "href": query.link("/calls"),
        ]
    }
}
