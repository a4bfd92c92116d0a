package import Foundation

/// What a webhook is about; unknown types are kept.
package struct WebhookType: OpenValue {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let transcription = Self(rawValue: "post_call_transcription")
    package static let audio = Self(rawValue: "post_call_audio")
    package static let initiationFailure = Self(rawValue: "call_initiation_failure")
}

/// A webhook's body, read.
package struct WebhookEnvelope: Sendable, Hashable {
    package enum Content: Sendable, Hashable {
        case transcription(ConversationDetail)
        case audio(WebhookAudio)
        case initiationFailure(InitiationFailure)

        /// A type that we do not know, or do not need to.
        case other

        /// A known type whose data make no sense.
        case unreadable(field: String, fault: RecordError.Fault)
    }

    package var type: WebhookType

    /// Unix seconds; nil when it is not there.
    package var eventUnix: Int64?

    /// Of the conversation that it is about, whatever the type.
    package var conversationID: String?
    package var agentID: String?
    package var content: Content
}

/// A recording, sent on its own.
package struct WebhookAudio: Sendable, Hashable {
    /// The MP3 in base64, as received.
    package var base64: String

    /// The MP3; nil when it is no base64.
    package var bytes: Data? { Data(base64Encoded: base64, options: .ignoreUnknownCharacters) }
}

/// An outbound call that never connected.
package struct InitiationFailure: Sendable, Hashable {
    package var conversationID: String
    package var agentID: String?

    /// `busy`, `no-answer` or `unknown`, as received: with a hyphen.
    package var reason: String?

    /// `twilio` or `sip`.
    package var kind: String?
    package var fromNumber: String?
    package var toNumber: String?
    package var callSID: String?
    package var sipStatusCode: Int?
    package var errorReason: String?

    /// The reason in the words of `PhoneCall.result`.
    package var result: CallResult? {
        switch reason {
        case nil: nil
        case "no-answer", "no_answer": .noAnswer
        case "busy": .busy
        default: .failed
        }
    }
}

extension WebhookEnvelope {
    /// Reads a body whose signature holds.
    ///
    /// - Throws: `JSONError` when the bytes are no JSON, `RecordError` when they are no envelope.
    package init(_ body: [UInt8]) throws {
        let value = try JSONParser.parse(body)
        guard let fields = Fields(value, oddities: Fields.Oddities()) else {
            throw RecordError(field: "", fault: .notAnObject)
        }
        let data = fields.fields("data")
        let type = WebhookType(rawValue: try fields.id("type"))
        self.init(
            type: type,
            // One of the vendor's tables calls it a text.
            eventUnix: fields.integer("event_timestamp").map(Int64.init),
            conversationID: data?.word("conversation_id"),
            agentID: data?.word("agent_id"),
            content: Self.content(type, data: value["data"])
        )
    }

    private static func content(_ type: WebhookType, data: JSONValue?) -> Content {
        do throws(RecordError) {
            switch type {
            case .transcription:
                return .transcription(try ConversationDetail(json: data ?? .null))
            case .audio:
                return .audio(try WebhookAudio(json: data))
            case .initiationFailure:
                return .initiationFailure(try InitiationFailure(json: data))
            default:
                return .other
            }
        } catch {
            return .unreadable(field: error.field, fault: error.fault)
        }
    }
}

extension WebhookAudio {
    fileprivate init(json value: JSONValue?) throws(RecordError) {
        guard let fields = Fields(value, path: "data.", oddities: Fields.Oddities()),
            let base64 = fields.text("full_audio")
        else { throw RecordError(field: "data.full_audio", fault: .missing) }
        self.init(base64: base64)
    }
}

extension InitiationFailure {
    fileprivate init(json value: JSONValue?) throws(RecordError) {
        guard let fields = Fields(value, path: "data.", oddities: Fields.Oddities()) else {
            throw RecordError(field: "data", fault: .missing)
        }
        let metadata = fields.fields("metadata")
        let body = metadata?.fields("body")
        self.init(
            conversationID: try fields.id("conversation_id"),
            agentID: fields.word("agent_id"),
            reason: fields.word("failure_reason"),
            kind: metadata?.word("type"),
            // SIP's names, then those of Twilio's status callback.
            fromNumber: body?.word("from_number") ?? body?.word("From"),
            toNumber: body?.word("to_number") ?? body?.word("To"),
            callSID: body?.word("call_sid") ?? body?.word("CallSid"),
            sipStatusCode: body?.integer("sip_status_code") ?? body?.integer("SipResponseCode"),
            errorReason: body?.word("error_reason")
        )
    }
}
