/// A conversation as front ends know it: the upstream's, or what a page reported of one.
package struct Conversation: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, Codable, CaseIterable {
        case active
        case completed
        case abandoned
    }

    package var id: String
    package var agentID: String
    package var userID: String?
    package var startedUnix: Int64
    package var endedUnix: Int64?
    package var durationSeconds: Int?
    package var messages: Int
    package var state: State
    package var metadata: [String: StoredValue]?

    package init(
        id: String,
        agentID: String,
        userID: String? = nil,
        startedUnix: Int64,
        endedUnix: Int64? = nil,
        durationSeconds: Int? = nil,
        messages: Int = 0,
        state: State,
        metadata: [String: StoredValue]? = nil
    ) {
        self.id = id
        self.agentID = agentID
        self.userID = userID
        self.startedUnix = startedUnix
        self.endedUnix = endedUnix
        self.durationSeconds = durationSeconds
        self.messages = messages
        self.state = state
        self.metadata = metadata
    }

    /// After this time a reported conversation that nobody ended counts as abandoned.
    package static let abandonedAfterSeconds: Int64 = 2 * 3_600
}

/// Where a list of conversations, newest first, goes on.
package struct ConversationCursor: Hashable, Sendable {
    package var startedUnix: Int64

    /// Of conversations that began in the same second, the upstream's come first.
    package var isUpstream: Bool
    package var id: Int64

    package init(startedUnix: Int64, isUpstream: Bool, id: Int64) {
        self.startedUnix = startedUnix
        self.isUpstream = isUpstream
        self.id = id
    }
}

/// A page of conversations, newest first.
package struct ConversationListPage: Hashable, Sendable {
    package var conversations: [Conversation]

    /// Nil after the last page.
    package var next: ConversationCursor?
}

/// Something that was said.
package struct ConversationMessage: Hashable, Sendable {
    package var isOfCaller: Bool
    package var text: String
    package var atUnix: Int64
}

/// All conversations in a few numbers, those that only pages reported among them.
package struct ConversationFigures: Hashable, Sendable {
    package struct Day: Hashable, Sendable {
        package var day: LocalDay
        package var count: Int
    }

    package struct Agent: Hashable, Sendable {
        package var id: String
        package var count: Int
    }

    package var total = 0
    package var seconds = 0

    /// Conversations that lasted at all.
    package var lasted = 0
    package var states: [Conversation.State: Int] = [:]

    /// Days of the report zone, the earliest first.
    package var days: [Day] = []

    /// Those with the most conversations first.
    package var agents: [Agent] = []
    package var ratings = 0
    package var ratingSum = 0.0
}

/// What somebody says of a conversation; what is nil is not said.
package struct ConversationReport: Hashable, Sendable {
    package var id: String
    package var agentID: String?
    package var userID: String?
    package var startedUnix: Int64?
    package var endedUnix: Int64?
    package var durationSeconds: Int?
    package var messages: Int?
    package var state: Conversation.State?
    package var metadata: [String: StoredValue]?

    package init(id: String) {
        self.id = id
    }
}

/// What became of a report.
package enum TrackingOutcome: Hashable, Sendable {
    case created
    case changed

    /// The upstream has this conversation, or it was erased here: nothing was written.
    case leftAlone

    /// Nobody has reported this conversation, and the report lacks its agent or its start.
    case incomplete

    /// It would end before it begins.
    case endsTooEarly
}
