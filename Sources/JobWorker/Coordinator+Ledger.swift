import Ambient
import Glibc
import JobQueue
import Logging

extension Coordinator {
    /// A new batch that the ledger is asked about, before the handlers get its jobs.
    struct Admission: Sendable {
        let batch: Batch.Reference
        let ids: [JobID]

        func ask(
            _ committer: any ResultCommitter<AnyEffect>
        ) async -> Result<Set<JobID>, CommitError> {
            do throws(CommitError) {
                return .success(try await committer.finished(among: ids))
            } catch {
                return .failure(error)
            }
        }
    }

    func nextAdmission(_ now: Duration) -> Admission? {
        guard commitRetry.map({ now >= $0 }) ?? true,
            let batch = open.first(where: { !$0.isAdmitted })
        else { return nil }
        return Admission(batch: batch.reference, ids: batch.batch.jobs.map(\.id))
    }

    /// Hands the jobs that are not finished to the handlers.
    mutating func take(_ finished: Result<Set<JobID>, CommitError>, for admission: Admission) {
        switch finished {
        case .success(let finished):
            if !hasCommitFailed { noteLedgerAnswer() }
            let batch = open.first { $0.reference == admission.batch && !$0.isAdmitted }
            if let batch { start(batch, finished: finished) }
        case .failure(let error):
            noteLedgerFailure(error)
        }
    }

    private mutating func start(_ batch: OpenBatch, finished: Set<JobID>) {
        let jobs = batch.batch.jobs
        var runnable = Array(jobs.indices)
        let spoilt = jobs.indices.filter { jobs[$0].defect != nil }
        if !spoilt.isEmpty {
            let now = ambient.elapsed()
            runnable.removeAll(where: spoilt.contains)
            for position in spoilt {
                batch.noteEnd(of: position)
                let reason = jobs[position].defect ?? ""
                decide(.dead(reason: reason), for: position, of: batch, now: now)
            }
        }
        if !finished.isEmpty {
            let now = ambient.elapsed()
            runnable.removeAll { finished.contains(jobs[$0].id) }
            for position in jobs.indices where finished.contains(jobs[position].id) {
                batch.noteEnd(of: position)
                decide(.done, for: position, of: batch, now: now)
            }
        }
        let run = BatchRun(
            batch: batch.batch,
            policies: policies(of: jobs),
            runnable: runnable
        )
        batch.run = run
        batch.isAdmitted = true
        guard !runnable.isEmpty else { return }
        crew.work.add(run)
        // A handler's thread that was just woken may stand behind this one on the same processor,
        // although another one is idle. What an idle worker does next can wait for it.
        if batch.wasAwaited { sched_yield() }
    }

    /// The rules of each job's kind.
    private mutating func policies(of jobs: [Job]) -> [JobPolicy] {
        var found: [JobPolicy] = []
        found.reserveCapacity(jobs.count)
        var last: (kind: String, policy: JobPolicy)?
        for job in jobs {
            // Mostly that of the job before, which is told faster than it is looked up.
            if let last, last.kind == job.kind {
                found.append(last.policy)
            } else {
                let policy = policy(forKind: job.kind)
                last = (job.kind, policy)
                found.append(policy)
            }
        }
        return found
    }

    /// Results that are committed together, and what happened besides.
    struct Results: Sendable {
        let jobs: [FinishedJob]
        let effects: [AnyEffect]
        let notes: [JobNote]

        func commit(
            to committer: any ResultCommitter<AnyEffect>,
            ambient: Ambient
        ) async -> Commitment {
            let begin = ambient.elapsed()
            let verdicts: Result<[CommitVerdict], CommitError>
            do throws(CommitError) {
                let found = try await committer.commit(jobs, effects: effects, notes: notes)
                precondition(found.count == jobs.count, "Each job of a commit has a verdict.")
                verdicts = .success(found)
            } catch {
                verdicts = .failure(error)
            }
            return Commitment(verdicts: verdicts, took: ambient.elapsed() - begin)
        }
    }

    /// What became of a commit, and how long it took.
    struct Commitment: Sendable {
        let verdicts: Result<[CommitVerdict], CommitError>
        let took: Duration
    }

    /// What is to be committed now.
    func nextCommit(_ now: Duration) -> Results? {
        guard mayCommit(now), areNotesDue(now) || isCommitDue(now) else { return nil }
        return Results(
            jobs: Array(waiting.jobs.prefix(limits.commitMax)),
            effects: Array(waiting.effects.prefix(limits.commitMax)),
            notes: Array(notes.prefix(limits.batchMax))
        )
    }

    mutating func take(_ commitment: Commitment) {
        jobsUnderWay = 0
        switch commitment.verdicts {
        case .success(let verdicts):
            notes.removeFirst(notesUnderWay)
            notesUnderWay = 0
            metrics.noteCommit(commitment.took)
            hasCommitFailed = false
            noteLedgerAnswer()
            apply(verdicts)
        case .failure(let error):
            notesUnderWay = 0
            metrics.noteCommitFailure()
            hasCommitFailed = true
            noteLedgerFailure(error)
        }
    }

