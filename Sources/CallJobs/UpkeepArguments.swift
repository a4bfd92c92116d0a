package import CallStore

/// What an `upkeep` job is to tidy: `{"task":"retention"}`, with `"after"` where a walk through rows
/// goes on.
package struct UpkeepArguments: JobArguments {
    package enum Task: String, Sendable, CaseIterable {
        /// Starts every other one.
        case retention

        /// Raw bodies of list rows, details and webhooks that are old enough.
        case rawBodies = "raw-bodies"

        /// Webhooks of the inbox that are done or dead for long enough, and what pages reported of
        /// conversations that the upstream never had.
        case inbox

        /// Export files that have expired, and files that no row names.
        case exports

        /// Ledger rows beyond any redelivery, and outbox rows of the same age.
        case ledger

        /// Jobs of the index of which nothing was heard for long.
        case jobs

        /// Numbers of callers whose calls are old enough.
        case numbers

        /// Transcripts and summaries of calls that are old enough.
        case transcripts

        /// Numbers of recipients whose last touch is old enough.
        case recipientNumbers = "recipient-numbers"

        /// Gives calls the caller keys of the secret in force.
        case rekeyCalls = "rekey-calls"

        /// Gives recipients the caller keys of the secret in force.
        case rekeyRecipients = "rekey-recipients"

        /// Erasures of callers that were interrupted.
        case erasures

        /// What the database itself wants now and then.
        case database
    }

    package var task: Task

    /// The last row that the jobs before have looked at.
    package var after: Int64

    package init(_ task: Task, after: Int64 = 0) {
        self.task = task
        self.after = after
    }

    package static let kind = JobKind.upkeep

    package init(taking fields: inout ArgumentFields) throws(ArgumentsError) {
        guard let task = try fields.word("task", as: Task.self) else {
            throw .missing(field: "task")
        }
        self.task = task
        after = try fields.integer("after") ?? 0
    }

    package var fields: [String: StoredValue] {
        var fields: [String: StoredValue] = ["task": .text(task.rawValue)]
        if after > 0 { fields["after"] = .integer(after) }
        return fields
    }
}
