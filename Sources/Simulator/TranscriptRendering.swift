extension CallRecord {
    /// The turns as `ConversationHistoryTranscriptResponseModel`; empty while they cannot be read.
    var transcript: JSON {
        guard hasTranscript else { return [] }
        return .array(script.turns.enumerated().map { turn($0.element, isFirst: $0.offset == 0) })
    }

    /// What a client must have of the turns: role, second and message of each.
    var readableTurns: [(role: String, seconds: Int, message: String?)] {
        guard hasTranscript else { return [] }
        return script.turns.enumerated().map { position, turn in
            (
                turn.byAgent ? "agent" : "user", turn.seconds,
                message(of: turn, isFirst: position == 0)
            )
        }
    }

    private func message(of turn: Turn, isFirst: Bool) -> String? {
        let words = words(of: turn)
        let kept = turn.isInterrupted ? words.map(Self.cut) : words
        guard isFirst, bigCharacters > 0 else { return kept }
        return (kept ?? "") + String(repeating: " and so on", count: bigCharacters / 10)
    }

    private func turn(_ turn: Turn, isFirst: Bool) -> JSON {
        let words = words(of: turn)
        let kept = message(of: turn, isFirst: isFirst)
        let spoken = plan.channel.isTextOnly ? "text" : "audio"
        let medium: String? =
            if turn.byAgent { nil } else { turn.content == .picture ? "image" : spoken }
        return [
            "role": turn.byAgent ? "agent" : "user",
            "agent_metadata": turn.byAgent ? agentMetadata : nil,
            "message": JSON(kept),
            "multivoice_message": nil,
            "tool_calls": toolCalls(turn),
            "tool_results": toolResults(turn),
            "feedback": nil,
            "llm_override": nil,
            "producing_llm": turn.byAgent ? "gemini-2.5-flash" : nil,
            "time_in_call_secs": .int(turn.seconds),
            "conversation_turn_metrics": metrics(turn),
            "rag_retrieval_info": nil,
            "llm_usage": nil,
            "interrupted": .bool(turn.isInterrupted),
            "ignored_as_backchannel": false,
            "platform_event": nil,
            "original_message": JSON(turn.isInterrupted ? words : nil),
            "reasoning": nil,
            "source_medium": JSON(medium),
            "source_event_id": nil,
            "used_static_kb_document_ids": [],
            "user_identifier": nil,
            "id": nil,
            "created_at_unix_ms": .int((plan.accepted + turn.seconds) * 1_000),
            "triggered_guardrails": [],
            "file_input": nil,
            "file_inputs": nil,
            "contextual_update_info": nil,
            "reasoned": nil,
        ]
    }

    /// What a turn says; nil for one that only uses a tool.
    func words(of turn: Turn) -> String? {
        switch turn.content {
        case .speech(let act, let wording):
            let sentences = Phrasebook.of(plan.language).sentences[act] ?? []
            return script.filling.fill(sentences[wording % sentences.count])
        case .noise: return "..."
        case .toolCall, .toolResult, .picture: return nil
        }
    }

    /// What had been said when the caller interrupted.
    private static func cut(_ text: String) -> String {
        String(text.prefix(max(8, text.count * 3 / 5))) + "..."
    }

    private var agentMetadata: JSON {
        [
            "agent_id": .string(agent.identifier), "branch_id": nil,
            "version_id": JSON(AgentVersion.identifier(plan, seed: seed)), "workflow_node_id": nil,
        ]
    }

    private func metrics(_ turn: Turn) -> JSON {
        guard turn.byAgent, case .speech = turn.content else { return nil }
        let milliseconds = 300 + (turn.seconds * 37 + plan.index * 13) % 700
        let model = milliseconds + AgentVersion.extraMilliseconds(plan)
        let voice = 90 + (turn.seconds * 17 + plan.index * 7) % 120
        func elapsed(_ milliseconds: Int) -> JSON {
            ["elapsed_time": .double(Double(milliseconds) / 1_000)]
        }
        return [
            "metrics": [
                "convai_llm_service_ttfb": elapsed(model),
                "convai_tts_service_ttfb": elapsed(voice),
            ],
            "convai_asr_provider": nil,
            "convai_tts_cascade": nil,
            "convai_tts_model": plan.channel.isTextOnly ? nil : "eleven_flash_v2_5",
            "voice_id": plan.channel.isTextOnly ? nil : .string(agent.voice),
        ]
    }

    // MARK: Tools

    private func toolCalls(_ turn: Turn) -> JSON {
        guard case .toolCall(let use) = turn.content else { return [] }
        let parameters = parameters(of: use)
        return [
            [
                "type": use.tool.isSystem ? "system" : "webhook",
                "request_id": .string(use.request),
                "tool_name": .string(use.tool.name),
                "tool_id": .string(toolIdentifier(use.tool)),
                "params_as_json": .string(parameters.text),
                "tool_has_been_called": true,
                "tool_details": use.tool.isSystem ? nil : details(of: use, parameters),
            ]
        ]
    }

    /// The identifier that filters by tool name, too: system tools have a fixed one.
    private func toolIdentifier(_ tool: Tool) -> String {
        if tool.isSystem { return "__system_" + tool.name }
        var draw = Draw(seed: seed, stream: .agent, index: -1 - plan.agent)
        return "tool_" + tool.name.prefix(5) + draw.identifier(length: 20)
    }

    private func details(of use: ToolUse, _ parameters: JSON) -> JSON {
        [
            "type": "webhook",
            "method": "POST",
            "url": .string("https://booking.example.com/v1/" + use.tool.name),
            "headers": [:],
            "path_params": [:],
            "query_params": [:],
            "body": .string(parameters.text),
        ]
    }

    private func parameters(of use: ToolUse) -> JSON {
        let slot = use.isOther ? script.filling.second : script.filling.first
        return switch use.tool {
        case .checkAvailability:
            ["service": .string(script.filling.service), "from": .string(slot.written)]
        case .bookAppointment:
            [
                "name": .string(script.filling.name), "service": .string(script.filling.service),
                "time": .string(slot.written),
            ]
        case .cancelAppointment: ["name": .string(script.filling.name)]
        case .lookUpPrice: ["service": .string(script.filling.service)]
        case .transferToNumber: ["reason": "The caller asked for a person."]
        case .endCall: ["reason": "The conversation is over.", "system__message_to_speak": nil]
        case .voicemailDetection: ["reason": "A recorded greeting answered."]
        case .languageDetection:
            ["reason": "The user speaks it.", "language": .string(plan.language.rawValue)]
        }
    }

    private func toolResults(_ turn: Turn) -> JSON {
        guard case .toolResult(let use) = turn.content else { return [] }
        var result: JSON = [
            "request_id": .string(use.request),
            "tool_name": .string(use.tool.name),
            "tool_id": .string(toolIdentifier(use.tool)),
            "result_value": .string(resultValue(of: use).text),
            "is_error": .bool(use.fails),
            "is_blocked": false,
            "tool_has_been_called": true,
            "tool_latency_secs": .double(use.latency),
            "error_type": use.fails ? "tool_execution_error" : "",
            "raw_error_message": use.fails ? "HTTP 503 from the booking system" : "",
            "dynamic_variable_updates": [],
            "type": use.tool.isSystem ? "system" : "webhook",
        ]
        if use.tool.isSystem { result["result"] = systemResult(of: use) }
        return .array([result])
    }

    private func resultValue(of use: ToolUse) -> JSON {
        let slot = use.isOther ? script.filling.second : script.filling.first
        if use.fails { return ["error": "slot_unavailable", "retryable": .bool(!use.isOther)] }
        return switch use.tool {
        case .checkAvailability: ["free": [.string(slot.written)]]
        case .bookAppointment:
            [
                "ok": true, "booking": .string("B\(100_000 + plan.index)"),
                "time": .string(slot.written),
            ]
        case .cancelAppointment: ["ok": true]
        case .lookUpPrice: ["price": .int(script.filling.price), "currency": "USD"]
        case .transferToNumber, .endCall, .voicemailDetection, .languageDetection:
            ["status": "success"]
        }
    }

    /// What a system tool reports, with its own type of result.
    private func systemResult(of use: ToolUse) -> JSON {
        switch use.tool {
        case .transferToNumber:
            return transfer
        case .endCall:
            return [
                "result_type": "end_call_success", "status": "success",
                "reason": "The conversation is over.", "message": nil,
            ]
        case .voicemailDetection:
            return [
                "result_type": "voicemail_detection_success", "status": "success",
                "voicemail_message": nil, "reason": "A recorded greeting answered.",
            ]
        case .languageDetection:
            return [
                "result_type": "language_detection_success", "status": "success",
                "reason": "The user speaks it.", "language": .string(plan.language.rawValue),
            ]
        case .checkAvailability, .bookAppointment, .cancelAppointment, .lookUpPrice:
            return nil
        }
    }

    private var transfer: JSON {
        let destination = NumberPlan(seed: seed).number(
            .unitedStates,
            owner: .destination,
            serial: plan.agent
        )
        let reason: JSON = "The caller asked for a person."
        if case .phone(.sip, _, _) = plan.channel {
            return [
                "result_type": "transfer_to_number_sip_success", "status": "success",
                "transfer_number": .string(destination.e164), "reason": reason, "note": nil,
            ]
        }
        return [
            "result_type": "transfer_to_number_twilio_success",
            "status": "success",
            "transfer_number": .string(destination.e164),
            "reason": reason,
            "client_message": nil,
            "agent_message": "A caller would like to speak with somebody.",
            "conference_name": .string("conf_\(plan.identifier.suffix(12))"),
            "post_dial_digits": nil,
            "note": nil,
        ]
    }
}
