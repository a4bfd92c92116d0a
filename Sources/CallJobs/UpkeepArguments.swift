package import CallStore

/// What an `upkeep` job is to tidy: `{"task":"retention"}`.
package struct UpkeepArguments: JobArguments {
    package enum Task: String, Sendable, CaseIterable {
        /// Starts every other one.
        case retention

        /// Raw bodies of list rows, details and webhooks that are old enough.
        case rawBodies = "raw-bodies"

        /// Webhooks of the inbox that are done or dead for long enough.
        case inbox

        /// Export files that have expired, and files that no row names.
        case exports

        /// Ledger rows beyond any redelivery, and outbox rows of the same age.
        case ledger

        /// Jobs of the index of which nothing was heard for long.
        case jobs

        /// What the database itself wants now and then.
        case database
    }

    package var task: Task

    package init(_ task: Task) {
        self.task = task
    }

    package static let kind = JobKind.upkeep

    package init(taking fields: inout ArgumentFields) throws(ArgumentsError) {
        guard let task = try fields.word("task", as: Task.self) else {
            throw .missing(field: "task")
        }
        self.task = task
    }

    package var fields: [String: StoredValue] { ["task": .text(task.rawValue)] }
}
