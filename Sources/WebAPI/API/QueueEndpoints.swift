import Ambient
import CallJobs
import CallStore
import Foundation
import Hummingbird
import JobQueue
import Reports
import Telemetry

/// Queues, as operators see and steer them.
enum QueueEndpoints {
    static var all: [Endpoint] {
        [list, one, pause, resume]
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
                figures.oldestReady.map { .number(($0 / .milliseconds(1)).rounded() / 1_000) }
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
}
