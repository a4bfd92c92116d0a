/// A value of a set that the upstream extends as it likes: unknown ones are kept as text.
package protocol OpenValue: RawRepresentable, Hashable, Sendable where RawValue == String {
    init(rawValue: String)
}

/// Where a conversation is in its life.
package struct ConversationStatus: OpenValue {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Dialling, not answered.
    package static let initiated = Self(rawValue: "initiated")
    package static let inProgress = Self(rawValue: "in-progress")

    /// Hung up, being analysed.
    package static let processing = Self(rawValue: "processing")
    package static let done = Self(rawValue: "done")
    package static let failed = Self(rawValue: "failed")

    /// What a record without a status gets; the upstream does not send it.
    package static let unknown = Self(rawValue: "unknown")

    /// Whether nothing more is to come but late ratings, tags and repeated analyses.
    package var isFinished: Bool { self == .done || self == .failed }
}

/// What a language model thought of a call or of one criterion: no business outcome.
package struct EvaluationResult: OpenValue {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let success = Self(rawValue: "success")
    package static let failure = Self(rawValue: "failure")
    package static let unknown = Self(rawValue: "unknown")
}

/// Who called whom, on the telephone.
package struct CallDirection: OpenValue {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let inbound = Self(rawValue: "inbound")
    package static let outbound = Self(rawValue: "outbound")
}

/// What the telephone network said of a call.
package struct CallResult: OpenValue {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let answered = Self(rawValue: "answered")
    package static let voicemail = Self(rawValue: "voicemail")
    package static let busy = Self(rawValue: "busy")
    package static let noAnswer = Self(rawValue: "no_answer")
    package static let failed = Self(rawValue: "failed")
}

/// Over which telephone connection a call came.
package struct PhoneCallKind: OpenValue {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let twilio = Self(rawValue: "twilio")
    package static let exotel = Self(rawValue: "exotel")
    package static let sipTrunking = Self(rawValue: "sip_trunking")
}

/// Who spoke.
package struct TurnRole: OpenValue {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let user = Self(rawValue: "user")
    package static let agent = Self(rawValue: "agent")
}

/// Where a conversation was started from: `twilio`, `sip_trunk`, `widget`, and many more.
package struct InitiationSource: OpenValue {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let widget = Self(rawValue: "widget")
    package static let twilio = Self(rawValue: "twilio")
    package static let exotel = Self(rawValue: "exotel")
    package static let sipTrunk = Self(rawValue: "sip_trunk")
}
