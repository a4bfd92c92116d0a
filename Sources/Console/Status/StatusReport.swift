package import CallStore
package import Foundation
package import JobQueue
package import RedisQueue
package import Reports
package import Scheduling

/// The state of the whole stack at one moment.
package struct StatusReport: Sendable, Equatable {
    package struct Queue: Sendable, Equatable {
        package var name: String
        package var figures: QueueFigures

        /// Workers that it needs to meet the objective; nil when no run time is known.
        package var workersNeeded: Int?

        package init(name: String, figures: QueueFigures, workersNeeded: Int? = nil) {
            self.name = name
            self.figures = figures
            self.workersNeeded = workersNeeded
        }
    }

    package struct ScheduleState: Sendable, Equatable {
        package var name: String
        package var next: Date?
        package var last: Date?

        /// Who stopped it; nil while it fires.
        package var pause: PauseState?

        /// What a scheduler makes up for when it comes back; nil when nothing is late.
        package var catchUp: CatchUpPlan?

        package var isPaused: Bool { pause != nil }

        package init(
            name: String,
            next: Date?,
            last: Date?,
            pause: PauseState? = nil,
            catchUp: CatchUpPlan? = nil
        ) {
            self.name = name
            self.next = next
            self.last = last
            self.pause = pause
            self.catchUp = catchUp
        }
    }

    package var time: Date
    package var redis: RedisServerFacts
    package var queues: [Queue]
    package var schedules: [ScheduleState]
    package var calls: CallCounts

    /// What of the archive asks for attention.
    package var archive: ArchiveState

    package init(
        time: Date,
        redis: RedisServerFacts,
        queues: [Queue],
        schedules: [ScheduleState],
        calls: CallCounts,
        archive: ArchiveState = ArchiveState()
    ) {
        self.time = time
        self.redis = redis
        self.queues = queues
        self.schedules = schedules
        self.calls = calls
        self.archive = archive
    }
}

extension StatusReport {
    /// The JSON of `ringback status --json`; fields may be added, never renamed.
    package var json: JSONValue {
        .fields(
            ("time", .text(TimeText.iso(time))),
            (
                "redis",
                .fields(
                    ("version", .text(redis.version)),
                    ("usedMemoryBytes", .count(redis.usedMemoryBytes)),
                    ("maxmemoryPolicy", .text(redis.memoryPolicy)),
                    ("aof", .bool(redis.hasAppendOnlyFile))
                )
            ),
            ("queues", .list(queues.map(\.json))),
            ("schedules", .list(schedules.map(\.json))),
            ("calls", calls.json),
            (
                "archive",
                .fields(
                    ("stuck", .count(archive.stuck)),
                    ("deletedUpstream", .count(archive.deletedUpstream)),
                    ("erased", .count(archive.erased)),
                    ("webhooksSilent", .bool(archive.webhooks.isSilent)),
                    ("missedWebhooks", .count(archive.webhooks.missed))
                )
            )
        )
    }

    /// A line for each thing of the archive that asks for attention.
    private var archiveLines: String {
        var lines = ""
        if archive.webhooks.isSilent {
            lines +=
                "webhooks are silent: the poll found \(archive.webhooks.missed) calls without "
                + "one; see `ringback doctor`\n"
        }
        if archive.stuck > 0 {
            lines +=
                "\(archive.stuck) calls have not ended for a day, such as "
                + "\(archive.stuckExample ?? "one without a name")\n"
        }
        return lines
    }

    /// Two tables and a line, for people.
    package var text: String {
        var queueTable = Table(
            .init("QUEUE"),
            .init("STATE"),
            .init("READY", .right),
            .init("RUNNING", .right),
            .init("LATER", .right),
            .init("DEAD", .right),
            .init("OLDEST", .right),
            .init("DONE", .right),
            .init("RETRIED", .right),
            .init("WORKERS", .right),
            .init("NEEDED", .right)
        )
        for queue in queues {
            let figures = queue.figures
            queueTable.add(
                queue.name,
                figures.stateWord,
                "\(figures.ready.values.reduce(0, +) + figures.suspects)",
                "\(figures.running)",
                "\(figures.later)",
                "\(figures.dead)",
                figures.oldestReady.map(TimeText.duration) ?? "-",
                "\(figures.counters.succeeded)",
                "\(figures.counters.retried)",
                "\(figures.workers)",
                queue.workersNeeded.map { "\($0)" } ?? "-"
            )
        }
        let poll = calls.lastPollMilliseconds.map { ", polled \(ago($0))" } ?? ", never polled"
        let webhook = calls.lastWebhookMilliseconds.map { ", webhook \(ago($0))" } ?? ""
        return queueTable.rendered() + "\n"
            + "calls \(calls.total): \(calls.done) done, \(calls.unfinished) unfinished; "
            + "\(calls.attributed) attributed, \(calls.unattributed) not; "
            + "\(calls.conversions) conversions\(poll)\(webhook)\n"
            + "redis \(redis.version), \(redis.usedMemoryBytes / 1024) KiB, "
            + "\(redis.memoryPolicy), append-only file \(redis.hasAppendOnlyFile ? "on" : "OFF")\n"
            + archiveLines
    }

