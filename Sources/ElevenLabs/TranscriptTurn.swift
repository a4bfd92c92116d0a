/// One turn of a conversation.
package struct TranscriptTurn: Sendable, Hashable {
    package var role: TurnRole

    /// Nil in turns that only use a tool.
    package var message: String?

    /// What was about to be said before an interruption cut it.
    package var originalMessage: String?
    package var isInterrupted: Bool

    /// A sound of listening that the platform did not take for a turn.
    package var isBackchannel: Bool

    /// Whole seconds from the start of the call.
    package var secondsIntoCall: Int?
    package var sourceMedium: String?

    /// The agent that spoke; nil in the user's turns.
    package var agentID: String?
    package var toolCalls: [ToolCall]
    package var toolResults: [ToolResult]

    /// How long the agent took to answer; nil where it was not measured.
    package var responseMilliseconds: Int?
}

/// A tool that the agent asked for; its result has the same request id and stands in another
/// turn.
package struct ToolCall: Sendable, Hashable {
    package var requestID: String?
    package var name: String
    package var kind: String?

    /// A JSON document, as text.
    package var parameters: String?
    package var wasCalled: Bool
}

/// What a tool answered.
package struct ToolResult: Sendable, Hashable {
    package var requestID: String?
    package var name: String
    package var kind: String?

    /// Often a JSON document, as text.
    package var value: String?

    /// For system tools: `transfer_to_number_twilio_success` and the like.
    package var resultType: String?
    package var isError: Bool
    package var isBlocked: Bool
    package var wasCalled: Bool
    package var latencySeconds: Double?
    package var errorType: String?
    package var errorMessage: String?
}

extension TranscriptTurn {
    init(fields: Fields) {
        self.init(
            role: fields.open("role") ?? TurnRole(rawValue: "unknown"),
            message: fields.word("message"),
            originalMessage: fields.word("original_message"),
            isInterrupted: fields.flag("interrupted") ?? false,
            isBackchannel: fields.flag("ignored_as_backchannel") ?? false,
            secondsIntoCall: fields.integer("time_in_call_secs"),
            sourceMedium: fields.word("source_medium"),
            agentID: fields.fields("agent_metadata")?.word("agent_id"),
            toolCalls: fields.rows("tool_calls").compactMap(ToolCall.init(fields:)),
            toolResults: fields.rows("tool_results").compactMap(ToolResult.init(fields:)),
            responseMilliseconds: fields.fields("conversation_turn_metrics")?.responseMilliseconds
        )
    }
}

extension Fields {
    /// What the measurements of a turn say of the agent's answer.
    ///
    /// From the caller's silence to the first sound where the upstream measured that; else what
    /// the model and the voice took for their first part. The measurements stand under `metrics`
    /// or, in older records, by themselves.
    fileprivate var responseMilliseconds: Int? {
        let metrics = contains("metrics") ? fields("metrics") : self
        func seconds(_ name: String) -> Double? {
            metrics?.fields(name)?.number("elapsed_time")
        }
        let model = seconds("convai_llm_service_ttf_sentence") ?? seconds("convai_llm_service_ttfb")
        let parts = model.map { $0 + (seconds("convai_tts_service_ttfb") ?? 0) }
        guard let time = seconds("convai_ttf_audio_since_silence") ?? parts,
            (0...Self.responseSecondsMax).contains(time)
        else { return nil }
        return Int((time * 1_000).rounded())
    }

    /// What is longer is no answer: the upstream ends a silent call before that.
    private static var responseSecondsMax: Double { 600 }
}

extension ToolCall {
    fileprivate init?(fields: Fields) {
        guard let name = fields.word("tool_name") else {
            fields.oddities.note("transcript.tool_calls.tool_name")
            return nil
        }
        self.init(
            requestID: fields.word("request_id"),
            name: name,
            kind: fields.word("type"),
            parameters: fields.document("params_as_json"),
            wasCalled: fields.flag("tool_has_been_called") ?? true
        )
    }
}

extension ToolResult {
    fileprivate init?(fields: Fields) {
        guard let name = fields.word("tool_name") else {
            fields.oddities.note("transcript.tool_results.tool_name")
            return nil
        }
        self.init(
            requestID: fields.word("request_id"),
            name: name,
            kind: fields.word("type"),
            value: fields.document("result_value"),
            resultType: fields.fields("result")?.word("result_type"),
            isError: fields.flag("is_error") ?? false,
            isBlocked: fields.flag("is_blocked") ?? false,
            wasCalled: fields.flag("tool_has_been_called") ?? true,
            latencySeconds: fields.number("tool_latency_secs"),
            errorType: fields.word("error_type"),
            errorMessage: fields.word("raw_error_message")
        )
    }
}

extension Fields {
    /// A text, or any other value as its JSON text.
    fileprivate func document(_ name: String) -> String? {
        switch value(name) {
        case nil: nil
        case .text(let text): text
        case let value?: value.json
        }
    }
}
