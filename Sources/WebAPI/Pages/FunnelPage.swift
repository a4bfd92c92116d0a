import CallStore
import Definitions
import Hummingbird

extension PageDesk {
    /// The way from a sending to a conversion: of one campaign, and of all side by side.
    func funnelPage(_ query: PageQuery) async throws -> Page {
        let (from, to) = query.days(today: words.today)
        let all = try await store.campaignFunnels(from: from, to: to, limit: Self.funnelsMax)
        let chosen: CampaignID? =
            if case .one(let id)? = query.campaign { id } else { all.first?.campaign }
        let steps = query.steps
        var view: View = [
            "campaignOptions": all.sorted { $0.name < $1.name }.map { entry -> View in
                [
                    "value": "\(entry.campaign.number)", "label": entry.name,
                    "selected": entry.campaign == chosen,
                ]
            },
            "funnelFields": query.fields(without: ["campaign", "steps", "window"]),
            "stepChoices": FunnelStep.allCases.map { step -> View in
                [
                    "value": step.rawValue, "label": FunnelBars.label(step),
                    "checked": steps.contains(step),
                ]
            },
            "breakdown": all.map { breakdown($0, steps, query) },
            "stepHeads": steps.map { step -> View in ["label": FunnelBars.label(step)] },
            "modes": FunnelMode.allCases.map { mode -> View in
                [
                    "label": mode.label, "active": query.mode == mode,
                    "href": query.link(nil, ["mode": mode == .both ? nil : mode.rawValue]),
                ]
            },
            "showsTotals": query.mode != .people, "showsPeople": query.mode != .totals,
            "isOne": query.mode != .both,
            "isCut": all.count == Self.funnelsMax, "isEmpty": chosen == nil,
        ]
        guard let chosen,
            let found = try await store.campaignReport(
                chosen,
                from: from,
                to: to,
                windowDays: query.window,
                steps: Set(steps)
            )
        else { return Page(template: .funnel, title: "Funnel", view: view) }
        view["name"] = found.campaign.name
        view["href"] = query.link("/campaigns/\(chosen.number)")
        view["window"] = "\(query.window ?? found.campaign.windowDays)"
        view["ownWindow"] = "\(found.campaign.windowDays)"
        var totals: [FunnelStep: Int] = [:]
        for step in found.funnel.totals { totals[step.step] = step.events }
        var people: [FunnelStep: Int] = [:]
        var medians: [FunnelStep: Int] = [:]
        for step in found.funnel.samePeople {
            people[step.step] = step.recipients
            medians[step.step] = step.medianSeconds
        }
        let bars = FunnelBars(totals, shown: steps) { listLink(of: $0, chosen, query) }
        view["totals"] = ["steps": bars.views] as View
        view["people"] =
            people.values.contains { $0 > 0 }
            ? ["steps": FunnelBars(people, shown: steps, medians: medians).views] as View
            : ["nobody": "nobody on its list was sent a token of their own in these days"] as View
        return Page(template: .funnel, title: "Funnel", view: view)
    }

    /// Campaigns that stand side by side.
    private static let funnelsMax = 200

    /// A campaign's row: each step with its share of what was sent.
    private func breakdown(
        _ funnel: FunnelTotals,
        _ steps: [FunnelStep],
        _ query: PageQuery
    ) -> View {
        let base = funnel.steps[.sent] ?? funnel.steps[.delivered]
        return [
            "name": funnel.name,
            "href": query.link(nil, ["campaign": "\(funnel.campaign.number)"]),
            "cells": steps.map { step -> View in
                guard let count = funnel.steps[step] else { return ["isMissing": true] }
                var cell: View = ["count": PageWords.count(count)]
                if let base, base > 0, step != .sent {
                    cell["share"] = PageWords.share(count, of: base)
                }
                if count > 0, let href = listLink(of: step, funnel.campaign, query) {
                    cell["listHref"] = href
                }
                return cell
            },
        ]
    }

    /// Where the people or the calls of a step are listed.
    func listLink(of step: FunnelStep, _ campaign: CampaignID, _ query: PageQuery) -> String? {
        // The lists must be of the days that the numbers are of, and of no agent.
        let days: [String: String?] = [
            "range": query.range.map(\.rawValue), "agent": nil,
        ]
        func calls(_ conversion: String?) -> String {
            query.link(
                "/calls",
                days.merging(["campaign": "\(campaign.number)", "conversion": conversion]) { $1 }
            )
        }
        switch step {
        case .calls: return calls(nil)
        case .conversions: return calls("yes")
        case .sent, .delivered, .scans, .pageViews:
            guard let kind = FunnelStep.touches.first(where: { $0.0 == step })?.1 else {
                return nil
            }
            return query.link(
                "/campaigns/\(campaign.number)/recipients",
                ["touch": kind.rawValue, "campaign": nil]
            )
        }
    }
}

/// What of a funnel is shown: its two ways of counting are not to be mixed.
private enum FunnelMode: String, CaseIterable {
    case both
    case totals
    case people

    var label: String {
        switch self {
        case .both: "Side by side"
        case .totals: "Totals"
        case .people: "Same people"
        }
    }
}

extension PageQuery {
    fileprivate var mode: FunnelMode { self["mode"].flatMap(FunnelMode.init) ?? .both }

    /// The steps that are chosen, in their order; all where none is.
    fileprivate var steps: [FunnelStep] {
        let chosen = all("steps").flatMap { $0.split(separator: ",") }
        let steps = FunnelStep.allCases.filter { chosen.contains(Substring($0.rawValue)) }
        return steps.isEmpty ? FunnelStep.allCases : steps
    }

    /// Days in which the same people go their way; nil for the campaign's own.
    fileprivate var window: Int? {
        self["window"].flatMap { Int($0) }.flatMap { (1...365).contains($0) ? $0 : nil }
    }
}