    /// Tells the ledger's keeper of jobs that leave without a result.
    mutating func noteDropped() async {
        guard !dropped.isEmpty else { return }
        let jobs = dropped
        dropped = []
        do {
            try await committer.end(jobs)
        } catch {
            logger.warning(
                "discarded jobs could not be noted; what is sent again is discarded again",
                metadata: ["jobs": "\(jobs.count)", "error": "\(error)"]
            )
        }
    }

    /// Whether a commit that was not possible is not to be tried later.
    func mayCommit(_ now: Duration) -> Bool {
        commitRetry.map { now >= $0 } ?? true
    }

    /// Results are committed together: with others that end as soon, with their batch, before the
    /// next fetch, or in time.
    func isCommitDue(_ now: Duration) -> Bool {
        if waiting.isEmpty || isGathering(now) { return false }
        if drain != nil || commitRetry != nil || waiting.count >= limits.batchMax { return true }
        return open.contains { batch in
            batch.uncommitted > 0
                && (batch.unfinished == 0 || batch.isLost
                    || now - (batch.waitingSince ?? now) >= limits.settleEvery)
        } || (mayHaveWork && fetchLimit(now, settling: nil) > 0)
    }

    /// Whether results wait a moment for others that end as soon, to share a sync of the disk.
    ///
    /// Slow jobs are not waited for.
    func isGathering(_ now: Duration) -> Bool {
        guard drain == nil, commitRetry == nil, let average, !waiting.isEmpty,
            waiting.count < limits.commitMax, now - waiting.since < limits.gatherFor
        else { return false }
        // What was taken back may never end.
        let unfinished = open.reduce(0) { $0 + ($1.isLost ? 0 : $1.unfinished) }
        // The last ones take as long as one does.
        let rounds = max(unfinished, configuration.concurrency)
        return unfinished > 0 && average * rounds / configuration.concurrency < limits.gatherFor
    }

    private mutating func apply(_ verdicts: [CommitVerdict]) {
        let now = ambient.elapsed()
        for (index, verdict) in verdicts.enumerated() {
            let (batch, position) = waiting.places[index]
            let job = batch.batch.jobs[position]
            batch.uncommitted -= 1
            if batch.isLost {
                if verdict == .applied || verdict == .alreadyApplied { toForget.append(job.id) }
                if batch.uncommitted == 0 { batch.waitingSince = nil }
                continue
            }
            decide(
                outcome(after: verdict, job: job),
                for: position,
                of: batch,
                now: now,
                cause: verdict.isRejection ? .rejected : .handler,
                ran: waiting.jobs[index].ran
            )
        }
        waiting.removeFirst(verdicts.count, now: now)
    }

    private mutating func outcome(after verdict: CommitVerdict, job: Job) -> Outcome {
        // The common case, without a draw.
        if verdict == .applied { return .done }
        return rules(policy(forKind: job.kind)).outcome(
            after: verdict,
            attempt: job.attempt,
            draw: ambient.chance()
        )
    }

    private mutating func noteLedgerAnswer() {
        guard commitFailures > 0 else { return }
        commitFailures = 0
        commitRetry = nil
        board.update { $0.commitDownSince = nil }
        logger.notice("results can be committed again; work goes on")
    }

    /// Fetching goes on when what the ledger failed at is gone: nobody would ask it again.
    mutating func noteNothingToCommit(_ now: Duration) {
        guard let commitRetry, commitRetry <= now, !isCommitUnderWay, !isAdmissionUnderWay,
            waiting.isEmpty, notes.isEmpty, open.allSatisfy(\.isAdmitted)
        else { return }
        commitFailures = 0
        hasCommitFailed = false
        self.commitRetry = nil
        board.update { $0.commitDownSince = nil }
        logger.notice("what could not be committed is gone; work goes on")
    }

    /// Nobody's attempt: fetching stops, and the same commit is tried again.
    private mutating func noteLedgerFailure(_ error: CommitError) {
        let now = ambient.elapsed()
        commitFailures += 1
        // 20 doublings exceed the cap.
        let full = min(
            limits.commitBackoffCap,
            limits.commitBackoffBase * (1 << min(commitFailures - 1, 20))
        )
        commitRetry = now + full * (0.5 + ambient.chance() / 2)
        guard commitFailures == 1, case .unavailable(let reason) = error else { return }
        board.update { $0.commitDownSince = now }
        logger.error(
            "results cannot be committed; fetching stops and the commit is repeated until it can",
            metadata: ["reason": "\(reason)"]
        )
    }

    /// Gives up the commits that were not possible; their jobs go back untouched.
    mutating func releaseUncommitted() {
        let now = ambient.elapsed()
        for (batch, position) in waiting.places {
            batch.uncommitted -= 1
            decide(.release, for: position, of: batch, now: now)
        }
        waiting = WaitingResults()
        notes = []
    }
}

extension CommitVerdict {
    fileprivate var isRejection: Bool {
        if case .rejected = self { return true }
        return false
    }
}
