import Ambient
import JobQueue

extension Coordinator {
    /// Notes an outcome that is no plain success; it is written with the next commit.
    mutating func note(
        _ outcome: Outcome,
        for position: Int,
        of batch: OpenBatch,
        cause: JobNote.Cause,
        ran: Duration?
    ) {
        let job = batch.batch.jobs[position]
        switch outcome {
        case .done:
            // The commit itself says so, but not of a job that had been committed before.
            guard batch.run == nil, job.isRedelivered else { return }
            note(.alreadyDone, job, batch, cause, ran)
        case .release:
            // A job that goes back untouched is as unknown as it was.
            guard batch.noted.contains(position) else { return }
            note(.released, job, batch, cause, ran)
        case .retry(let delay, let reason):
            note(.failed(after: delay, reason: reason), job, batch, cause, ran)
        case .snooze(let delay, let reason), .rest(let delay, let reason):
            note(.snoozed(after: delay, reason: reason), job, batch, cause, ran)
        case .discard(let reason):
            note(.discarded(reason: reason), job, batch, cause, ran)
        case .dead(let reason):
            note(.dead(reason: reason), job, batch, cause, ran)
        }
    }

    private mutating func note(
        _ event: JobNote.Event,
        _ job: Job,
        _ batch: OpenBatch,
        _ cause: JobNote.Cause,
        _ ran: Duration?
    ) {
        if notes.isEmpty { notesSince = ambient.elapsed() }
        notes.append(
            JobNote(
                job: job,
                worker: configuration.worker,
                fence: batch.batch.fence,
                event: event,
                cause: cause,
                ran: ran,
                at: ambient.now()
            )
        )
        // While the store is away the oldest go: they matter least.
        let excess = notes.count - limits.notesMax
        guard excess > 0 else { return }
        notes.removeFirst(excess)
        notesUnderWay = max(0, notesUnderWay - excess)
    }

    /// Notes attempts that people may ask for while they run; looks once per `settleEvery`.
    mutating func noteLongRunning(_ now: Duration) {
        guard now >= nextLook else { return }
        nextLook = now + limits.settleEvery
        for (attempt, batch) in unnoted() where isWorthNoting(attempt, now) {
            batch.noted.insert(attempt.position)
            note(.running, attempt.job, batch, .handler, now - attempt.started)
        }
    }

    private func isWorthNoting(_ attempt: RunningAttempt, _ now: Duration) -> Bool {
        let age = now - attempt.started
        return age >= limits.slowAfter
            || (age >= limits.settleEvery && committer.isFollowed(attempt.job))
    }

    /// Attempts that go on and of which no note says so.
    private func unnoted() -> [(RunningAttempt, OpenBatch)] {
        crew.stations.compactMap { station in
            guard let attempt = station.running, attempt.stop == nil,
                let batch = open.first(where: { $0.run === attempt.run }), !batch.isLost,
                !batch.noted.contains(attempt.position)
            else { return nil }
            return (attempt, batch)
        }
    }

    /// Notes alone wait for the results of others, but not for long.
    func areNotesDue(_ now: Duration) -> Bool {
        !notes.isEmpty && (drain != nil || now - notesSince >= limits.settleEvery)
    }

    /// When the loop must wake for the sake of notes; nil when it need not.
    func noteDeadline() -> Duration? {
        if !notes.isEmpty { return isCommitUnderWay ? nil : notesSince + limits.settleEvery }
        // Asked of the batches, not of the handlers: they may not have begun yet.
        let isAwaited = open.contains { batch in
            !batch.isLost && batch.unfinished > 0 && batch.noted.count < batch.batch.jobs.count
        }
        return isAwaited ? nextLook : nil
    }
}

extension Job {
    /// Whether it entered a list again after it was enqueued: it was parked, handed back or
    /// reaped, so something may have been noted of it.
    package var isRedelivered: Bool {
        attempt > 1 || crashes > 0 || readyMilliseconds != createdMilliseconds
    }
}
