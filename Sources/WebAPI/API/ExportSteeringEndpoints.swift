import Ambient
import CallJobs
import CallStore
import Hummingbird
import JobQueue
import Reports

/// Exports without a file yet: ended, and resumed after they were given up.
enum ExportSteeringEndpoints {
    static var all: [Endpoint] { [cancel, resume] }

    /// The export's job where the queue holds it.
    private static func find(
        _ ask: Ask
    ) async throws -> (queue: any WebQueue, record: JobRecord) {
        let id = try ExportEndpoints.id(of: ask)
        let queue = try QueueEndpoints.find(JobKind.export.queue.text, ask)
        guard let record = try await queue.job(id) else {
            throw APIError(.notFound, "No such export waits, runs or was given up.")
        }
        return (queue, record)
    }

    private static let cancel = Endpoint(
        method: .post,
        path: "/api/v1/exports/{id}/cancel",
        summary: "End an export that waits or runs.",
        answer: .fields(("cancelled", .bool))
    ) { ask in
        let (queue, record) = try await find(ask)
        guard record.state != .dead else {
            throw APIError(.conflict, "It was given up already; it can be resumed.")
        }
        let job = record.job
        let count = try await queue.cancel([job.id], by: ask.person)
        let notes = JobNotes(
            .cancelled,
            [(job.id, queue.name.text)],
            by: ask.person,
            reason: "cancel asked for",
            at: ask.parts.ambient.now()
        )
        let entry = LedgerEntry(
            id: job.id,
            kind: job.kind,
            worker: try WorkerID("operator"),
            fence: 0,
            attempt: job.attempt
        )
        // One that runs ends by its worker, or wins with its file.
        let ended = record.state == .running ? [] : [entry]
        try await ask.parts.store.write { writer in
            try writer.end(ended)
            try writer.mark(notes.marks)
            for note in notes.audit { try writer.audit(note) }
        }
        return .json(.fields(("cancelled", .bool(count > 0))))
    }

    private static let resume = Endpoint(
        method: .post,
        path: "/api/v1/exports/{id}/resume",
        summary: "Let an export that was given up go on after its last whole part.",
        answer: .fields(("resumed", .bool))
    ) { ask in
        let (queue, record) = try await find(ask)
        guard record.state == .dead else {
            throw APIError(.conflict, "It was not given up: there is nothing to resume.")
        }
        let answers = try await DeadJobs(queue: queue, store: ask.parts.store)
            .retry([record.job.id], by: ask.person, at: ask.parts.ambient.now())
        return .json(.fields(("resumed", .bool(answers == [.queued]))))
    }
}
