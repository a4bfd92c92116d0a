import CallStore

/// One call as a row of a table.
struct CallRow: Sendable {
    let view: View

    /// - Parameters:
    ///   - call: The call.
    ///   - words: How its values are written.
    ///   - query: The page's state, which goes along with its links.
    ///   - agents: Names of agents, for calls that do not carry one.
    init(
        _ call: CallSummary,
        _ words: PageWords,
        _ query: PageQuery,
        agents: [String: String] = [:]
    ) {
        let outcome = Self.outcome(call.callSuccessful)
        var view: View = [
            "id": "\(call.id.number)", "href": query.link("/calls/\(call.id.number)"),
            "time": words.time(call.startedUnix), "at": PageWords.machine(call.startedUnix),
            "caller": PageWords.caller(call.caller, kind: call.callerClass),
            "direction": call.direction?.rawValue ?? "–",
            "agent": call.agentName ?? agents[call.agentID] ?? call.agentID,
            "outcome": outcome, "conversation": call.conversationID,
            "conversion": Self.conversion(call.conversion, call.conversionType),
            "converted": call.conversion == .yes,
            "duration": PageWords.duration(call.durationSeconds),
            "campaign": call.campaignName ?? "–", "hasCampaign": call.campaignName != nil,
            "method": call.isPinned ? "by hand" : call.method?.rawValue ?? "",
            "status": call.status.word,
        ]
        if let campaign = call.campaignID {
            view["campaignHref"] = query.link("/campaigns/\(campaign.number)")
        }
        self.view = view
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
