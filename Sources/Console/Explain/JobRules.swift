import CallStore
package import JobQueue

/// Why a job is running or not; pure rules over what was read.
package enum JobRules {
    /// What was read of a job and of the queue that it belongs to.
    package struct Snapshot: Sendable {
        package var timeline: JobTimeline

        /// The job's queue; nil when nobody knows which one it is.
        package var queue: QueueSnapshot?

        /// The unique key that an unsent or dead job needs, and the other job that holds it.
        package var held: (key: UniqueKey, holder: JobID)?

        package init(
            timeline: JobTimeline,
            queue: QueueSnapshot?,
            held: (key: UniqueKey, holder: JobID)? = nil
        ) {
            self.timeline = timeline
            self.queue = queue
            self.held = held
        }
    }

    /// Every cause that holds, the one that explains most first; never empty.
    package static func explanations(_ job: Snapshot) -> [Explanation] {
        let id = job.timeline.id
        guard let held = job.timeline.held else { return outside(job) }
        let record = held.record
        switch record.state {
        case .running:
            return [running(job, record)]
        case .ready:
            return [waiting(job)] + blocking(job)
        case .suspect:
            return [
                Explanation(
                    .suspect,
                    "\(job.timeline.answer); it has ended \(record.job.crashes) workers for sure",
                    since: record.job.readyMilliseconds,
                    command: "ringback explain queue \(held.queue)"
                )
            ] + blocking(job)
        case .later:
            return [
                Explanation(
                    .parked,
                    "waits for its time, attempt \(record.job.attempt)"
                        + (record.reason.map { ": \($0)" } ?? ""),
                    since: job.timeline.history.indexed?.changedMilliseconds,
                    until: record.atMilliseconds,
                    command: "ringback jobs run-now \(id)"
                )
            ] + blocking(job)
        case .dead:
            return [
                Explanation(
                    .dead,
                    "dead" + (record.reason.map { ": \($0)" } ?? ""),
                    since: record.atMilliseconds,
                    command: "mend the cause, then `ringback dead retry \(held.queue) \(id)`"
                )
            ] + uniqueKey(job, "a retry would be refused:")
        }
    }

    private static func running(_ job: Snapshot, _ record: JobRecord) -> Explanation {
        let started = job.timeline.history.events.last.flatMap { mark -> Int64? in
            guard mark.event == .started else { return nil }
            return mark.atMilliseconds - (mark.ranMilliseconds ?? 0)
        }
        return Explanation(
            .running,
            job.timeline.answer,
            since: started,
            command: "ringback jobs cancel \(job.timeline.id) ends it with its worker's next beat"
        )
    }

    private static func waiting(_ job: Snapshot) -> Explanation {
        let since = job.timeline.held?.record.job.readyMilliseconds
        let stops = blocking(job)
        let outlook =
            stops.isEmpty
            ? ", its turn comes"
            : stops.allSatisfy { $0.cause == .limit }
                ? ", and its limit key rests" : ", and its queue stands still"
        return Explanation(
            .waiting,
            job.timeline.answer + outlook,
            since: since,
            command: (job.queue?.name).map { "ringback explain queue \($0)" }
        )
    }

    /// What keeps its whole queue from moving, or the jobs of its limit key.
    private static func blocking(_ job: Snapshot) -> [Explanation] {
        guard var queue = job.queue else { return [] }
        let key = job.timeline.held?.record.job.limit
        queue.holds = queue.holds.compactMap { hold in
            guard let held = hold.key else { return hold }
            guard held == key else { return nil }
            var own = hold
            own.isBlocking = true
            return own
        }
        return QueueRules.explanations(queue).filter(\.isBlocking)
    }

    private static func uniqueKey(_ job: Snapshot, _ words: String) -> [Explanation] {
        guard let held = job.held, held.holder != job.timeline.id else { return [] }
        return [
            Explanation(
                .uniqueKeyHeld,
                "\(words) its unique key \(held.key) is held by \(held.holder)",
                command: "ringback explain job \(held.holder)"
            )
        ]
    }

    /// A job that no queue holds where it could be looked up.
    private static func outside(_ job: Snapshot) -> [Explanation] {
        let history = job.timeline.history
        let answer = job.timeline.answer
        switch job.timeline.state {
        case "done":
            return [Explanation(.done, answer, since: history.done?.changedMilliseconds)]
        case "cancelled":
            return [Explanation(.cancelled, answer, since: history.indexed?.changedMilliseconds)]
        case "outbox":
            return uniqueKey(job, "not sent yet:")
                + [
                    Explanation(
                        .outbox,
                        answer,
                        since: history.outbox?.createdMilliseconds,
                        command: "see that the scheduler runs: it sends what was left behind"
                    )
                ]
        case "ready":
            return [
                Explanation(
                    .waiting,
                    answer,
                    command: (job.queue?.name).map { "ringback explain queue \($0)" }
                )
            ] + blocking(job)
        default:
            return [
                Explanation(.unknown, answer, command: "ringback jobs list, to see what there is")
            ]
        }
    }
}
