import CallStore
import Hummingbird
import JobQueue
import Reports
import Telemetry

/// Jobs, as the index knows them, and what happened to one.
enum JobEndpoints {
    static var all: [Endpoint] { [list, one] }

    private static let schema = Schema.fields(
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

    private static let list = Endpoint(
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
        answer: .page(schema)
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

    private static let one = Endpoint(
        method: .get,
        path: "/api/v1/jobs/{id}",
        summary: "One job, and what happened to it.",
        answer: .fields(
            ("job", .optional(schema)),
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
        let (history, job) = try await JobFinder(parts: ask.parts).find(id)
        guard job != nil || !history.isEmpty else {
            throw APIError(.notFound, "There is no such job.")
        }
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
                ("job", job.map(json) ?? .null),
                ("events", .list(events))
            )
        )
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
