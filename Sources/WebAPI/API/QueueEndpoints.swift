import Ambient
import CallJobs
import CallStore
import Foundation
import Hummingbird
import JobQueue
import Reports
import Telemetry

/// Queues and their jobs, as operators see and steer them.
enum QueueEndpoints {
    static var all: [Endpoint] {
        [list, one, pause, resume, jobs, job, dead, retry, discard]
    }

    static func find(_ name: String, _ ask: Ask) throws(APIError) -> any WebQueue {
        guard let queue = ask.parts.queues.first(where: { $0.name.text == name }) else {
            throw APIError(.notFound, "There is no queue of this name.")
        }
        return queue
    }

    // MARK: Queues

    private static let pauseState = Schema.optional(
        .fields(("by", .text), ("reason", .text), ("at", .instant))
    )

    private static let queue = Schema.fields(
        ("name", .text),
        ("paused", .bool),
        ("pause", pauseState),
        (
            "ready",
            .fields(("hi", .count), ("std", .count), ("low", .count), ("suspect", .count))
        ),
        ("running", .count),
        ("later", .count),
        ("dead", .count),
        ("oldestSeconds", .optional(.number)),
        ("enqueued", .count),
        ("succeeded", .count),
        ("failed", .count),
        ("retried", .count),
        ("reaped", .count),
        ("workers", .count),
        ("slots", .count),
        ("stalled", .bool)
    )

    private static func json(_ name: String, _ figures: QueueFigures) -> JSONValue {
        let counters = figures.counters
        return .fields(
            ("name", .text(name)),
            ("paused", .bool(figures.pause != nil)),
            ("pause", json(figures.pause)),
            (
                "ready",
                .fields(
                    ("hi", .count(figures.ready[.hi] ?? 0)),
                    ("std", .count(figures.ready[.std] ?? 0)),
                    ("low", .count(figures.ready[.low] ?? 0)),
                    ("suspect", .count(figures.suspects))
                )
            ),
            ("running", .count(figures.running)),
            ("later", .count(figures.later)),
            ("dead", .count(figures.dead)),
            (
                "oldestSeconds",
                figures.oldestWaiting.map { .number(($0 / .milliseconds(1)).rounded() / 1_000) }
                    ?? .null
            ),
            ("enqueued", .count(counters.enqueued)),
            ("succeeded", .count(counters.succeeded)),
            ("failed", .count(counters.failed)),
            ("retried", .count(counters.retried)),
            ("reaped", .count(counters.reaped)),
            ("workers", .count(figures.workers)),
            ("slots", .count(figures.slots)),
            ("stalled", .bool(figures.isStalled))
        )
    }

