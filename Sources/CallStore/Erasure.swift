package import PhoneNumbers

/// Names one erasure of a caller.
package struct ErasureID: Hashable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) {
        self.number = number
    }

    package var description: String { String(number) }
}

/// The erasure of one caller, and how far it is.
package struct Erasure: Hashable, Sendable {
    /// What is to be done next; each step may be repeated.
    package enum Step: String, Sendable, CaseIterable, Codable {
        /// Numbers, transcripts, summaries, decisions' evidence, recipients.
        case content

        /// Bodies as they came, the job index, dead jobs in the queues.
        case copies

        /// Jobs that ask the upstream to delete its conversations.
        case upstream

        /// Export files that name the caller; the number is forgotten after it.
        case files

        /// The pages and the log of the database.
        case database
        case done
    }

    package var id: ErasureID

    /// Readable; nil once no step needs it.
    package var caller: CallerIdentity?

    /// `caller:` and the beginning of the caller key, as the audit log names the caller.
    package var object: String
    package var person: String
    package var step: Step
    package var requestedMilliseconds: Int64
    package var finishedMilliseconds: Int64?
    package var report: ErasureReport

    /// How many of its conversations the upstream was asked to delete and has not yet answered.
    package var upstreamWaiting: Int
}

/// What an erasure removed, in numbers; nothing in it points to a person.
package struct ErasureReport: Hashable, Sendable, Codable {
    package var calls = 0
    package var recipients = 0

    /// Raw bodies and webhooks of the inbox.
    package var bodies = 0
    package var deadJobs = 0

    /// Names of export files that were removed.
    package var files: [String] = []

    /// Conversations whose deletion the upstream was asked for.
    package var upstream = 0

    /// Who was given data that may have named the caller, to be told of the erasure.
    package var sentTo: [DataRecipient] = []

    package init() {}
}

/// Somebody who was given data of a caller.
package struct DataRecipient: Hashable, Sendable, Codable {
    /// `export` for a file of an export, `caller-export` for the caller's own data.
    package var kind: String

    /// Who asked for it.
    package var person: String
    package var atMilliseconds: Int64

    /// The file's name, or what the audit log says of it.
    package var what: String

    package init(kind: String, person: String, atMilliseconds: Int64, what: String) {
        self.kind = kind
        self.person = person
        self.atMilliseconds = atMilliseconds
        self.what = what
    }
}

/// What the upstream said when it was asked to delete a conversation.
package enum UpstreamDeletion: String, Sendable, Codable {
    case waiting
    case deleted

    /// It had it no more.
    case gone

    /// It will not, whatever is tried.
    case refused
}
