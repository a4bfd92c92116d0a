import Ambient
import JobQueue
import Logging

extension Coordinator {
    /// Begins the end when it is asked for or a handler is stuck, and presses on with it in time.
    ///
    /// - Returns: Whether it has just begun.
    mutating func advanceDrain() -> Bool {
        let now = ambient.elapsed()
        giveUpStuck(now)
        let begins = drain == nil && (shutdown.isTripped || failure != nil)
        if begins { beginDrain(now) }
        guard var drain else { return false }
        if !drain.hasCancelled, now >= drain.since + limits.drainGrace {
            drain.hasCancelled = true
            crew.stop { _ in .shutdown }
        }
        if !drain.hasAbandoned, now >= drain.since + limits.drainGrace + limits.cancelGrace {
            drain.hasAbandoned = true
            abandon { $0.stop != nil }
        }
        self.drain = drain
        if drain.hasAbandoned, commitRetry != nil, !isCommitUnderWay { releaseUncommitted() }
        return begins
    }

    /// Fetches nothing more and hands back what has not begun.
    private mutating func beginDrain(_ now: Duration) {
        drain = Drain(since: now)
        board.update { $0.phase = .draining }
        logger.notice("ends: nothing more is fetched, and what has not begun goes back")
        for batch in open where !batch.isLost { giveBack(batch, now: now) }
    }

    /// Hands back what of a batch has not begun.
    mutating func giveBack(_ batch: OpenBatch, now: Duration) {
        for position in batch.close() {
            decide(.release, for: position, of: batch, now: now)
        }
    }

    /// Settles attempts that do not end although they were stopped long ago.
    private mutating func giveUpStuck(_ now: Duration) {
        let stuckAfter = limits.stuckAfter
        abandon { attempt in
            attempt.stop.map { now - $0.at >= stuckAfter } ?? false
        }
    }

    /// Settles running attempts without waiting for their handlers any longer.
    private mutating func abandon(where condition: (RunningAttempt) -> Bool) {
        let now = ambient.elapsed()
        for station in crew.stations {
            guard let attempt = station.running, !attempt.isAbandoned, condition(attempt),
                station.abandon(attempt)
            else { continue }
            logger.error(
                "handler does not end; its job is settled without it and the worker ends",
                metadata: [
                    "job": "\(attempt.job.id)",
                    "after": "\(now - attempt.started)",
                ]
            )
            fail(.stuckHandlers(jobs: []))
            if case .stuckHandlers(let jobs)? = failure {
                failure = .stuckHandlers(jobs: jobs + [attempt.job.id])
            }
            settle(abandoned: attempt, now: now)
        }
    }

    private mutating func settle(abandoned attempt: RunningAttempt, now: Duration) {
        guard let batch = open.first(where: { $0.run === attempt.run }) else { return }
        batch.noteEnd(of: attempt.position)
        let end = AttemptEnd<AnyEffect>.threw("handler did not end when it was cancelled")
        let disposition = rules(policy(forKind: attempt.job.kind)).disposition(
            of: end,
            stop: attempt.stop?.reason,
            attempt: attempt.job.attempt,
            draw: ambient.chance()
        )
        if case .settle(let outcome) = disposition {
            decide(
                outcome,
                for: attempt.position,
                of: batch,
                now: now,
                cause: attempt.stop?.reason == .person ? .person : .stuck,
                ran: now - attempt.started
            )
        }
    }

    // MARK: - Rest

    /// Sleeps until something happens or is due.
    mutating func rest() async {
        let now = ambient.elapsed()
        // The time of what gathered may have come since the last look at it.
        if !isCommitUnderWay, mayCommit(now), isCommitDue(now) { return }
        let isWaitingForWork = pendingTurn == nil && fetchRoom(settling: nil) > 0
        if isWaitingForWork { bell.arm(atMost: max(nextFetch - now, .milliseconds(1))) }
        var deadlines: [Duration] = []
        // What a call under way holds up goes on when it is answered, not at a time.
        let mayFetch = !isCommitUnderWay || open.allSatisfy { $0.unfinished == 0 }
        if isWaitingForWork, mayFetch { deadlines.append(nextFetch) }
        if let retry = pendingTurn?.retry, !isTurnUnderWay { deadlines.append(retry) }
        if let commitRetry, !isCommitUnderWay { deadlines.append(commitRetry) }
        if isGathering(now), !isCommitUnderWay {
            deadlines.append(waiting.since + limits.gatherFor)
        }
        if pendingTurn == nil, commitRetry == nil {
            let unsettled = open.filter { !isCommitUnderWay || !$0.outcomes.isEmpty }
            deadlines += unsettled.compactMap(\.waitingSince).map { $0 + limits.settleEvery }
        }
        if let drain {
            let steps = [
                limits.drainGrace, limits.drainGrace + limits.cancelGrace,
                limits.drainGrace + limits.cancelGrace * 2,
            ]
            deadlines += steps.map { drain.since + $0 }.filter { $0 > now }
        }
        if commitRetry == nil, let noteDeadline = noteDeadline() { deadlines.append(noteDeadline) }
        if !toForget.isEmpty { deadlines.append(now + limits.settleEvery) }
        await sleep(until: deadlines.min(), now: now)
    }

    private func sleep(until deadline: Duration?, now: Duration) async {
        if crew.wakeup.takePending() { return }
        guard let deadline else {
            await crew.wakeup.wait()
            return
        }
        // At least a moment, so that a deadline that brings nothing cannot spin.
        let time = max(deadline - now, .milliseconds(1))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [wakeup = crew.wakeup] in await wakeup.wait() }
            group.addTask { [ambient] in
                do {
                    try await ambient.sleep(for: time)
                } catch {
                    // Cancelled because the wake-up came first, or because the worker ends.
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
