import Ambient
import CallJobs
import CallStore
import Foundation
import Hummingbird
import JobQueue
import Reports
import Scheduling
import Traces

/// Schedules and backfills: when they run, how far they are, and steering them.
enum ScheduleEndpoints {
    static var all: [Endpoint] {
        [
            list, run, pause, resume, backfills, startBackfill, pauseBackfill, resumeBackfill,
            cancelBackfill,
        ]
    }

    // MARK: Schedules

    private static func schedules(_ ask: Ask) throws(APIError) -> [Schedule] {
        do {
            return try ScheduleDesk(parts: ask.parts).schedules()
        } catch {
            throw APIError(.refused, "The schedules cannot be read: \(error.description)")
        }
    }

    private static func find(_ ask: Ask) throws -> (Schedule, any WebQueue) {
        let name = try ask.word("name")
        guard let schedule = try schedules(ask).first(where: { $0.name.text == name }),
            let kind = JobKind(rawValue: schedule.kind)
        else { throw APIError(.notFound, "There is no schedule of this name.") }
        return (schedule, try QueueEndpoints.find(kind.queue.text, ask))
    }

    private static let schedule = Schema.fields(
        ("name", .text),
        ("job", .text),
        ("timeZone", .text),
        ("last", .optional(.instant)),
        ("next", .optional(.instant)),
        ("paused", .bool),
        ("pause", .optional(.fields(("by", .text), ("reason", .text), ("at", .instant))))
    )

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/schedules",
        summary: "The schedules, when they fired and when they will.",
        answer: .list(schedule)
    ) { ask in
        let now = ask.parts.ambient.now()
        var items: [JSONValue] = []
        for schedule in try schedules(ask) {
            var last: Int64?
            var pause: PauseState?
            if let kind = JobKind(rawValue: schedule.kind) {
                let queue = try QueueEndpoints.find(kind.queue.text, ask)
                last = try await queue.lastTick(ofSchedule: schedule.name.text)
                pause = try await queue.schedulePause(schedule.name.text)
            }
            let next = schedule.firings(after: now, count: 1).first
            items.append(
                .fields(
                    ("name", .text(schedule.name.text)),
                    ("job", .text(schedule.kind)),
                    ("timeZone", .text(schedule.timeZone.identifier)),
                    ("last", .optional(last.map(ISOTime.text(milliseconds:)))),
                    ("next", .optional(next.map(ISOTime.text(_:)))),
                    ("paused", .bool(pause != nil)),
                    ("pause", QueueEndpoints.json(pause))
                )
            )
        }
        return .json(.list(items))
    }

    private static let run = Endpoint(
        method: .post,
        path: "/api/v1/schedules/{name}/run",
        summary: "Put a schedule's job into its queue now.",
        answer: .fields(
            ("queued", .bool),
            ("id", .optional(.text)),
            ("heldBy", .optional(.text))
        )
    ) { ask in
        let (schedule, queue) = try find(ask)
        let ambient = ask.parts.ambient
        let job = schedule.manualJob(id: ambient.newID(), trace: .ofNewJob(from: ambient))
        let call = try EnqueueCallID(ambient.newID().uuidString.lowercased())
        var holder: JobID?
        if case .held(let id)? = try await queue.enqueue([job], call: call).first { holder = id }
        if holder == nil {
            try await QueueEndpoints.note("schedule.run", "schedule:\(schedule.name.text)", ask)
        }
        return .json(
            .fields(
                ("queued", .bool(holder == nil)),
                ("id", .optional(holder == nil ? job.id.text : nil)),
                ("heldBy", .optional(holder?.text))
            )
        )
    }

    private static let pause = Endpoint(
        method: .post,
        path: "/api/v1/schedules/{name}/pause",
        summary: "Let a schedule's instants pass without a job.",
        body: .sent([("reason", .bounded(1...500))]),
        answer: .fields(("paused", .bool))
    ) { ask in
        let (schedule, queue) = try find(ask)
        let reason = try await ask.body(QueueEndpoints.Reason.self).reason
        try APIError.check(reason, "reason", in: 1...500)
        try await queue.pauseSchedule(schedule.name.text, by: ask.person, reason: reason)
        let object = "schedule:\(schedule.name.text)"
        try await QueueEndpoints.note("schedule.pause", object, reason: reason, ask)
        return .json(.fields(("paused", .bool(true))))
    }

    private static let resume = Endpoint(
        method: .post,
        path: "/api/v1/schedules/{name}/resume",
        summary: "Let a schedule fire again.",
        answer: .fields(("paused", .bool))
    ) { ask in
        let (schedule, queue) = try find(ask)
        _ = try await queue.resumeSchedule(schedule.name.text)
        try await QueueEndpoints.note("schedule.resume", "schedule:\(schedule.name.text)", ask)
        return .json(.fields(("paused", .bool(false))))
    }

    // MARK: Backfills

    /// Backfills that the list shows.
    private static let backfillsMax = 200

    /// Shortest and longest slice: a job's overhead, and what one walk should hold.
    private static let sliceHours = 1...744

    private static let backfill = Schema.fields(
        ("id", .text),
        ("state", .word(Backfill.State.self)),
        ("from", .instant),
        ("to", .instant),
        ("agent", .optional(.text)),
        ("slices", .count),
        ("left", .count),
        ("done", .count),
        ("failed", .count),
        ("calls", .count),
        ("requests", .count),
        ("by", .text),
        ("created", .instant),
        ("ended", .optional(.instant)),
        ("pause", .optional(.fields(("by", .text), ("reason", .text), ("at", .instant))))
    )

    private static func json(_ backfill: Backfill) -> JSONValue {
        .fields(
            ("id", .text(backfill.id.text)),
            ("state", .text(backfill.state.rawValue)),
            ("from", .text(ISOTime.text(unix: backfill.range.fromUnix))),
            ("to", .text(ISOTime.text(unix: backfill.range.toUnix))),
            ("agent", .optional(backfill.range.agentID)),
            ("slices", .count(backfill.range.slices)),
            ("left", .count(backfill.left)),
            ("done", .count(backfill.counts.done)),
            ("failed", .count(backfill.counts.failed)),
            ("calls", .count(backfill.calls)),
            ("requests", .count(backfill.requests)),
            ("by", .text(backfill.person)),
            ("created", .text(ISOTime.text(milliseconds: backfill.createdMilliseconds))),
            ("ended", .optional(backfill.endedMilliseconds.map(ISOTime.text(milliseconds:)))),
            (
                "pause",
                backfill.pause.map { pause in
                    .fields(
                        ("by", .text(pause.person)),
                        ("reason", .text(pause.reason)),
                        ("at", .text(ISOTime.text(milliseconds: pause.atMilliseconds)))
                    )
                } ?? .null
            )
        )
    }

    private static func steering(_ ask: Ask) throws(APIError) -> BackfillSteering {
        BackfillSteering(
            store: ask.parts.store,
            queue: try QueueEndpoints.find(JobKind.sync.queue.text, ask),
            budget: ask.parts.budget,
            ambient: ask.parts.ambient
        )
    }

    private static func findBackfill(_ ask: Ask) async throws -> Backfill {
        guard let id = BackfillID(try ask.word("id")),
            let found = try await ask.parts.store.backfill(id)
        else { throw APIError(.notFound, "There is no such backfill.") }
        return found
    }

    private static let backfills = Endpoint(
        method: .get,
        path: "/api/v1/backfills",
        summary: "Backfills, the newest first, and how far they are.",
        answer: .list(backfill)
    ) { ask in
        .json(.list(try await ask.parts.store.backfills(limit: backfillsMax).map(json)))
    }

    private struct Sent: Decodable {
        var from: String
        var to: String?
        var agent: String?
        var sliceHours: Int?
        var rereads: Bool?
    }

    private static let startBackfill = Endpoint(
        method: .post,
        path: "/api/v1/backfills",
        summary: "Begin a backfill; a scheduler hands its slices to the workers.",
        body: .sent(
            [("from", .text)],
            optional: [
                ("to", .text), ("agent", .bounded(1...256)), ("sliceHours", .integer(sliceHours)),
                ("rereads", .bool),
            ]
        ),
        answer: backfill,
        status: .created
    ) { ask in
        let sent = try await ask.body(Sent.self)
        try APIError.check(sent.agent, "agent", in: 1...256)
        let hours = sent.sliceHours ?? 24
        guard sliceHours.contains(hours) else {
            throw APIError(.badRequest, "sliceHours must be 1 to 744.")
        }
        let zone = ask.parts.places.timeZone
        let now = ask.parts.ambient.unixMilliseconds / 1_000
        let from = try CallFilter.instant(sent.from, "from", zone, isEnd: false)
        let to = min(try CallFilter.instant(sent.to, "to", zone, isEnd: true) ?? now, now)
        guard let from, from >= 0, from < to else {
            throw APIError(.badRequest, "from must be before to, and in the past.")
        }
        let range = BackfillRange(
            agentID: sent.agent,
            fromUnix: from,
            toUnix: to,
            sliceSeconds: Int64(hours) * 3_600,
            rereads: sent.rereads ?? false
        )
        guard range.slices <= BackfillLimits.slicesMax else {
            throw APIError(
                .refused,
                "These are \(range.slices) slices; at most \(BackfillLimits.slicesMax) are taken."
            )
        }
        let id = try await steering(ask).start(range, by: ask.person)
        try await QueueEndpoints.note("backfill.start", "backfill:\(id)", ask)
        guard let started = try await ask.parts.store.backfill(id) else {
            throw APIError(.internalError, "The backfill was begun and is gone.")
        }
        return .json(json(started), status: .created)
    }

    private static let pauseBackfill = Endpoint(
        method: .post,
        path: "/api/v1/backfills/{id}/pause",
        summary: "Hand out no further slice; those that wait or run go on.",
        body: .sent([("reason", .bounded(1...500))]),
        answer: backfill
    ) { ask in
        let id = try await findBackfill(ask).id
        let reason = try await ask.body(QueueEndpoints.Reason.self).reason
        try APIError.check(reason, "reason", in: 1...500)
        let person = ask.person
        try await ask.parts.store.write {
            _ = try $0.pauseBackfill(id, by: person, reason: reason)
        }
        try await QueueEndpoints.note("backfill.pause", "backfill:\(id)", reason: reason, ask)
        return .json(json(try await findBackfill(ask)))
    }

    private static let resumeBackfill = Endpoint(
        method: .post,
        path: "/api/v1/backfills/{id}/resume",
        summary: "Hand out slices again.",
        answer: backfill
    ) { ask in
        let id = try await findBackfill(ask).id
        try await ask.parts.store.write { _ = try $0.resumeBackfill(id) }
        try await QueueEndpoints.note("backfill.resume", "backfill:\(id)", ask)
        return .json(json(try await findBackfill(ask)))
    }

    private static let cancelBackfill = Endpoint(
        method: .post,
        path: "/api/v1/backfills/{id}/cancel",
        summary: "End a backfill, and take back what of it waits or runs.",
        answer: backfill
    ) { ask in
        let id = try await findBackfill(ask).id
        if try await steering(ask).cancel(id, by: ask.person) != nil {
            try await QueueEndpoints.note("backfill.cancel", "backfill:\(id)", ask)
        }
        return .json(json(try await findBackfill(ask)))
    }
}
