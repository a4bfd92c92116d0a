import CallStore

/// A column of a table of calls, by its word in the address.
enum CallColumn: String, CaseIterable, Sendable {
    case time
    case caller
    case direction
    case agent
    case campaign
    case outcome
    case conversion
    case turns
    case duration
    case rating
    case mood
    case cost
    case tags
    case summary

    /// What tables show unless somebody chooses.
    static let usual: [CallColumn] = [
        .time, .caller, .agent, .campaign, .outcome, .conversion, .duration,
    ]

    var label: String {
        switch self {
        case .cost: "Credits"
        case .mood: "Mood, estimated"
        default: rawValue.prefix(1).uppercased() + rawValue.dropFirst()
        }
    }

    var isNumber: Bool {
        switch self {
        case .turns, .duration, .rating, .cost: true
        default: false
        }
    }

    /// By what the calls are put in order; nil for the start and for what has no order.
    var sort: CallSort? {
        switch self {
        case .agent: .agent
        case .campaign: .campaign
        case .outcome: .outcome
        case .conversion: .conversion
        case .turns: .turns
        case .duration: .duration
        case .rating: .rating
        case .cost: .cost
        case .time, .caller, .direction, .mood, .tags, .summary: nil
        }
    }

    /// A table's head without a choice of order.
    static func heads(_ columns: [CallColumn] = usual) -> [View] {
        columns.map { ["name": $0.rawValue, "label": $0.label, "isNumber": $0.isNumber] }
    }
}

/// One call as a row of a table.
struct CallRow: Sendable {
    let view: View

    /// - Parameters:
    ///   - call: The call.
    ///   - words: How its values are written.
    ///   - query: The page's state, which goes along with its links.
    ///   - agents: Names of agents, for calls that do not carry one.
    ///   - columns: What the table shows, in order.
    init(
        _ call: CallSummary,
        _ words: PageWords,
        _ query: PageQuery,
        agents: [String: String] = [:],
        columns: [CallColumn] = CallColumn.usual
    ) {
        view = [
            "id": "\(call.id.number)", "excluded": call.isExcluded,
            "cells": columns.map { Self.cell($0, call, words, query, agents) },
        ]
    }

    /// A cell: a template's section of its kind, or a text.
    private static func cell(
        _ column: CallColumn,
        _ call: CallSummary,
        _ words: PageWords,
        _ query: PageQuery,
        _ agents: [String: String]
    ) -> View {
        switch column {
        case .time:
            let start: View = [
                "href": query.link("/calls/\(call.id.number)"),
                "at": PageWords.machine(call.startedUnix), "time": words.time(call.startedUnix),
            ]
            return ["cellStart": start]
        case .caller:
            return text(PageWords.caller(call.caller, kind: call.callerClass), kind: "tab")
        case .direction: return text(call.direction?.rawValue)
        case .agent: return text(call.agentName ?? agents[call.agentID] ?? call.agentID)
        case .campaign: return ["cellCampaign": campaign(call, query)]
        case .outcome: return ["cellOutcome": outcome(call.callSuccessful)]
        case .conversion:
            let found = conversion(call.conversion, call.conversionType)
            return call.conversion == .yes ? ["cellWon": found] : text(found, kind: "faint")
        case .turns: return text(call.messages.map { "\($0)" }, kind: "num")
        case .duration: return text(PageWords.duration(call.durationSeconds), kind: "num")
        case .rating: return text(call.rating.map { PageWords.rating($0) }, kind: "num")
        case .mood: return text(call.sentiment)
        case .cost: return text(call.costCredits.map { PageWords.count(Int($0)) }, kind: "num")
        case .tags:
            guard !call.tags.isEmpty else { return text(nil) }
            return ["hasTags": true, "cellTags": Self.tags(call.tags, query)]
        case .summary: return text((call.summary ?? call.title).map(words.spoken), kind: "wide")
        }
    }

    /// Tags, each a link to the calls that have it; on the list of calls one more filter.
    static func tags(_ tags: [CallTag], _ query: PageQuery) -> [View] {
        let list = "/calls"
        return tags.map {
            [
                "tag": $0.text,
                "href": query.link(query.path == list ? nil : list, ["tag": $0.text]),
            ]
        }
    }

    private static func text(_ text: String?, kind: String? = nil) -> View {
        var view: View = ["cellText": text ?? "–"]
        if let kind { view["cellKind"] = kind }
        return view
    }

    private static func campaign(_ call: CallSummary, _ query: PageQuery) -> View {
        guard let id = call.campaignID else { return ["none": true] }
        return [
            // Said here, so that it is not looked for further out.
            "none": false, "name": call.campaignName ?? "\(id)",
            "href": query.link("/campaigns/\(id.number)"),
            "method": call.isPinned ? "by hand" : call.method?.words ?? "",
            "icon": call.isPinned ? "hand" : call.method.map(icon(of:)) ?? "number",
        ]
    }

    private static func icon(of method: AttributionMethod) -> String {
        switch method {
        case .manual: "hand"
        case .token, .dynamicVariable: "code"
        case .batchRecipient, .exactNumber, .numberVariant, .agentNumber, .none: "number"
        }
    }

    /// Upstream's word as one of the four outcomes.
    static func outcome(_ word: String?) -> String {
        switch word {
        case nil: "pending"
        case "success", "failure": word ?? "pending"
        default: "unknown"
        }
    }

    private static func conversion(_ outcome: Ternary?, _ type: String?) -> String {
        switch outcome {
        case .yes: type ?? "yes"
        case .no: "no"
        case .unknown: "unknown"
        case nil: "–"
        }
    }
}

extension AttributionMethod {
    /// How a campaign was found, in words.
    var words: String {
        switch self {
        case .manual: "by hand"
        case .batchRecipient: "called by the campaign"
        case .dynamicVariable: "named by the page"
        case .token: "by a code"
        case .exactNumber: "by the caller's number"
        case .numberVariant: "by a variant of the caller's number"
        case .agentNumber: "by the number that was called"
        case .none: ""
        }
    }
}
