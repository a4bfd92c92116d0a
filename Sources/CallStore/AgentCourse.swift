/// Why a conversation ended: classes of the upstream's free text.
package enum CallEnding: String, Sendable, CaseIterable {
    case callerHungUp = "caller-hung-up"
    case agentEnded = "agent-ended"
    case voicemail
    case clientLeft = "client-left"
    case longest
    case silent
    case unsaid
    case other

    /// Known texts are told by how they begin: some go on with a code.
    private static let known: [(start: String, ending: CallEnding)] = [
        ("call ended by remote party", .callerHungUp), ("end_call tool", .agentEnded),
        ("voicemail_detection tool", .voicemail), ("client disconnected", .clientLeft),
        ("max duration", .longest), ("max inactive", .silent),
    ]

    package init(_ text: String?) {
        guard let text = text?.lowercased(), !text.isEmpty else {
            self = .unsaid
            return
        }
        self = Self.known.first { text.hasPrefix($0.start) }?.ending ?? .other
    }

    /// A few words, for people.
    package var label: String {
        switch self {
        case .callerHungUp: "caller hung up"
        case .agentEnded: "agent ended it"
        case .voicemail: "voicemail"
        case .clientLeft: "browser left"
        case .longest: "longest duration"
        case .silent: "silence"
        case .unsaid: "not said"
        case .other: "other"
        }
    }
}

/// How long agents took to answer; counts by millisecond, so that parts add up.
package struct ResponseTimes: Hashable, Sendable {
    private var counts: [Int: Int] = [:]

    /// Answers that were measured.
    package private(set) var total = 0

    package init() {}

    package mutating func add(_ milliseconds: Int) {
        counts[milliseconds, default: 0] += 1
        total += 1
    }

    /// The time that such a share of the answers does not exceed, by nearest rank; nil of none.
    package func percentile(_ share: Double) -> Int? {
        guard total > 0 else { return nil }
        let rank = max(1, Int((Double(total) * share).rounded(.up)))
        var below = 0
        for (time, count) in counts.sorted(by: { $0.key < $1.key }) {
            below += count
            if below >= rank { return time }
        }
        return nil
    }

    package static func + (left: ResponseTimes, right: ResponseTimes) -> ResponseTimes {
        var sum = left
        sum.counts.merge(right.counts, uniquingKeysWith: +)
        sum.total += right.total
        return sum
    }
}

/// How calls of one version of an agent went.
package struct AgentCourse: Hashable, Sendable {
    package var agentID: String

    /// Nil where the upstream names none.
    package var versionID: String?
    package var figures = CallFigures()

    /// Calls whose transcript tells of interruptions, those with any, and how many.
    package var heard = 0
    package var interrupted = 0
    package var interruptions = 0
    package var responses = ResponseTimes()
    package var endings: [CallEnding: Int] = [:]

    /// Whether there are more calls in the range than were read.
    package var isPartial = false

    package init(agentID: String, versionID: String? = nil) {
        self.agentID = agentID
        self.versionID = versionID
    }

    /// Nil without a call whose transcript is known.
    package var interruptionsPerCall: Double? {
        heard == 0 ? nil : Double(interruptions) / Double(heard)
    }

    /// Of the left one's agent and version.
    package static func + (left: AgentCourse, right: AgentCourse) -> AgentCourse {
        var sum = left
        sum.figures = left.figures + right.figures
        sum.heard += right.heard
        sum.interrupted += right.interrupted
        sum.interruptions += right.interruptions
        sum.responses = left.responses + right.responses
        sum.endings.merge(right.endings, uniquingKeysWith: +)
        sum.isPartial = left.isPartial || right.isPartial
        return sum
    }
}
