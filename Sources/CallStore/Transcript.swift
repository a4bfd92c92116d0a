/// One turn of a conversation.
package struct Turn: Hashable, Sendable {
    package enum Speaker: String, Sendable, Codable {
        /// Upstream's `user`: the other party, whoever called.
        case caller
        case agent
    }

    package var speaker: Speaker

    /// What was said; nil in a turn that only holds tool calls or results.
    package var message: String?

    /// Whole seconds from the start of the call.
    package var secondsIn: Int
    package var wasInterrupted: Bool
    package var toolCalls: [ToolCall]
    package var toolResults: [ToolResult]

    package init(
        speaker: Speaker,
        message: String?,
        secondsIn: Int,
        wasInterrupted: Bool = false,
        toolCalls: [ToolCall] = [],
        toolResults: [ToolResult] = []
    ) {
        self.speaker = speaker
        self.message = message
        self.secondsIn = secondsIn
        self.wasInterrupted = wasInterrupted
        self.toolCalls = toolCalls
        self.toolResults = toolResults
    }

    /// Whether anything was said in it.
    package var hasWords: Bool {
        message?.contains { !$0.isWhitespace } ?? false
    }
}

/// A tool that the agent called.
package struct ToolCall: Hashable, Sendable, Codable {
    /// Joins the call with its result, which stands in another turn.
    package var requestID: String
    package var name: String

    /// Upstream's word, such as `webhook`, `client`, `system` or `mcp`.
    package var kind: String?

    /// The arguments: JSON text, as received.
    package var arguments: String
    package var wasCalled: Bool

    package init(
        requestID: String,
        name: String,
        kind: String?,
        arguments: String,
        wasCalled: Bool
    ) {
        self.requestID = requestID
        self.name = name
        self.kind = kind
        self.arguments = arguments
        self.wasCalled = wasCalled
    }
}

/// What a tool answered.
package struct ToolResult: Hashable, Sendable, Codable {
    package var requestID: String
    package var name: String
    package var kind: String?

    /// The answer as received, often JSON text.
    package var value: String
    package var isError: Bool
    package var wasCalled: Bool

    package init(
        requestID: String,
        name: String,
        kind: String?,
        value: String,
        isError: Bool,
        wasCalled: Bool
    ) {
        self.requestID = requestID
        self.name = name
        self.kind = kind
        self.value = value
        self.isError = isError
        self.wasCalled = wasCalled
    }
}
