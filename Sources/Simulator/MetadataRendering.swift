extension CallRecord {
    /// `ConversationHistoryMetadataCommonModel`.
    var metadata: JSON {
        let deleted = plan.privacy == .transcriptDeleted
        return [
            "start_time_unix_secs": .int(plan.start),
            "accepted_time_unix_secs": JSON(accepted),
            "call_duration_secs": .int(durationSeconds),
            "queue_wait_secs": nil,
            "cost": JSON(cost),
            "deletion_settings": deletionSettings(deleted),
            "feedback": feedbackObject,
            "authorization_method": .string(authorization),
            "charging": charging,
            "phone_call": phoneCall,
            "batch_call": batchCall,
            "termination_reason": .string(terminationReason),
            "error": error,
            "warnings": [],
            "main_language": .string(plan.language.rawValue),
            "rag_usage": nil,
            "text_only": .bool(plan.channel.isTextOnly),
            "features_usage": featuresUsage,
            "eleven_assistant": ["is_eleven_assistant": false],
            "initiator_id": userIdentifier,
            "conversation_initiation_source": .string(initiationSource),
            "conversation_initiation_source_version": nil,
            "timezone": plan.channel.isPhone ? nil : "America/Chicago",
            "async_metadata": nil,
            "whatsapp": whatsapp,
            "sms": sms,
            "agent_created_from": "ui",
            "agent_last_updated_from": "ui",
            "voice_rewards": nil,
            "cost_fiat": JSON(cost.map(Self.dollars)),
            // Seen in captured payloads, in no schema.
            "initiation_trigger": ["trigger_type": "default"],
        ]
    }

    /// Two years after the call, as the upstream's default retention has it.
    private static let retention = 730 * 86_400

    private func deletionSettings(_ deleted: Bool) -> JSON {
        let gone = plan.start + 2 * 86_400
        return [
            "deletion_time_unix_secs": .int(plan.start + Self.retention),
            "deleted_logs_at_time_unix_secs": nil,
            "deleted_audio_at_time_unix_secs": deleted ? .int(gone) : nil,
            "deleted_transcript_at_time_unix_secs": deleted ? .int(gone) : nil,
            "delete_transcript_and_pii": .bool(deleted || plan.privacy == .zeroRetention),
            "delete_audio": .bool(deleted || plan.privacy == .zeroRetention),
        ]
    }

    private var feedbackObject: JSON {
        let likes = feedback?.likes ?? 0
        let dislikes = feedback?.dislikes ?? 0
        let thumbs = likes + dislikes > 0
        let type: String? = feedback == nil ? nil : thumbs ? "thumbs" : "rating"
        return [
            "type": JSON(type),
            "overall_score": thumbs ? .string(likes >= dislikes ? "like" : "dislike") : nil,
            "likes": .int(likes),
            "dislikes": .int(dislikes),
            "rating": JSON(feedback?.rating),
            "comment": JSON(feedback?.comment),
        ]
    }

    private var authorization: String {
        switch plan.channel {
        case .phone: "authorization_header"
        case .widget, .text: "public"
        case .whatsapp: "whatsapp"
        case .sms: "sms"
        }
    }

    private var charging: JSON {
        guard status.isFinal, plan.ending != .unanswered else { return nil }
        let tokens = script.turns.count * 900
        let price = Double(tokens / 100) / 10_000
        let usage: JSON = [
            "model_usage": [
                "gemini-2.5-flash": [
                    "input": ["tokens": .int(tokens), "price": .double(price)],
                    "input_cache_read": ["tokens": 0, "price": 0.0],
                    "input_cache_write": ["tokens": 0, "price": 0.0],
                    "output_total": ["tokens": .int(tokens / 12), "price": .double(price / 4)],
                ]
            ]
        ]
        return [
            "dev_discount": false,
            "is_burst": false,
            "tier": "business",
            "llm_usage": ["irreversible_generation": usage, "initiated_generation": usage],
            "llm_price": .double(price),
            "llm_charge": .int(modelCharge),
            "call_charge": .int(callCharge),
            "platform_charge": nil,
            "platform_usage": nil,
            "platform_price": nil,
            "free_minutes_consumed": 0.0,
            "free_llm_dollars_consumed": 0.0,
            "tts_usage": nil,
            "asr_usage": nil,
            "analysis": nil,
            "voice_surcharge_charge": nil,
        ]
    }

    private var error: JSON {
        guard status == .failed, case .failed = plan.ending else { return nil }
        return ["code": 1011, "reason": "The connection to the language model was lost."]
    }

    private var featuresUsage: JSON {
        let used = Set(script.toolResults.map(\.tool))
        func feature(_ enabled: Bool, _ tool: Tool? = nil) -> JSON {
            [
                "enabled": .bool(enabled),
                "used": .bool(hasTranscript && tool.map(used.contains) ?? false),
            ]
        }
        return [
            "language_detection": feature(true, .languageDetection),
            "transfer_to_agent": feature(false),
            "transfer_to_number": feature(true, .transferToNumber),
            "multivoice": feature(false),
            "dtmf_tones": feature(false),
            "external_mcp_servers": feature(false),
            "pii_zrm_workspace": false,
            "pii_zrm_agent": .bool(plan.privacy == .zeroRetention),
            "tool_dynamic_variable_updates": feature(false),
            "is_livekit": .bool(line?.carrier == .sip),
            "voicemail_detection": feature(plan.channel.isOutbound, .voicemailDetection),
            "dtmf_input": feature(false),
            "workflow": nil,
            "agent_testing": nil,
            "versioning": feature(false),
            "file_input": feature(plan.channel == .whatsapp),
            "freeform_procedure": feature(false),
            "structured_procedure": feature(false),
        ]
    }
}

