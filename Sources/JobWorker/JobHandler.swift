package import Ambient
package import JobQueue
package import Logging

/// What runs jobs of one queue.
///
/// A handler reads, thinks and asks others; it changes nothing itself. What is to change it
/// returns as an effect, which the worker commits together with the job's ledger row, for a whole
/// batch in one transaction. So a job that is delivered twice changes nothing the second time.
package protocol JobHandler<Effect>: Sendable {
    associatedtype Effect: Sendable

    /// Runs one attempt.
    ///
    /// A thrown error counts as a failed attempt and is retried by the kind's policy; throw
    /// `CancellationError` (or let it pass) when the task is cancelled. Several attempts of
    /// different jobs run at once.
    func run(_ job: Job, in context: JobContext) async throws -> HandlerResult<Effect>

    /// The rules of a job kind; asked once per kind.
    func policy(forKind kind: String) -> JobPolicy

    /// Whether it can run jobs of a kind; one that it cannot run waits for a worker that can.
    func knows(kind: String) -> Bool
}

extension JobHandler {
    /// A handler of one queue usually runs whatever comes.
    package func knows(kind: String) -> Bool { true }
}

/// How jobs of one kind are run.
package struct JobPolicy: Sendable, Equatable {
    package var retry: RetryPolicy

    /// Longest attempt; the handler's task is cancelled then, and the attempt has failed.
    package var timeout: Duration

    /// A kind whose jobs are slow and run as batches of one, in a slot of their own.
    package var runsAlone: Bool

    package init(
        retry: RetryPolicy = RetryPolicy(),
        timeout: Duration = .seconds(300),
        runsAlone: Bool = false
    ) {
        self.retry = retry
        self.timeout = timeout
        self.runsAlone = runsAlone
    }
}

/// What surrounds one attempt.
package struct JobContext: Sendable {
    /// What all attempts of a worker share, kept once: a copy of each part for each attempt costs
    /// more than a small job.
    final class Surroundings: Sendable {
        let ambient: Ambient
        let logger: Logger

        init(ambient: Ambient, logger: Logger) {
            self.ambient = ambient
            self.logger = logger
        }
    }

    package var ambient: Ambient { surroundings.ambient }

    /// The fence of this delivery: a checkpoint written under a higher one is newer.
    package let fence: Int64

    private let surroundings: Surroundings
    private let job: Job?

    /// A context with a logger as it is, for those who run a handler without a worker.
    package init(ambient: Ambient, logger: Logger, fence: Int64) {
        self.fence = fence
        surroundings = Surroundings(ambient: ambient, logger: logger)
        job = nil
    }

    /// A context of an attempt, whose logger names the job.
    init(_ surroundings: Surroundings, fence: Int64, job: Job) {
        self.fence = fence
        self.surroundings = surroundings
        self.job = job
    }

    /// Carries the job's id, attempt and queue as metadata.
    ///
    /// Made when it is asked for: most attempts log nothing, and the metadata cost more than a
    /// small job.
    package var logger: Logger {
        var logger = surroundings.logger
        guard let job else { return logger }
        logger[metadataKey: "job"] = "\(job.id)"
        logger[metadataKey: "attempt"] = "\(job.attempt)"
        return logger
    }
}

/// How an attempt ended, as a value.
package enum HandlerResult<Effect: Sendable>: Sendable {
    /// Commit the effect, then settle as done.
    case done(Effect)

    /// Failed, counted; the next attempt by the kind's policy, but not before `notBefore`.
    case retry(reason: String, notBefore: Duration = .zero)

    /// Cannot run now, not counted; the same attempt again after the delay.
    case snooze(after: Duration, reason: String)

    /// The upstream of the job's limit key cannot be asked before that; not counted. The key's
    /// other jobs wait where they are.
    case rest(after: Duration, reason: String)

    /// This program does not know the job's kind, or the version of its arguments: another one may,
    /// for a while; not counted.
    case unknown(reason: String)

    /// Nothing to do for it; leaves the queue without a result.
    case discard(reason: String)

    /// Will never succeed; kept in `dead`.
    case dead(reason: String)
}

/// Where results become lasting, before the queue hears of them.
package protocol ResultCommitter<Effect>: Sendable {
    associatedtype Effect: Sendable

    /// Which of these jobs have a ledger row already: they are settled without being run.
    func finished(among ids: [JobID]) async throws(CommitError) -> Set<JobID>

    /// Commits ledger rows and effects of jobs, and notes of others, in one transaction.
    ///
    /// Where a job's effect violates a constraint, it changes nothing and the others stand; for that
    /// an effect may be carried out twice, of which the first time is rolled back. Notes serve people
    /// only; none may keep a job from its commit.
    ///
    /// - Parameters:
    ///   - jobs: The finished jobs; none when only notes wait.
    ///   - effects: What each of them changes, in their order.
    ///   - notes: What happened besides, in the order in which it did.
    /// - Returns: One verdict for each job, in order.
    /// - Throws: `CommitError`; nothing was changed, and the same call may be made again.
    func commit(
        _ jobs: [FinishedJob],
        effects: [Effect],
        notes: [JobNote]
    ) async throws(CommitError) -> [CommitVerdict]

    /// Takes note of jobs that leave the queue for good without a result, so that nobody who keeps
    /// them sends them again.
    ///
    /// Called before they are settled. A failure is not repeated: who sends such a job again has it
    /// discarded and noted then.
    func end(_ jobs: [DroppedJob]) async throws(CommitError)

    /// Whether people will ask for this job by what it is about, so that its running is noted
    /// early. Called from any task; must be quick.
    func isFollowed(_ job: Job) -> Bool
}

extension ResultCommitter {
    /// For those who keep no jobs of their own.
    package func end(_ jobs: [DroppedJob]) async throws(CommitError) {}

    package func isFollowed(_ job: Job) -> Bool { false }
}

/// A job that was discarded: by its handler, or by an operator while it ran.
package struct DroppedJob: Sendable {
    package let job: Job
    package let worker: WorkerID
    package let fence: Int64

    package init(job: Job, worker: WorkerID, fence: Int64) {
        self.job = job
        self.worker = worker
        self.fence = fence
    }
}

/// A job whose handler is done.
package struct FinishedJob: Sendable {
    package let job: Job
    package let worker: WorkerID
    package let fence: Int64

    /// How long its attempt took.
    package let ran: Duration

    /// Whether a note told of it while it ran.
    package let isNoted: Bool

    package init(
        job: Job,
        worker: WorkerID,
        fence: Int64,
        ran: Duration = .zero,
        isNoted: Bool = false
    ) {
        self.job = job
        self.worker = worker
        self.fence = fence
        self.ran = ran
        self.isNoted = isNoted
    }
}

/// What a commit did with one job.
package enum CommitVerdict: Sendable, Equatable {
    case applied

    /// The ledger had the job: an earlier delivery was committed. Nothing was changed.
    case alreadyApplied

    /// The record was changed by somebody else since the handler read it: the attempt is run
    /// again soon, not counted.
    case stale(reason: String)

    /// The effect broke a rule of the store and was rolled back: a failed attempt.
    case rejected(reason: String)
}

/// Why a whole commit did not happen; nobody's attempt.
package enum CommitError: Error, Sendable, Equatable {
    /// Disk full, input/output error, lock not to be had: fetching stops and the same commit is
    /// tried again until there is room.
    case unavailable(reason: String)

    /// The task was cancelled.
    case cancelled
}
