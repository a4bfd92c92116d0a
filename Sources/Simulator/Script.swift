/// A tool that the agent uses during a conversation.
enum Tool: Sendable, Equatable {
    case checkAvailability, bookAppointment, cancelAppointment, lookUpPrice
    case transferToNumber, endCall, voicemailDetection, languageDetection

    var name: String {
        switch self {
        case .checkAvailability: "check_availability"
        case .bookAppointment: "book_appointment"
        case .cancelAppointment: "cancel_appointment"
        case .lookUpPrice: "look_up_price"
        case .transferToNumber: "transfer_to_number"
        case .endCall: "end_call"
        case .voicemailDetection: "voicemail_detection"
        case .languageDetection: "language_detection"
        }
    }

    /// System tools have a fixed identifier, the business's own ones an opaque one.
    var isSystem: Bool {
        switch self {
        case .checkAvailability, .bookAppointment, .cancelAppointment, .lookUpPrice: false
        case .transferToNumber, .endCall, .voicemailDetection, .languageDetection: true
        }
    }
}

/// One use of a tool.
struct ToolUse: Sendable, Equatable {
    let tool: Tool
    /// Joins the call and its result, which stand in different turns.
    let request: String
    let fails: Bool
    /// Whether the second slot of the filling is meant.
    let isOther: Bool
    let latency: Double
}

/// One turn of a conversation, before it is put into words.
struct Turn: Sendable {
    enum Content: Sendable, Equatable {
        /// A sentence: the act, and which of its wordings.
        case speech(Act, wording: Int)
        /// The recogniser heard something, but no words.
        case noise
        case toolCall(ToolUse)
        case toolResult(ToolUse)
        /// A picture that the user sent; without a message.
        case picture
    }

    let byAgent: Bool
    var content: Content
    var isInterrupted = false
    /// Seconds from the start of the conversation.
    var seconds = 0
}

/// The course of a conversation: who said and did what, and when.
struct Script: Sendable {
    var turns: [Turn]
    let filling: Filling
    let terminationReason: String

    /// Turns of the caller that hold words.
    var callerTurnsWithWords: Int {
        turns.count { turn in
            if case .speech = turn.content { !turn.byAgent } else { false }
        }
    }

    /// Turns of one side that have a text, be it only dots.
    func messages(byAgent: Bool) -> Int {
        turns.count { turn in
            switch turn.content {
            case .speech, .noise: turn.byAgent == byAgent
            case .toolCall, .toolResult, .picture: false
            }
        }
    }

    /// Tools in the order of their results.
    var toolResults: [ToolUse] {
        turns.compactMap { if case .toolResult(let use) = $0.content { use } else { nil } }
    }

    /// Whether the booking tool succeeded at least once.
    var hasBooked: Bool {
        toolResults.contains { $0.tool == .bookAppointment && !$0.fails }
    }

    /// The slot that was booked by tool or by a member of the staff.
    func bookedSlot(_ scenario: Scenario) -> Slot? {
        switch scenario {
        case .booking, .outboundBooking, .bookingByStaff: filling.first
        case .bookingRetried: filling.second
        default: nil
        }
    }
}
