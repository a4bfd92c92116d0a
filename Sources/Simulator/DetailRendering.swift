extension CallRecord {
    /// The whole conversation: `GetConversationResponseModel`, and `data` of the webhook.
    package func detail() -> JSON {
        let over = status == .processing || status.isFinal
        let counted = over && plan.ending != .unanswered
        let kept = plan.privacy == .kept
        let audible = counted && kept && !plan.channel.isTextOnly
        let callers = script.messages(byAgent: false)
        let agents = script.messages(byAgent: true)
        return [
            "agent_id": .string(agent.identifier),
            "agent_name": .string(agent.name),
            "conversation_product": "agents",
            "status": .string(status.rawValue),
            "user_id": userIdentifier,
            "branch_id": nil,
            "version_id": JSON(AgentVersion.identifier(plan, seed: seed)),
            "metadata": metadata,
            "analysis": analysis,
            "user_message_count": counted && !kept ? nil : .int(counted ? callers : 0),
            "agent_message_count": counted && !kept ? nil : .int(counted ? agents : 0),
            "visited_agents": [["agent_id": .string(agent.identifier), "branch_id": nil]],
            "conversation_initiation_client_data": initiation,
            "environment": "production",
            "conversation_id": .string(plan.identifier),
            "has_audio": .bool(audible),
            "has_user_audio": .bool(audible),
            "has_response_audio": .bool(audible),
            "has_auxiliary_audio": false,
            "transcript": transcript,
            "tag_ids": [],
        ]
    }

    /// Whether a recording can be fetched.
    package var hasAudio: Bool {
        status.isFinal && plan.ending != .unanswered && plan.privacy == .kept
            && !plan.channel.isTextOnly
    }

    var userIdentifier: JSON {
        if case .visitor(let identifier) = plan.party { .string(identifier) } else { nil }
    }

    private var initiation: JSON {
        [
            "conversation_config_override": [
                "agent": nil, "tts": nil, "asr": nil, "turn": nil, "conversation": nil,
            ],
            "custom_llm_extra_body": [:],
            "user_id": userIdentifier,
            "source_info": ["source": .string(initiationSource), "version": nil],
            "branch_id": nil,
            "environment": nil,
            "starting_workflow_node_id": nil,
            "procedure_ids": [],
            "start_procedure_ids": [],
            "dynamic_variables": dynamicVariables,
        ]
    }

    /// The variables that the page or the batch passed in, and the system's own ones.
    var dynamicVariables: JSON {
        var variables: JSON = [:]
        switch plan.channel {
        case .widget, .text:
            var draw = Draw(seed: seed, stream: .spelling, index: -1 - plan.index)
            variables["utm_source"] = .string(
                draw.pick(["google", "bing", "newsletter", "direct"])
            )
            variables["page_path"] = .string(draw.pick(["/", "/prices", "/contact", "/team"]))
        case .phone(_, _, batch: true):
            variables["first_name"] = .string(person?.firstName ?? "")
            variables["last_visit_days"] = .int(100 + plan.index % 300)
        case .phone, .whatsapp, .sms:
            break
        }
        variables["system__agent_id"] = .string(agent.identifier)
        variables["system__current_agent_id"] = .string(agent.identifier)
        if let line, let externalNumber {
            let ours = line.number.e164
            let outbound = plan.channel.isOutbound
            variables["system__caller_id"] = .string(outbound ? ours : externalNumber)
            variables["system__called_number"] = .string(outbound ? externalNumber : ours)
            if line.carrier == .twilio { variables["system__call_sid"] = .string(callIdentifier) }
        }
        variables["system__call_duration_secs"] = .int(durationSeconds)
        let end = min(now, plan.finished ?? now)
        variables["system__time_utc"] = .string(CivilTime.timestamp(end))
        variables["system__timezone"] = nil
        variables["system__conversation_id"] = .string(plan.identifier)
        variables["system__agent_turns"] = .int(
            hasTranscript ? script.messages(byAgent: true) : 0
        )
        variables["system__is_text_only"] = .bool(plan.channel.isTextOnly)
        return variables
    }

    /// The carrier's name for the call.
    var callIdentifier: String {
        var draw = Draw(seed: seed, stream: .identifier, index: -1 - plan.index)
        return (line?.carrier == .sip ? "SCL_" : "CA") + draw.hexadecimal(length: 32)
    }
}