    static func json(_ pause: PauseState?) -> JSONValue {
        guard let pause else { return .null }
        return .fields(
            ("by", .text(pause.person)),
            ("reason", .text(pause.reason)),
            ("at", .text(ISOTime.text(milliseconds: pause.atMilliseconds)))
        )
    }

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/queues",
        summary: "The queues, how deep they are and who works on them.",
        answer: .list(queue)
    ) { ask in
        var items: [JSONValue] = []
        for queue in ask.parts.queues {
            items.append(json(queue.name.text, try await queue.figures()))
        }
        return .json(.list(items))
    }

    private static let one = Endpoint(
        method: .get,
        path: "/api/v1/queues/{name}",
        summary: "One queue.",
        answer: queue
    ) { ask in
        let queue = try find(try ask.word("name"), ask)
        return .json(json(queue.name.text, try await queue.figures()))
    }

    struct Reason: Decodable {
        var reason: String
    }

    private static let pause = Endpoint(
        method: .post,
        path: "/api/v1/queues/{name}/pause",
        summary: "Stop fetching from a queue; what runs goes on.",
        body: .sent([("reason", .bounded(1...500))]),
        answer: .fields(("paused", .bool))
    ) { ask in
        let queue = try find(try ask.word("name"), ask)
        let reason = try await ask.body(Reason.self).reason
        try APIError.check(reason, "reason", in: 1...500)
        try await queue.pause(by: ask.person, reason: reason)
        try await note("queue.pause", "queue:\(queue.name)", reason: reason, ask)
        return .json(.fields(("paused", .bool(true))))
    }

    private static let resume = Endpoint(
        method: .post,
        path: "/api/v1/queues/{name}/resume",
        summary: "Let fetching from a queue go on.",
        answer: .fields(("paused", .bool))
    ) { ask in
        let queue = try find(try ask.word("name"), ask)
        _ = try await queue.resume(by: ask.person)
        try await note("queue.resume", "queue:\(queue.name)", ask)
        return .json(.fields(("paused", .bool(false))))
    }

    /// Tells the audit log of what was done outside of the store.
    static func note(
        _ action: String,
        _ object: String,
        after: [String: StoredValue]? = nil,
        reason: String? = nil,
        _ ask: Ask
    ) async throws {
        let note = AuditNote(
            actor: ask.person,
            action: action,
            object: object,
            after: after,
            reason: reason.flatMap { $0.isEmpty ? nil : $0 }
        )
        try await ask.parts.store.write { try $0.audit(note) }
    }

    // MARK: Jobs

    private static let jobSchema = Schema.fields(
        ("id", .text),
        ("kind", .text),
        ("state", .text),
        ("entity", .optional(.text)),
        ("attempt", .count),
        ("failures", .count),
        ("errorClass", .optional(.text)),
        ("reason", .optional(.text)),
        ("worker", .optional(.text)),
        ("changed", .instant),
        ("due", .optional(.instant)),
        ("ranMilliseconds", .optional(.count))
    )

    private static func json(_ job: IndexedJob) -> JSONValue {
        .fields(
            ("id", .text(job.id.text)),
            ("kind", .text(job.kind)),
            ("state", .text(job.state.rawValue)),
            ("entity", .optional(job.entity)),
            ("attempt", .count(job.attempt)),
            ("failures", .count(job.failures)),
            ("errorClass", .optional(job.errorClass)),
            ("reason", .optional(job.reason.map { LogMask().masked($0) })),
            ("worker", .optional(job.worker)),
            ("changed", .text(ISOTime.text(milliseconds: job.changedMilliseconds))),
            ("due", .optional(job.dueMilliseconds.map(ISOTime.text(milliseconds:)))),
            ("ranMilliseconds", job.ranMilliseconds.map { .integer($0) } ?? .null)
        )
    }

    private static let jobs = Endpoint(
        method: .get,
        path: "/api/v1/jobs",
        summary: "Jobs by what is known of them, those that changed last first.",
        query: [
            .init(name: "kind", schema: .text, meaning: "Only jobs of this kind."),
            .init(
                name: "state",
                schema: .word(IndexedJobState.self),
                meaning: "Only jobs in this state."
            ),
            .init(name: "entity", schema: .text, meaning: "Only jobs about this."),
            .init(name: "conversation", schema: .text, meaning: "Only jobs about a conversation."),
            .init(name: "error", schema: .text, meaning: "Only those whose reason holds this."),
        ] + CallEndpoints.paging,
        answer: .page(jobSchema)
    ) { ask in
        let query = ask.query
        var wanted = JobQuery()
        wanted.kind = try query.text("kind")
        wanted.states = try query.word("state", as: IndexedJobState.self).map { [$0] } ?? []
        wanted.reasonText = try query.text("error")
        if let entity = try query.text("entity") { wanted.entities = [entity] }
        if let conversation = try query.text("conversation") {
            wanted.entities = try await ask.parts.store.entities(ofConversation: conversation)
        }
        let page = try await ask.parts.store.indexedJobs(
            wanted,
            after: query.text("cursor").map(JobIndexCursor.init(text:)),
            limit: query.limit()
        )
        let next = page.next.map { "\($0.changedMilliseconds).\($0.id.text)" }
        return .page(page.jobs.map(json), next: next, query)
    }

    private static let job = Endpoint(
        method: .get,
        path: "/api/v1/jobs/{id}",
        summary: "One job, and what happened to it.",
        answer: .fields(
            ("job", .optional(jobSchema)),
            (
                "events",
                .list(
                    .fields(
                        ("at", .instant),
                        ("event", .text),
                        ("attempt", .count),
                        ("worker", .optional(.text)),
                        ("by", .optional(.text)),
                        ("errorClass", .optional(.text)),
                        ("reason", .optional(.text))
                    )
                )
            )
        )
    ) { ask in
        let id: JobID
        do {
            id = try JobID(try ask.word("id"))
        } catch {
            throw APIError(.notFound, "There is no such job.")
        }
        let history = try await ask.parts.store.history(of: id)
        guard !history.isEmpty else { throw APIError(.notFound, "There is no such job.") }
        let events = history.events.map { event in
            JSONValue.fields(
                ("at", .text(ISOTime.text(milliseconds: event.atMilliseconds))),
                ("event", .text(event.event.rawValue)),
                ("attempt", .count(event.attempt)),
                ("worker", .optional(event.worker?.text)),
                ("by", .optional(event.person)),
                ("errorClass", .optional(event.errorClass)),
                ("reason", .optional(event.reason.map { LogMask().masked($0) }))
            )
        }
        return .json(
            .fields(
                ("job", (history.indexed ?? history.done).map(json) ?? .null),
                ("events", .list(events))
            )
        )
    }

    // MARK: Dead jobs

    private static let dead = Endpoint(
        method: .get,
        path: "/api/v1/dead",
        summary: "Jobs that were given up, grouped by their error.",
        query: [.init(name: "queue", schema: .text, meaning: "Only those of this queue.")],
        answer: .list(
            .fields(
                ("queue", .text),
                ("group", .text),
                ("count", .count),
                ("first", .instant),
                ("last", .instant),
                ("example", .text)
            )
        )
    ) { ask in
        let name = try ask.query.text("queue")
        var queues = ask.parts.queues
        if let name { queues = [try find(name, ask)] }
        var items: [JSONValue] = []
        for queue in queues {
            let records = try await DeadJobs(queue: queue, store: ask.parts.store).jobs()
            items += DeadGroup.groups(of: records, queue: queue.name.text).map { group in
                .fields(
                    ("queue", .text(group.queue)),
                    ("group", .text(group.reason)),
                    ("count", .count(group.count)),
                    ("first", .text(ISOTime.text(milliseconds: group.firstMilliseconds))),
                    ("last", .text(ISOTime.text(milliseconds: group.lastMilliseconds))),
                    ("example", .text(group.example))
                )
            }
        }
        return .json(.list(items))
    }

    private struct Selection: Decodable {
        var queue: String
        var ids: [String]?
        var group: String?
        var confirm: String?

        /// The dead jobs that are meant.
        func records(_ jobs: DeadJobs) async throws -> [JobRecord] {
            guard ids == nil || group == nil, ids != nil || group != nil else {
                throw APIError(.badRequest, "Name jobs by ids, or by the group of their error.")
            }
            guard let ids else { return try await jobs.jobs(of: group) }
            let wanted = Set(ids)
            return try await jobs.jobs().filter { wanted.contains($0.job.id.text) }
        }
    }

    private static let selection: [(String, Schema)] = [
        ("ids", .list(.text)), ("group", .text),
    ]

    private static let retry = Endpoint(
        method: .post,
        path: "/api/v1/dead/retry",
        summary: "Put dead jobs back, as if they had never been tried.",
        body: .sent([("queue", .text)], optional: selection),
        answer: .fields(("found", .count), ("queued", .count), ("held", .count))
    ) { ask in
        let sent = try await ask.body(Selection.self)
        let jobs = DeadJobs(queue: try find(sent.queue, ask), store: ask.parts.store)
        let ids = try await sent.records(jobs).map(\.job.id)
        let answers = try await jobs.retry(ids, by: ask.person, at: ask.parts.ambient.now())
        let queued = answers.count { $0 == .queued }
        let missing = answers.count { $0 == .notFound }
        return .json(
            .fields(
                ("found", .count(ids.count)),
                ("queued", .count(queued)),
                ("held", .count(answers.count - queued - missing))
            )
        )
    }

    private static let discard = Endpoint(
        method: .post,
        path: "/api/v1/dead/discard",
        summary: "Drop dead jobs for good; confirm takes the queue's name.",
        body: .sent([("queue", .text), ("confirm", .text)], optional: selection),
        answer: .fields(("found", .count), ("discarded", .count))
    ) { ask in
        let sent = try await ask.body(Selection.self)
        let queue = try find(sent.queue, ask)
        guard sent.confirm == sent.queue else {
            throw APIError(.badRequest, "confirm must be the queue's name.")
        }
        let jobs = DeadJobs(queue: queue, store: ask.parts.store)
        let found = try await sent.records(jobs).map(\.job)
        let dropped = try await jobs.discard(found, by: ask.person, at: ask.parts.ambient.now())
        return .json(.fields(("found", .count(found.count)), ("discarded", .count(dropped))))
    }
}

extension JobIndexCursor {
    fileprivate init(text: String) throws(APIError) {
        let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
        do {
            guard parts.count == 2, let changed = Int64(parts[0]) else {
                throw APIError(.badRequest, "cursor is not one that a page gave.")
            }
            self.init(changedMilliseconds: changed, id: try JobID(parts[1]))
        } catch {
            throw APIError(.badRequest, "cursor is not one that a page gave.")
        }
    }
}
