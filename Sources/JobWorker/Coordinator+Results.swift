import Ambient
import JobQueue
import Logging
import Traces

// What handlers have brought: results for the ledger, and outcomes for the queue.
extension Coordinator {
    /// Takes the results that the handlers have laid down.
    mutating func collect() {
        let now = ambient.elapsed()
        var total = Duration.zero
        var count = 0
        var low = (total: Duration.zero, count: 0)
        for station in crew.stations {
            for ended in station.collect() {
                guard let batch = open.first(where: { $0.run === ended.run }) else { continue }
                for attempt in ended.attempts {
                    total += attempt.duration
                    count += 1
                    if batch.batch.jobs[attempt.position].lane == .low {
                        low.total += attempt.duration
                        low.count += 1
                    }
                    take(attempt, of: batch, policies: ended.run.policies, now: now)
                }
            }
        }
        guard count > 0 else { return }
        board.update { $0.ended += count }
        average = Self.mean(total / count, after: average)
        if low.count > 0 { averageLow = Self.mean(low.total / low.count, after: averageLow) }
    }

    private static func mean(_ new: Duration, after old: Duration?) -> Duration {
        old.map { $0 * 0.5 + new * 0.5 } ?? new
    }

    private mutating func take(
        _ attempt: EndedAttempt,
        of batch: OpenBatch,
        policies: [JobPolicy],
        now: Duration
    ) {
        let job = batch.batch.jobs[attempt.position]
        metrics.noteAttempt(kind: job.kind, duration: attempt.duration)
        batch.noteEnd(of: attempt.position)
        // The common case, without a draw: random numbers cost more than a small job.
        if case .returned(.done(let effect)) = attempt.end {
            return offer(effect, of: attempt, in: batch, now: now)
        }
        switch disposition(of: attempt, job: job, policy: policies[attempt.position]) {
        case .commit(let effect):
            offer(effect, of: attempt, in: batch, now: now)
        case .settle(let outcome):
            decide(
                outcome,
                for: attempt.position,
                of: batch,
                now: now,
                cause: attempt.stop?.cause ?? .handler,
                ran: attempt.duration
            )
        case .drop:
            break
        }
    }

    /// Adds an effect to the next commit.
    private mutating func offer(
        _ effect: AnyEffect,
        of attempt: EndedAttempt,
        in batch: OpenBatch,
        now: Duration
    ) {
        let job = FinishedJob(
            job: batch.batch.jobs[attempt.position],
            worker: configuration.worker,
            fence: batch.batch.fence,
            ran: attempt.duration,
            isNoted: batch.noted.contains(attempt.position)
        )
        waiting.append(job, effect, at: (batch, attempt.position), now: now)
        batch.uncommitted += 1
        if batch.waitingSince == nil { batch.waitingSince = now }
    }

    private mutating func disposition(
        of attempt: EndedAttempt,
        job: Job,
        policy: JobPolicy
    ) -> Disposition<AnyEffect> {
        var unknownFor = Duration.zero
        if case .returned(.unknown) = attempt.end { unknownFor = noteUnknown(job) }
        return rules(policy).disposition(
            of: attempt.end,
            stop: attempt.stop,
            attempt: job.attempt,
            unknownFor: unknownFor,
            draw: ambient.chance()
        )
    }

    /// How long a job has waited for a program that knows it: since its creation, but not longer
    /// than this worker meets such jobs.
    private mutating func noteUnknown(_ job: Job) -> Duration {
        let now = ambient.elapsed()
        let age = age(of: job)
        return min(age, unknownKinds.note(job.kind, at: now, pause: limits.unknownMax) ?? age)
    }

    /// Time since the job was created, by the queue's clock as the last answer showed it.
    private func age(of job: Job) -> Duration {
        guard let queueClock else { return .zero }
        let now = queueClock.milliseconds - job.createdMilliseconds
        return .milliseconds(max(0, now)) + (ambient.elapsed() - queueClock.at)
    }

    func rules(_ policy: JobPolicy) -> DispositionRules {
        DispositionRules(
            policy: policy,
            staleDelay: limits.staleDelay,
            unknownMax: limits.unknownMax,
            unknownPause: limits.unknownPause
        )
    }

    /// Notes an outcome for the next settlement, and tells people of it where they should know.
    mutating func decide(
        _ outcome: Outcome,
        for position: Int,
        of batch: OpenBatch,
        now: Duration,
        cause: JobNote.Cause = .handler,
        ran: Duration? = nil
    ) {
        let job = batch.batch.jobs[position]
        metrics.noteOutcome(kind: job.kind, outcome: outcome)
        batch.add(outcome, at: position, now: now)
        note(outcome, for: position, of: batch, cause: cause, ran: ran)
        switch outcome {
        case .done, .release, .snooze: break
        case .rest(let delay, let reason):
            logger.info(
                "the job's limit key rests",
                metadata: metadata(
                    job,
                    [
                        "key": "\(job.limit?.text ?? "none")", "after": "\(delay)",
                        "reason": "\(reason)",
                    ]
                )
            )
        case .retry(let delay, let reason):
            logger.info(
                "attempt failed, job is tried again",
                metadata: metadata(job, ["after": "\(delay)", "reason": "\(reason)"])
            )
        case .discard(let reason):
            dropped.append(
                DroppedJob(job: job, worker: configuration.worker, fence: batch.batch.fence)
            )
            logger.info("job discarded", metadata: metadata(job, ["reason": "\(reason)"]))
        case .dead(let reason):
            logger.error("job is dead", metadata: metadata(job, ["reason": "\(reason)"]))
        }
    }

    private func metadata(_ job: Job, _ more: Logger.Metadata) -> Logger.Metadata {
        more.merging(TraceScope(job: job).metadata) { $1 }
    }

    mutating func policy(forKind kind: String) -> JobPolicy {
        if let policy = policies[kind] { return policy }
        let policy = crew.handler.policy(forKind: kind)
        // Kinds come from the queue, so what is remembered of them has a limit.
        if policies.count < 1000 { policies[kind] = policy }
        return policy
    }
}
