/// What a conversation is about.
package enum Scenario: String, Sendable, CaseIterable {
    case booking
    /// The first slot is taken when the tool is called; the second one works.
    case bookingRetried = "booking_retried"
    /// A person takes over and books; no tool of ours does.
    case bookingByStaff = "booking_by_staff"
    case failedBooking = "failed_booking"
    case priceQuestion = "price_question"
    case openingHours = "opening_hours"
    case cancellation
    case wrongNumber = "wrong_number"
    case complaint
    case silentCaller = "silent_caller"
    case hangUp = "hang_up"
    case transferred
    case voicemail
    case noAnswer = "no_answer"
    case busy
    case notInterested = "not_interested"
    case outboundBooking = "outbound_booking"
    case callbackRequested = "callback_requested"
}

/// How the conversation reached the agent.
package enum Channel: Sendable, Equatable {
    case phone(Carrier, outbound: Bool, batch: Bool)
    case widget
    case text
    case whatsapp
    case sms

    package var isPhone: Bool {
        if case .phone = self { true } else { false }
    }

    package var isOutbound: Bool {
        if case .phone(_, outbound: true, _) = self { true } else { false }
    }

    var isTextOnly: Bool {
        switch self {
        case .phone, .widget: false
        case .text, .whatsapp, .sms: true
        }
    }
}

/// The other party of a conversation.
package enum Party: Sendable, Equatable {
    /// Somebody on a campaign's list.
    case recipient(Int)
    case stranger(Int)
    /// A caller who withheld the number; the text that arrives in its place.
    case withheld(String)
    /// A visitor of the web page.
    case visitor(String)
}

/// How the conversation comes to its end.
package enum Ending: Sendable, Equatable {
    case done
    /// Broke off with an error after this share of the script.
    case failed(after: Double)
    /// Nobody picked up.
    case unanswered
    case neverFinishes
}

/// What of a finished conversation can still be read.
package enum Privacy: Sendable, Equatable {
    case kept, transcriptDeleted, zeroRetention
}

/// Everything that is decided about a call, before a word of it is rendered.
package struct CallPlan: Sendable {
    package let index: Int
    package let identifier: String
    package let start: Int
    package let agent: Int
    package let line: Int?
    package let channel: Channel
    package let party: Party
    package let scenario: Scenario
    package let language: Language
    package let ending: Ending
    package let privacy: Privacy
    /// Seconds until the call is picked up.
    let ring: Int
    /// Seconds of conversation.
    package let talk: Int
    /// Seconds of analysis after hanging up.
    let processing: Int

    /// When the conversation is picked up.
    var accepted: Int { start + ring }
    /// When the parties hang up.
    var ended: Int { accepted + talk }
    /// When the record takes its last form; nil if it never does.
    package var finished: Int? {
        switch ending {
        case .done, .failed: ended + processing
        case .unanswered: start + ring
        case .neverFinishes: nil
        }
    }

    /// The status as of a moment.
    package func status(at now: Int) -> CallStatus {
        switch ending {
        case .unanswered:
            return now < start + ring ? .initiated : .failed
        case .neverFinishes:
            return now < accepted ? .initiated : .inProgress
        case .done, .failed:
            if now < accepted { return .initiated }
            if now < ended { return .inProgress }
            if now < ended + processing { return .processing }
            return ending == .done ? .done : .failed
        }
    }
}

package enum CallStatus: String, Sendable, CaseIterable {
    case initiated
    case inProgress = "in-progress"
    case processing
    case done
    case failed

    package var isFinal: Bool { self == .done || self == .failed }
}
