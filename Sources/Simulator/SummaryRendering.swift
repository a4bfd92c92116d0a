extension CallRecord {
    /// What of an item is only there when it was asked for.
    package struct SummaryOptions: Sendable {
        package var withSummary = false
        package var collected: [String] = []
        package var criteria: [String] = []

        package init() {}
    }

    /// An item of the list: `ConversationSummaryResponseModel`.
    package func summary(_ options: SummaryOptions) -> JSON {
        let over = status == .processing || status.isFinal
        let counted = over && plan.ending != .unanswered
        let kept = plan.privacy == .kept
        let callers = script.messages(byAgent: false)
        let agents = script.messages(byAgent: true)
        let title = hasAnalysis && plan.privacy != .zeroRetention ? verdict.title : nil
        let text = options.withSummary && showsWords ? verdict.summary : nil
        var item: JSON = [
            "agent_id": .string(agent.identifier),
            "agent_name": .string(agent.name),
            "branch_id": nil,
            "version_id": JSON(AgentVersion.identifier(plan, seed: seed)),
            "conversation_id": .string(plan.identifier),
            "start_time_unix_secs": .int(plan.start),
            "call_duration_secs": .int(durationSeconds),
            "cost": JSON(cost),
            "cost_fiat": JSON(cost.map(Self.dollars)),
            "message_count": .int(counted ? callers + agents : 0),
            "user_message_count": counted && !kept ? nil : .int(counted ? callers : 0),
            "agent_message_count": counted && !kept ? nil : .int(counted ? agents : 0),
            "status": .string(status.rawValue),
            "termination_reason": .string(terminationReason),
            "call_successful": .string(successful.rawValue),
            "call_success_score": nil,
            "transcript_summary": JSON(text),
            "call_summary_title": JSON(title),
            "main_language": .string(plan.language.rawValue),
            "conversation_initiation_source": .string(initiationSource),
            "tool_names": .array(toolNames.map(JSON.string)),
            "direction": JSON(direction),
            "rating": JSON(feedback?.rating.map(Double.init)),
            "sentiment_analysis": sentiment,
            "tag_ids": [],
        ]
        if !options.collected.isEmpty {
            item["data_collection_results"] = picked(options.collected, from: collectedData)
        }
        if !options.criteria.isEmpty {
            item["evaluation_criteria_results"] = picked(options.criteria, from: outcomes)
        }
        return item
    }

    /// Whether the analysis' words can be read.
    var showsWords: Bool {
        hasAnalysis && plan.privacy != .zeroRetention
    }

    var terminationReason: String {
        status.isFinal || status == .processing ? script.terminationReason : ""
    }

    /// Names of the tools used so far, each once.
    var toolNames: [String] {
        guard hasTranscript else { return [] }
        var names: [String] = []
        for use in script.toolResults where !names.contains(use.tool.name) {
            names.append(use.tool.name)
        }
        return names
    }

    var initiationSource: String {
        switch plan.channel {
        case .phone(let carrier, _, _): carrier.rawValue
        case .widget, .text: "widget"
        case .whatsapp: "whatsapp"
        case .sms: "twilio_sms"
        }
    }

    /// The criteria's results in the short form that the list has.
    private var outcomes: JSON {
        guard case .object(let members) = criteria else { return [:] }
        return .object(
            members.map { member in
                let outcome: JSON = [
                    "result": member.value["result"] ?? nil, "score": nil, "max_score": nil,
                ]
                return JSON.Member(name: member.name, value: outcome)
            }
        )
    }

    private func picked(_ names: [String], from results: JSON) -> JSON {
        var found: JSON = [:]
        for name in names { found[name] = results[name] }
        return found
    }

    private var sentiment: JSON {
        guard agent.hasSentiment, showsWords, script.callerTurnsWithWords > 0 else { return nil }
        var draw = Draw(seed: seed, stream: .rating, index: -1 - plan.index)
        let base =
            switch plan.scenario {
            case .complaint, .failedBooking: 20
            case .booking, .bookingRetried, .outboundBooking, .bookingByStaff: 75
            default: 52
            }
        let score = base + draw.int(in: -12...12)
        let lowest = max(0, score - draw.int(in: 0...20))
        let frustration = max(0, 70 - score + draw.int(in: -8...8))
        let label = score < 40 ? "negative" : score > 60 ? "positive" : "neutral"
        return [
            "overall_label": .string(label),
            "overall_sentiment_score": .double(Double(score) / 100),
            "overall_frustration_score": .double(Double(frustration) / 100),
            "min_user_sentiment_score": .double(Double(lowest) / 100),
            "max_user_frustration_score": .double(Double(min(100, frustration + 10)) / 100),
            "num_scored_user_turns": .int(script.callerTurnsWithWords),
        ]
    }
}
