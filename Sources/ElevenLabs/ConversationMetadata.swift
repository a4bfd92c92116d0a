/// The facts of a conversation: times, costs, telephone, campaign.
package struct ConversationMetadata: Sendable, Hashable {
    /// Unix seconds, UTC.
    package var startedUnix: Int64

    /// When it was picked up, Unix seconds; nil if never.
    package var acceptedUnix: Int64?

    /// Without the time in the queue.
    package var durationSeconds: Int?
    package var queueWaitSeconds: Double?

    /// Credits, not money.
    package var cost: Int?

    /// US dollars.
    package var costFiat: Double?

    /// What the cost is made of, as received.
    package var charging: JSONValue?
    package var deletion: Deletion?
    package var feedback: Feedback?
    package var authorizationMethod: String?
    package var phoneCall: PhoneCall?
    package var batchCall: BatchCall?

    /// Free text; nil for the empty one.
    package var terminationReason: String?
    package var failure: Failure?
    package var warnings: [String]
    package var mainLanguage: String?
    package var isTextOnly: Bool?
    package var source: InitiationSource?
    package var sourceVersion: String?

    /// An IANA name.
    package var timeZone: String?
    package var smsUserNumber: String?
    package var whatsAppUserID: String?

    /// Why the platform itself failed a conversation.
    package struct Failure: Sendable, Hashable {
        package var code: Int?
        package var reason: String?
    }

    /// When the upstream deletes or has deleted its copy; Unix seconds.
    package struct Deletion: Sendable, Hashable {
        package var plannedUnix: Int64?
        package var logsDeletedUnix: Int64?
        package var audioDeletedUnix: Int64?
        package var transcriptDeletedUnix: Int64?
        package var deletesTranscript: Bool?
        package var deletesAudio: Bool?
    }

    /// What the user said of the call; sent without a key, so anybody may have sent it.
    package struct Feedback: Sendable, Hashable {
        package var kind: String?
        package var overallScore: String?
        package var likes: Int?
        package var dislikes: Int?
        package var rating: Int?
        package var comment: String?
    }

    /// Membership in one of the vendor's own outbound batches: an attribution already made.
    package struct BatchCall: Sendable, Hashable {
        package struct Campaign: Sendable, Hashable {
            package var id: String?
            package var leadID: String?
            package var coldAttempt: Int?
            package var conversationType: String?
        }

        package var id: String?
        package var recipientID: String?
        package var campaign: Campaign?
    }
}

/// The telephone side of a conversation.
package struct PhoneCall: Sendable, Hashable {
    package var kind: PhoneCallKind?
    package var direction: CallDirection?
    package var phoneNumberID: String?

    /// Ours, whatever the direction; as received.
    package var agentNumber: String?

    /// The other party's, whatever the direction; as received: withheld and odd ones included.
    package var externalNumber: String?
    package var result: CallResult?

    /// Twilio's and Exotel's id, and the SIP trunk's.
    package var callSID: String?

    /// Twilio's and Exotel's media stream.
    package var streamSID: String?

    /// The SIP trunk's own call id.
    package var callID: String?
    package var sipHeaders: [String: String]

    /// The number that called; nil when the direction is not known.
    package var callingNumber: String? {
        switch direction {
        case .inbound?: externalNumber
        case .outbound?: agentNumber
        default: nil
        }
    }

    /// The number that was called; nil when the direction is not known.
    package var calledNumber: String? {
        switch direction {
        case .inbound?: agentNumber
        case .outbound?: externalNumber
        default: nil
        }
    }
}

extension ConversationMetadata {
    init(fields: Fields) throws(RecordError) {
        self.init(
            startedUnix: try fields.startTime("start_time_unix_secs"),
            acceptedUnix: fields.integer("accepted_time_unix_secs").map(Int64.init),
            durationSeconds: fields.integer("call_duration_secs"),
            queueWaitSeconds: fields.number("queue_wait_secs"),
            cost: fields.integer("cost"),
            costFiat: fields.number("cost_fiat"),
            charging: fields.value("charging"),
            deletion: fields.fields("deletion_settings").map(Deletion.init(fields:)),
            feedback: fields.fields("feedback").map(Feedback.init(fields:)),
            authorizationMethod: fields.word("authorization_method"),
            phoneCall: fields.fields("phone_call").map(PhoneCall.init(fields:)),
            batchCall: fields.fields("batch_call").map(BatchCall.init(fields:)),
            terminationReason: fields.word("termination_reason"),
            failure: fields.fields("error").map {
                Failure(code: $0.integer("code"), reason: $0.word("reason"))
            },
            warnings: fields.texts("warnings"),
            mainLanguage: fields.word("main_language"),
            isTextOnly: fields.flag("text_only"),
            source: fields.open("conversation_initiation_source"),
            sourceVersion: fields.word("conversation_initiation_source_version"),
            timeZone: fields.word("timezone"),
            smsUserNumber: fields.fields("sms")?.word("sms_user_phone_number"),
            whatsAppUserID: fields.fields("whatsapp")?.word("whatsapp_user_id")
        )
    }
}

extension ConversationMetadata.Deletion {
    fileprivate init(fields: Fields) {
        self.init(
            plannedUnix: fields.integer("deletion_time_unix_secs").map(Int64.init),
            logsDeletedUnix: fields.integer("deleted_logs_at_time_unix_secs").map(Int64.init),
            audioDeletedUnix: fields.integer("deleted_audio_at_time_unix_secs").map(Int64.init),
            transcriptDeletedUnix: fields.integer("deleted_transcript_at_time_unix_secs")
                .map(Int64.init),
            deletesTranscript: fields.flag("delete_transcript_and_pii"),
            deletesAudio: fields.flag("delete_audio")
        )
    }
}

extension ConversationMetadata.Feedback {
    fileprivate init(fields: Fields) {
        self.init(
            kind: fields.word("type"),
            overallScore: fields.word("overall_score"),
            likes: fields.integer("likes"),
            dislikes: fields.integer("dislikes"),
            rating: fields.integer("rating"),
            comment: fields.word("comment")
        )
    }
}

extension ConversationMetadata.BatchCall {
    fileprivate init(fields: Fields) {
        self.init(
            id: fields.word("batch_call_id"),
            recipientID: fields.word("batch_call_recipient_id"),
            campaign: fields.fields("campaign").map {
                Campaign(
                    id: $0.word("campaign_id"),
                    leadID: $0.word("campaign_lead_id"),
                    coldAttempt: $0.integer("cold_attempt"),
                    conversationType: $0.word("conversation_type")
                )
            }
        )
    }
}

extension PhoneCall {
    fileprivate init(fields: Fields) {
        let headers = fields.members("sip_header_dynamic_variables").compactMap { member in
            if case .text(let text) = member.value { (member.name, text) } else { nil }
        }
        self.init(
            kind: fields.open("type"),
            direction: fields.open("direction"),
            phoneNumberID: fields.word("phone_number_id"),
            agentNumber: fields.word("agent_number"),
            externalNumber: fields.word("external_number"),
            result: fields.open("call_result"),
            callSID: fields.word("call_sid"),
            streamSID: fields.word("stream_sid"),
            callID: fields.word("call_id"),
            sipHeaders: Dictionary(headers, uniquingKeysWith: { _, last in last })
        )
    }
}