    private func ago(_ milliseconds: Int64) -> String {
        let seconds = Int64(time.timeIntervalSince1970) - milliseconds / 1000
        return "\(TimeText.duration(.seconds(max(0, seconds)))) ago"
    }

    /// One line that changes only when something happened, for `ringback up`.
    package var summaryLine: String {
        let waiting = queues.compactMap { queue -> String? in
            let figures = queue.figures
            let ready = figures.ready.values.reduce(0, +) + figures.suspects
            guard ready + figures.running > 0 else { return nil }
            return "\(queue.name) \(ready)+\(figures.running)"
        }
        let dead = queues.map(\.figures.dead).reduce(0, +)
        return "\(calls.total) calls (\(calls.unfinished) unfinished), "
            + "\(calls.attributed) attributed, \(calls.conversions) conversions; "
            + (waiting.isEmpty
                ? "queues empty" : "waiting+running: \(waiting.joined(separator: ", "))")
            + (dead > 0 ? "; \(dead) dead: see `ringback dead list`" : "")
    }
}

extension QueueFigures {
    /// `paused`, `NO WORKER` or `active`.
    package var stateWord: String {
        if let pause { return "paused by \(pause.person)" }
        return workers == 0 ? "NO WORKER" : "active"
    }
}

extension StatusReport.Queue {
    /// One entry of `queues` in the JSON.
    package var json: JSONValue {
        let ready = figures.ready
        var pause = JSONValue.null
        if let state = figures.pause {
            pause = .fields(
                ("by", .text(state.person)),
                ("reason", .text(state.reason)),
                ("since", .text(TimeText.iso(milliseconds: state.atMilliseconds)))
            )
        }
        var oldest = JSONValue.null
        if let age = figures.oldestReady {
            // Tenths of a second say all there is to say.
            let (seconds, attoseconds) = age.components
            let tenths = Double(seconds * 10 + attoseconds / 100_000_000_000_000_000)
            oldest = .number(tenths / 10)
        }
        return .fields(
            ("name", .text(name)),
            ("paused", .bool(figures.pause != nil)),
            (
                "ready",
                .fields(
                    ("hi", .count(ready[.hi] ?? 0)),
                    ("std", .count(ready[.std] ?? 0)),
                    ("low", .count(ready[.low] ?? 0)),
                    ("suspect", .count(figures.suspects))
                )
            ),
            ("running", .count(figures.running)),
            ("later", .count(figures.later)),
            ("dead", .count(figures.dead)),
            ("oldestReadySeconds", oldest),
            ("enqueued", .count(figures.counters.enqueued)),
            ("succeeded", .count(figures.counters.succeeded)),
            ("failed", .count(figures.counters.failed)),
            ("retried", .count(figures.counters.retried)),
            ("reaped", .count(figures.counters.reaped)),
            ("workers", .count(figures.workers)),
            ("slots", .count(figures.slots)),
            ("pause", pause),
            ("workersNeeded", .optional(workersNeeded))
        )
    }
}

extension StatusReport.ScheduleState {
    var json: JSONValue {
        .fields(
            ("name", .text(name)),
            ("next", .optional(next.map(TimeText.iso))),
            ("last", .optional(last.map(TimeText.iso))),
            ("paused", .bool(isPaused))
        )
    }
}

extension CallCounts {
    var json: JSONValue {
        .fields(
            ("total", .count(total)),
            ("done", .count(done)),
            ("unfinished", .count(unfinished)),
            ("attributed", .count(attributed)),
            ("unattributed", .count(unattributed)),
            ("conversions", .count(conversions)),
            ("lastPoll", .optional(lastPollMilliseconds.map(TimeText.iso(milliseconds:)))),
            ("lastWebhook", .optional(lastWebhookMilliseconds.map(TimeText.iso(milliseconds:))))
        )
    }
}
