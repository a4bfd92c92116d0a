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

        /// The index of words: what was there before it, and what is owed for texts that went.
        case texts

        /// How calls went that were there before it was kept: interruptions, and times to answer.
        case courses

        /// Numbers of recipients whose last touch is old enough.
        case recipientNumbers = "recipient-numbers"

        /// Gives calls the caller keys of the secret in force.
        case rekeyCalls = "rekey-calls"

        /// Gives recipients the caller keys of the secret in force.
        case rekeyRecipients = "rekey-recipients"

        /// Erasures of callers that were interrupted.
        case erasures

        /// Old outgoing events, and the log of their deliveries.
        case events

        /// Tells an endpoint of the events that wait for it; never part of retention.
        case deliver

        /// Passes a finished export on by one channel; never part of retention.
        case sendExport = "send-export"

        /// Checks the rules of the alerts; never part of retention.
        case alerts

        /// Mails what yesterday was; never part of retention.
        case digest

        /// What the database itself wants now and then.
        case database

        /// Whether it is one of those that `retention` starts.
        package var isRetention: Bool {
            ![.retention, .deliver, .sendExport, .alerts, .digest].contains(self)
        }
    }

    package var task: Task

    /// The last row that the jobs before have looked at.
    package var after: Int64

    /// Whom `deliver` tells; nil for every other task.
    package var endpoint: EndpointID?

    /// What `sendExport` passes on, and how; nil for every other task.
    package var export: ExportDelivery?

    package init(_ task: Task, after: Int64 = 0) {
        self.task = task
        self.after = after
    }

    /// Tells this endpoint of what waits for it.
    package init(deliveringTo endpoint: EndpointID) {
        self.init(.deliver)
        self.endpoint = endpoint
    }

    /// Passes this export on.
    package init(sending export: ExportDelivery) {
        self.init(.sendExport)
        self.export = export
    }

    package static let kind = JobKind.upkeep

    package init(taking fields: inout ArgumentFields) throws(ArgumentsError) {
        guard let task = try fields.word("task", as: Task.self) else {
            throw .missing(field: "task")
        }
        self.task = task
        after = try fields.integer("after") ?? 0
        endpoint = try fields.integer("endpoint").map { EndpointID($0) }
        guard (task == .deliver) == (endpoint != nil) else {
            throw .missing(field: task == .deliver ? "endpoint" : "task")
        }
        if task == .sendExport {
            guard let id = try fields.integer("export") else { throw .missing(field: "export") }
            let channel = try fields.word("by", as: ExportArguments.Channel.self)
            guard let channel else { throw .missing(field: "by") }
            export = ExportDelivery(export: id, channel: channel)
        }
    }

    package var fields: [String: StoredValue] {
        var fields: [String: StoredValue] = ["task": .text(task.rawValue)]
        if after > 0 { fields["after"] = .integer(after) }
        if let endpoint { fields["endpoint"] = .integer(endpoint.number) }
        if let export {
            fields["export"] = .integer(export.export)
            fields["by"] = .text(export.channel.rawValue)
        }
        return fields
    }
}

/// A finished export that is to be passed on by one channel.
package struct ExportDelivery: Hashable, Sendable {
    /// Its row in the store.
    package var export: Int64
    package var channel: ExportArguments.Channel

    package init(export: Int64, channel: ExportArguments.Channel) {
        self.export = export
        self.channel = channel
    }
}
