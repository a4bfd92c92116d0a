package import CallStore
package import JobQueue
package import Reports

/// One job from its enqueueing to where it is now; pure, from what store and queues told.
package struct JobTimeline: Sendable {
    /// A lane that may hold the job beyond what can be looked at by id.
    package struct DeepLane: Sendable, Equatable {
        package var queue: String
        package var lane: Lane

        package init(queue: String, lane: Lane) {
            self.queue = queue
            self.lane = lane
        }

        var text: String { "\(queue)/\(lane.rawValue)" }
    }

    package let id: JobID
    package let history: JobHistory

    /// Where a queue holds it, and which one.
    package let held: (queue: String, record: JobRecord)?

    /// Lanes with more jobs than were looked at, of queues that may have it.
    package let deepLanes: [DeepLane]
    package let nowMilliseconds: Int64

    package init(
        id: JobID,
        history: JobHistory,
        held: (queue: String, record: JobRecord)?,
        deepLanes: [DeepLane],
        nowMilliseconds: Int64
    ) {
        self.id = id
        self.history = history
        self.held = held
        self.deepLanes = deepLanes
        self.nowMilliseconds = nowMilliseconds
    }

    /// Whether anything at all is known of the job.
    package var isKnown: Bool { held != nil || !history.isEmpty || !deepLanes.isEmpty }

    /// What it is about, as far as something was noted of it.
    package var entity: String? { history.indexed?.entity ?? history.done?.entity }

    /// Where it is now, as one word: the queue's state first, for the index may be behind.
    package var state: String {
        if let held { return held.record.state.rawValue }
        if history.done != nil { return IndexedJobState.done.rawValue }
        if let state = history.indexed?.state, state == .cancelled { return state.rawValue }
        if history.outbox != nil, !isSentOutOfSight { return "outbox" }
        return deepLanes.isEmpty ? "gone" : JobState.ready.rawValue
    }

    /// Lanes that may hold it: of its own queue alone, where that is known.
    private var lanes: [DeepLane] {
        guard let queue = history.outbox?.job.queue.text else { return deepLanes }
        return deepLanes.filter { $0.queue == queue }
    }

    /// The queue in which it may wait behind what is looked at by id; nil when it is elsewhere, or
    /// may be in one of several.
    package var hiddenQueue: String? {
        guard held == nil, state == JobState.ready.rawValue else { return nil }
        let queues = Set(lanes.map(\.queue))
        return queues.count == 1 ? queues.first : nil
    }

    /// Whether it was sent to its queue, and may stand there behind what is looked at by id.
    private var isSentOutOfSight: Bool {
        guard let outbox = history.outbox else { return false }
        return outbox.sends > 0 && !lanes.isEmpty
    }

    /// Where it is now, in words.
    package var answer: String {
        if let held { return Self.place(of: held.record, in: held.queue, now: nowMilliseconds) }
        if let done = history.done {
            let worker = done.worker.map { " by \($0)" } ?? ""
            return "done at \(TimeText.iso(milliseconds: done.changedMilliseconds))\(worker)"
        }
        if let job = history.indexed, job.state == .cancelled {
            let why = job.reason.map { ": \($0)" } ?? ""
            return "cancelled at \(TimeText.iso(milliseconds: job.changedMilliseconds))\(why)"
        }
        if let outbox = history.outbox, !isSentOutOfSight {
            return outbox.sends == 0
                ? "waits in the outbox to be sent to its queue"
                : "sent to its queue \(outbox.sends) times, and not done yet"
        }
        guard !deepLanes.isEmpty else {
            return "no queue holds it, and the store does not know it"
        }
        let names = lanes.map(\.text).joined(separator: " or ")
        let place = "waiting in \(names), behind the first \(QueueLimits.jobsPerCallMax) jobs"
        return isSentOutOfSight ? place : "\(place), or never enqueued"
    }

    private static func place(of record: JobRecord, in queue: String, now: Int64) -> String {
        switch record.state {
        case .ready: return "waiting in \(queue)/\(record.job.lane.rawValue)"
        case .suspect:
            return "waiting in \(queue) to run alone: the worker that ran its batch died"
        case .running:
            let worker = record.batch.map { " by \($0.id.worker)" } ?? ""
            return "held\(worker), attempt \(record.job.attempt)"
        case .later:
            let due = record.atMilliseconds ?? now
            let wait = TimeText.duration(.milliseconds(max(0, due - now)))
            let why = record.reason.map { ": \($0)" } ?? ""
            return "waiting in \(queue) for its time, attempt \(record.job.attempt) in \(wait)"
                + why
        case .dead:
            let since = TimeText.iso(milliseconds: record.atMilliseconds ?? now)
            let why = record.reason.map { ": \($0)" } ?? ""
            return "dead in \(queue) since \(since)\(why)"
        }
    }

    /// When it was enqueued first, Unix milliseconds of the queue's clock.
    package var enqueuedMilliseconds: Int64? {
        held?.record.job.createdMilliseconds ?? history.indexed?.enqueuedMilliseconds
            ?? history.done?.enqueuedMilliseconds
    }

    /// What happened, one line each, the earliest first.
    package var lines: [String] {
        var lines: [String] = []
        if let at = enqueuedMilliseconds {
            lines.append("\(TimeText.iso(milliseconds: at))  enqueued")
        } else if let at = history.outbox?.createdMilliseconds {
            lines.append("\(TimeText.iso(milliseconds: at))  put into the outbox")
        }
        lines += history.events.map(Self.line)
        let ends = history.events.last?.event == .done
        if let done = history.done, !ends {
            lines.append(
                "\(TimeText.iso(milliseconds: done.changedMilliseconds))  done, attempt "
                    + "\(done.attempt)\(Self.by(done.worker))\(Self.after(done.ranMilliseconds))"
            )
        }
        return lines
    }

    private static func line(_ mark: JobMark) -> String {
        var line = "\(TimeText.iso(milliseconds: mark.atMilliseconds))  "
        switch mark.event {
        case .started: line += "runs since \(start(of: mark)), attempt \(mark.attempt)"
        case .requeued: line += "put back"
        default: line += "\(mark.event.rawValue), attempt \(mark.attempt)"
        }
        line += by(mark.worker?.text ?? mark.person)
        if mark.event != .started { line += after(mark.ranMilliseconds) }
        if let due = mark.dueMilliseconds { line += ", due \(TimeText.iso(milliseconds: due))" }
        let why = [mark.errorClass, mark.reason].compactMap { $0 }.joined(separator: ": ")
        return why.isEmpty ? line : "\(line) (\(why))"
    }

    private static func start(of mark: JobMark) -> String {
        TimeText.iso(milliseconds: mark.atMilliseconds - (mark.ranMilliseconds ?? 0))
    }

    private static func by(_ name: String?) -> String { name.map { " by \($0)" } ?? "" }

    private static func after(_ milliseconds: Int64?) -> String {
        milliseconds.map { ", took \(TimeText.duration(.milliseconds($0)))" } ?? ""
    }

    /// The record's fields, as they always were, and what is known besides.
    package var json: JSONValue {
        let job = held?.record.job
        let indexed = history.indexed ?? history.done
        let isDone = state == IndexedJobState.done.rawValue
        return .fields(
            ("id", .text(id.text)),
            ("kind", .optional(job?.kind ?? indexed?.kind)),
            ("state", .text(state)),
            ("lane", .optional(job?.lane.rawValue ?? history.indexed?.lane?.rawValue)),
            ("attempt", .optional(job?.attempt ?? (isDone ? history.done : indexed)?.attempt)),
            ("crashes", .optional(job?.crashes)),
            ("created", .optional(enqueuedMilliseconds.map(TimeText.iso(milliseconds:)))),
            ("ready", .optional((job?.readyMilliseconds).map(TimeText.iso(milliseconds:)))),
            ("at", .optional((held?.record.atMilliseconds).map(TimeText.iso(milliseconds:)))),
            ("reason", .optional(held?.record.reason ?? history.indexed?.reason)),
            ("worker", .optional(held?.record.batch?.id.worker.text ?? indexed?.worker)),
            ("unique", .optional(job?.unique?.text)),
            ("limit", .optional(job?.limit?.text)),
            ("arguments", .optional(job.map(JobText.arguments))),
            ("entity", .optional(entity)),
            ("answer", .text(answer)),
            ("timeline", .list(history.events.map(\.json)))
        )
    }
}

extension JobMark {
    /// One entry of `timeline` in the JSON.
    fileprivate var json: JSONValue {
        .fields(
            ("at", .text(TimeText.iso(milliseconds: atMilliseconds))),
            ("event", .text(event.rawValue)),
            ("attempt", .count(attempt)),
            ("worker", .optional(worker?.text)),
            ("fence", fence.map(JSONValue.integer) ?? .null),
            ("by", .optional(person)),
            ("error", .optional(errorClass)),
            ("reason", .optional(reason)),
            ("ranSeconds", ranMilliseconds.map { .number(Double($0) / 1000) } ?? .null),
            ("due", .optional(dueMilliseconds.map(TimeText.iso(milliseconds:))))
        )
    }
}