// MARK: Channels

extension CallRecord {
    var phoneCall: JSON {
        guard let line, let externalNumber, let direction else { return nil }
        var object: JSON = [
            "type": line.carrier == .sip ? "sip_trunking" : .string(line.carrier.rawValue),
            "direction": .string(direction),
            "phone_number_id": .string(line.identifier),
            "agent_number": .string(line.number.e164),
            "external_number": .string(externalNumber),
            "call_result": JSON(callResult),
        ]
        if line.carrier == .sip {
            object["call_id"] = .string("\(plan.identifier.suffix(16))@trunk.example.net")
            object["call_sid"] = .string(callIdentifier)
            object["sip_header_dynamic_variables"] = [:]
        } else {
            // Twilio leaves the stream's name empty now and then.
            let stream = plan.index % 7 == 0 ? "" : "MZ" + String(callIdentifier.dropFirst(2))
            object["stream_sid"] = .string(stream)
            object["call_sid"] = .string(callIdentifier)
        }
        return object
    }

    private var callResult: String? {
        switch status {
        case .initiated: return nil
        case .inProgress, .processing, .done, .failed: break
        }
        return switch plan.scenario {
        case .noAnswer where plan.ending == .unanswered: "no_answer"
        case .busy where plan.ending == .unanswered: "busy"
        case .voicemail where status == .done: "voicemail"
        default: "answered"
        }
    }

    private var batchCall: JSON {
        guard case .phone(_, _, batch: true) = plan.channel else { return nil }
        // One batch a day; every other one belongs to a campaign of the upstream's own.
        let day = plan.start / 86_400
        var draw = Draw(seed: seed, stream: .delivery, index: day)
        let batch = "btcal_" + draw.identifier(length: 26)
        let campaign: JSON =
            day.isMultiple(of: 2)
            ? [
                "campaign_id": .string("camp_" + draw.identifier(length: 26)),
                "campaign_lead_id": .string("lead_\(plan.identifier.suffix(20))"),
                "cold_attempt": 1,
                "conversation_type": "initial",
            ] : nil
        return [
            "batch_call_id": .string(batch),
            "batch_call_recipient_id": .string("rcpt_\(plan.identifier.suffix(20))"),
            "campaign": campaign,
        ]
    }

    private var whatsapp: JSON {
        guard plan.channel == .whatsapp, let person else { return nil }
        return [
            "direction": "inbound",
            "whatsapp_phone_number_id": .string("1098\(100_000_000 + plan.agent)"),
            "whatsapp_user_id": .string(
                plan.privacy == .zeroRetention
                    ? "[REDACTED]" : String(person.number.e164.dropFirst())
            ),
            "awaiting_first_user_message": false,
            "recipient": nil,
            "call_permission_request": nil,
            "call_result": nil,
            "opening_message": nil,
        ]
    }

    private var sms: JSON {
        guard plan.channel == .sms, let person else { return nil }
        return [
            "direction": "inbound",
            "phone_number_id": nil,
            "sms_user_phone_number": .string(
                plan.privacy == .zeroRetention ? "[REDACTED]" : person.number.e164
            ),
            "agent_phone_number": nil,
        ]
    }
}
