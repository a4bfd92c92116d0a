/// Everything known of one conversation from one reading of it, to be recorded.
///
/// What a reading does not know is nil and never erases what an earlier one knew.
package struct CallRecord: Hashable, Sendable {
    /// Where a reading comes from.
    package enum Source: String, Sendable, Codable {
        case list
        case detail
        case webhook

        /// The webhook of an outbound call that never came to be.
        case initiationFailure = "initiation-failure"
    }

    package var identity: CallIdentity
    package var source: Source

    /// Of when the upstream's answer is, Unix milliseconds: when it was asked, or when the event of
    /// a webhook happened, however late that came in.
    package var fetchedAtMilliseconds: Int64

    /// When the webhook that told of the call came in, in Unix milliseconds.
    ///
    /// Nil for what was asked for, and of a stored call.
    package var deliveredMilliseconds: Int64?

    /// Digest of the list row that this reading was made for; nil leaves the stored one.
    package var listFingerprint: String?

    package var agentID: String
    package var agentName: String?
    package var branchID: String?
    package var versionID: String?
    package var status: CallStatus

    /// Start of the call, Unix seconds; nil only where an event does not tell it.
    package var startedUnix: Int64?
    package var acceptedUnix: Int64?
    package var durationSeconds: Int?
    package var channel: CallChannel?
    package var direction: CallDirection?
    package var agentNumber: PartyNumber?

    /// The other party, whoever called.
    package var caller: PartyNumber?
    package var phoneNumberID: String?

    /// Upstream's `phone_call.call_result` or the failure's reason, as received.
    package var callResult: String?
    package var terminationReason: String?
    package var errorReason: String?

    /// Upstream's `success`, `failure`, `unknown`; nil while it has not been analysed.
    package var callSuccessful: String?
    package var successScore: Double?
    package var summary: String?
    package var title: String?
    package var criteria: [CriterionResult]?
    package var collected: [CollectedValue]?
    package var sentiment: String?
    package var rating: Double?
    package var feedbackComment: String?

    package var messageCount: Int?
    package var callerMessageCount: Int?
    package var agentMessageCount: Int?

    /// How long the agent took for each answer that the upstream measured, in order.
    package var responseMilliseconds: [Int]?
    package var costCredits: Int64?
    package var costDollars: Double?
    package var language: String?
    package var initiationSource: String?
    package var userID: String?
    package var isTextOnly: Bool?
    package var tags: [String]?
    package var toolNames: [String]?

    package var batchCallID: String?
    package var batchRecipientID: String?
    package var upstreamCampaignID: String?
    package var upstreamLeadID: String?
    package var dynamicVariables: [String: StoredValue]?

    /// When the upstream will delete or has deleted its copy, Unix seconds.
    package var deletionUnix: Int64?
    package var transcriptDeletedUnix: Int64?

    /// The turns; nil when the reading has none to tell of.
    package var transcript: [Turn]?

    /// The least that a reading must know; everything else is set afterwards.
    package init(
        identity: CallIdentity,
        source: Source,
        fetchedAtMilliseconds: Int64,
        agentID: String,
        status: CallStatus
    ) {
        self.identity = identity
        self.source = source
        self.fetchedAtMilliseconds = fetchedAtMilliseconds
        self.agentID = agentID
        self.status = status
    }
}

/// Where a conversation stands upstream; a word that is not known yet is kept.
package struct CallStatus: Hashable, Sendable, Codable {
    /// Upstream's word.
    package let word: String

    package init(_ word: String) {
        self.word = word
    }

    package init(from decoder: any Decoder) throws {
        word = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(word)
    }

    package static let initiated = Self("initiated")
    package static let inProgress = Self("in-progress")
    package static let processing = Self("processing")
    package static let done = Self("done")
    package static let failed = Self("failed")

    /// Whether nothing more is to come but corrections.
    package var isFinal: Bool { self == .done || self == .failed }

    /// How far along it is; a lower rank never overwrites a higher one.
    ///
    /// A word we do not know counts as under way: it may be followed by any known end.
    package var rank: Int {
        switch self {
        case .initiated: 0
        case .processing: 2
        case .done, .failed: 3
        default: 1
        }
    }
}

/// Who dialled.
package enum CallDirection: String, Sendable, Codable {
    case inbound
    case outbound
}

/// What a conversation ran over.
package enum CallChannel: String, Sendable, Codable {
    /// It has a telephone leg: what the product counts as a call.
    case phone

    /// Voice in a browser or an app.
    case voice

    /// Text only.
    case text
}

/// The upstream's verdict on one of the agent's criteria.
package struct CriterionResult: Hashable, Sendable, Codable {
    package var id: String

    /// `success`, `failure`, `unknown`, or a word that is not known yet.
    package var result: String
    package var rationale: String?
    package var score: Double?
    package var scoreMax: Double?

    package init(
        id: String,
        result: String,
        rationale: String? = nil,
        score: Double? = nil,
        scoreMax: Double? = nil
    ) {
        self.id = id
        self.result = result
        self.rationale = rationale
        self.score = score
        self.scoreMax = scoreMax
    }
}

/// A value that the upstream drew from the conversation.
package struct CollectedValue: Hashable, Sendable, Codable {
    package var id: String

    /// `.null` when it was not found.
    package var value: StoredValue
    package var rationale: String?

    package init(id: String, value: StoredValue, rationale: String? = nil) {
        self.id = id
        self.value = value
        self.rationale = rationale
    }
}

/// What recording a reading did.
package struct Recorded: Hashable, Sendable {
    package enum Change: Hashable, Sendable {
        case inserted
        case changed

        /// The store knew all of it.
        case unchanged

        /// The store has a newer state; nothing was overwritten.
        case older
    }

    package var call: CallID
    package var change: Change
    package var revision: CallRevision

    package init(call: CallID, change: Change, revision: CallRevision) {
        self.call = call
        self.change = change
        self.revision = revision
    }

    /// Whether there is something new to attribute and judge.
    package var isNews: Bool { change == .inserted || change == .changed }
}
