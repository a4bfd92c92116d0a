import Ambient
import JobQueue
import Logging

extension Coordinator {
    /// Asks the ledger about new batches and hands the rest of their jobs to the handlers.
    mutating func admit() async {
        guard commitRetry.map({ ambient.elapsed() >= $0 }) ?? true else { return }
        for batch in open where !batch.isAdmitted {
            let jobs = batch.batch.jobs
            do {
                let finished = try await committer.finished(among: jobs.map(\.id))
                start(batch, finished: finished)
                noteLedgerAnswer()
            } catch {
                noteLedgerFailure(error)
                return
            }
        }
    }

    private mutating func start(_ batch: OpenBatch, finished: Set<JobID>) {
        let jobs = batch.batch.jobs
        var runnable = Array(jobs.indices)
        if !finished.isEmpty {
            let now = ambient.elapsed()
            runnable.removeAll { finished.contains(jobs[$0].id) }
            for position in jobs.indices where finished.contains(jobs[position].id) {
                batch.unfinished -= 1
                decide(.done, for: position, of: batch, now: now)
            }
        }
        let run = BatchRun(
            batch: batch.batch,
            policies: jobs.map { policy(forKind: $0.kind) },
            runnable: runnable
        )
        batch.run = run
        batch.isAdmitted = true
        if !runnable.isEmpty { crew.work.add(run) }
    }

    /// Commits what has ended, when it is due.
    mutating func commit() async {
        let now = ambient.elapsed()
        guard !commitJobs.isEmpty, commitRetry.map({ now >= $0 }) ?? true, isCommitDue(now)
        else { return }
        while !commitJobs.isEmpty, !Task.isCancelled {
            let count = min(commitJobs.count, limits.batchMax)
            let jobs = count == commitJobs.count ? commitJobs : Array(commitJobs.prefix(count))
            let begin = ambient.elapsed()
            do {
                let verdicts = try await committer.commit(jobs)
                precondition(verdicts.count == count, "Each job of a commit gets its verdict.")
                metrics.noteCommit(ambient.elapsed() - begin)
                noteLedgerAnswer()
                apply(verdicts)
            } catch {
                metrics.noteCommitFailure()
                noteLedgerFailure(error)
                return
            }
        }
    }

    /// Results are committed together: with their batch, with the next fetch, or in time.
    private func isCommitDue(_ now: Duration) -> Bool {
        if drain != nil || commitRetry != nil || commitJobs.count >= limits.batchMax { return true }
        return open.contains { batch in
            batch.uncommitted > 0
                && (batch.unfinished == 0 || batch.isLost
                    || now - (batch.waitingSince ?? now) >= limits.settleEvery)
        } || (mayHaveWork && fetchLimit(now, settling: nil) > 0)
    }

    private mutating func apply(_ verdicts: [CommitVerdict]) {
        let now = ambient.elapsed()
        for (index, verdict) in verdicts.enumerated() {
            let (batch, position) = commitPlaces[index]
            let job = commitJobs[index].job
            batch.uncommitted -= 1
            if batch.isLost {
                if verdict == .applied || verdict == .alreadyApplied { toForget.append(job.id) }
                continue
            }
            decide(outcome(after: verdict, job: job), for: position, of: batch, now: now)
        }
        commitJobs.removeFirst(verdicts.count)
        commitPlaces.removeFirst(verdicts.count)
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
        for (batch, position) in commitPlaces {
            batch.uncommitted -= 1
            decide(.release, for: position, of: batch, now: now)
        }
        commitJobs = []
        commitPlaces = []
    }
}
