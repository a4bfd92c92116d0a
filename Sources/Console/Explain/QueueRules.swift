import CallStore
import JobQueue

/// Why a queue's work is moving or not; pure rules over what was read.
package enum QueueRules {
    /// Every cause that holds, the one that explains most first; never empty.
    package static func explanations(_ queue: QueueSnapshot) -> [Explanation] {
        var found: [Explanation] = []
        if let pause = paused(queue) { found.append(pause) }
        if let missing = noWorker(queue) { found.append(missing) }
        found += queue.holds.filter(\.isBlocking).map { explanation($0, queue) }
        if let suspects = suspects(queue) { found.append(suspects) }
        if let saturated = saturated(queue) { found.append(saturated) }
        found += queue.holds.filter { !$0.isBlocking }.map { explanation($0, queue) }
        if !found.contains(where: \.isBlocking) { found += flow(queue, found) }
        return found
    }

    private static func paused(_ queue: QueueSnapshot) -> Explanation? {
        guard let pause = queue.figures.pause else { return nil }
        let why = pause.reason.isEmpty ? "" : " (\(pause.reason))"
        let what = queue.figures.running > 0 ? "; what runs goes on to its end" : ""
        return Explanation(
            .paused,
            "paused by \(pause.person)\(why)\(what)",
            since: pause.atMilliseconds,
            command: "ringback queue resume \(queue.name)"
        )
    }

    private static func noWorker(_ queue: QueueSnapshot) -> Explanation? {
        guard queue.figures.workers == 0 else { return nil }
        let held = queue.figures.running
        let taken = held > 0 ? ", and \(held) jobs are still leased to one that is gone" : ""
        return Explanation(
            .noWorker,
            "no worker is alive\(taken)",
            since: queue.situation.lastReapMilliseconds,
            command: "start worker-\(queue.name), or `ringback up`"
        )
    }

    private static func explanation(_ hold: FlowHold, _ queue: QueueSnapshot) -> Explanation {
        let cause: Explanation.Cause =
            switch hold.kind {
            case .upstreamQuiet: .upstreamQuiet
            case .upstreamFull: .upstreamFull
            case .upstreamRate: .upstreamRate
            case .upstreamRefuses: .upstreamRefuses
            case .limit: .limit
            }
        return Explanation(
            cause,
            hold.text,
            // What holds work up without a first moment of its own does so since work waits.
            since: hold.sinceMilliseconds ?? oldestMoment(queue),
            until: hold.untilMilliseconds,
            command: hold.command,
            isWhole: hold.key == nil || hold.isBlocking
        )
    }

    private static func suspects(_ queue: QueueSnapshot) -> Explanation? {
        let count = queue.figures.suspects
        let solo = queue.situation.soloWorker
        guard count > 0 || solo != nil else { return nil }
        let jobs = count == 1 ? "1 job" : "\(count) jobs"
        let who = solo.map { "; \($0) runs nothing else meanwhile" } ?? ""
        return Explanation(
            .suspects,
            "\(jobs) of workers that died run alone, one after another, to find the one that kills"
                + who,
            since: queue.situation.oldestSuspect.map {
                queue.situation.nowMilliseconds - $0.queueMilliseconds
            },
            command: "ringback jobs list \(queue.name) --state suspect"
        )
    }

    private static func saturated(_ queue: QueueSnapshot) -> Explanation? {
        let slots = queue.figures.slots
        guard slots > 0, queue.busy >= slots, queue.figures.oldestReady != nil || queue.waiting > 0
        else { return nil }
        // Only a worker with a free slot queues what was parked.
        let what = queue.waiting > 0 ? "\(queue.waiting) jobs wait" : "parked jobs are due"
        return Explanation(
            .saturated,
            "all \(slots) slots of \(queue.figures.workers) "
                + "\(queue.figures.workers == 1 ? "worker" : "workers") are busy and \(what)",
            since: oldestMoment(queue),
            command: "start another worker-\(queue.name), or raise RINGBACK_CONCURRENCY"
        )
    }

    /// What a queue does that nothing holds up.
    private static func flow(
        _ queue: QueueSnapshot,
        _ found: [Explanation]
    ) -> [Explanation] {
        let figures = queue.figures
        if found.isEmpty, let stuck = stuck(queue) { return [stuck] }
        if queue.waiting > 0 || figures.running > 0 {
            guard found.isEmpty else { return [] }
            let rate = queue.recent.map {
                "; \(Int($0.perMinute.rounded())) done in the last minute"
            }
            return [
                Explanation(
                    .moving,
                    "moving: \(queue.waiting) wait, \(figures.running) held by "
                        + "\(figures.workers) \(figures.workers == 1 ? "worker" : "workers")"
                        + (rate ?? ""),
                    since: oldestMoment(queue)
                )
            ]
        }
        if figures.later > 0 {
            return [
                Explanation(
                    .waitingForTime,
                    "\(figures.later) \(figures.later == 1 ? "job waits" : "jobs wait") for its "
                        + "time; nothing else is here",
                    until: figures.nextDueMilliseconds,
                    command: "ringback jobs list \(queue.name) --state later, and "
                        + "`ringback jobs run-now ID`"
                )
            ]
        }
        guard figures.suspects == 0 else { return [] }
        return [
            Explanation(
                .idle,
                "idle: nothing waits, nothing runs, and \(figures.workers) "
                    + "\(figures.workers == 1 ? "worker is" : "workers are") ready",
                since: queue.recent?.lastMilliseconds,
                command: "ringback schedule next"
            )
        ]
    }

    /// Work that could have run for so long is not done soon by itself.
    private static let stuckAge = Duration.seconds(60)

    /// Work, workers that run nothing, and nothing that gets done.
    private static func stuck(_ queue: QueueSnapshot) -> Explanation? {
        let workers = queue.figures.workers
        guard workers > 0, queue.busy == 0, let age = queue.figures.oldestReady, age > stuckAge,
            (queue.recent?.perMinute ?? 0) == 0
        else { return nil }
        return Explanation(
            .stuck,
            "nothing runs and nothing was done in the last minute, although work could run and "
                + "\(workers) \(workers == 1 ? "worker lives" : "workers live"): every attempt "
                + "fails, or results cannot be written",
            since: max(oldestMoment(queue) ?? 0, queue.recent?.lastMilliseconds ?? 0),
            command: "ringback doctor, and the log of worker-\(queue.name)"
        )
    }

    /// Since when the oldest waiting job could have run.
    private static func oldestMoment(_ queue: QueueSnapshot) -> Int64? {
        queue.figures.oldestReady.map { queue.figures.nowMilliseconds - $0.queueMilliseconds }
    }
}
