package import CallStore
package import JobQueue
package import JobWorker

/// Makes results of jobs lasting in the store and sends what follows from them.
package struct StoreCommitter: ResultCommitter {
    package typealias Effect = StoreChange

    private let store: CallStore
    private let relay: OutboxRelay

    package init(store: CallStore, relay: OutboxRelay) {
        self.store = store
        self.relay = relay
    }

    package func finished(among ids: [JobID]) async throws(CommitError) -> Set<JobID> {
        do {
            return try await store.finished(among: ids)
        } catch {
            throw CommitError(error)
        }
    }

    package func commit(
        _ jobs: [FinishedJob<StoreChange>]
    ) async throws(CommitError) -> [CommitVerdict] {
        guard !jobs.isEmpty else { return [] }
        let notes = relay.pendingNotes()
        let noting: StoreChange = { writer in try Note.write(notes, with: writer) }
        let receipt: LedgerReceipt
        do throws(StoreError) {
            receipt = try await store.commit(jobs.map { LedgerJob($0) }, first: noting)
        } catch {
            relay.keep(notes)
            throw CommitError(error)
        }
        await relay.send(receipt.outbox)
        return receipt.verdicts.map { CommitVerdict($0) }
    }
}

extension StoreCommitter {
    package func end(_ jobs: [DroppedJob]) async throws(CommitError) {
        let entries = jobs.map { dropped in
            LedgerEntry(
                id: dropped.job.id,
                kind: dropped.job.kind,
                worker: dropped.worker,
                fence: dropped.fence,
                attempt: dropped.job.attempt
            )
        }
        do {
            try await store.end(entries)
        } catch {
            throw CommitError(error)
        }
    }
}

extension LedgerJob {
    fileprivate init(_ finished: FinishedJob<StoreChange>) {
        self.init(
            entry: LedgerEntry(
                id: finished.job.id,
                kind: finished.job.kind,
                worker: finished.worker,
                fence: finished.fence,
                attempt: finished.job.attempt
            ),
            change: finished.effect
        )
    }
}

extension CommitVerdict {
    fileprivate init(_ verdict: LedgerVerdict) {
        switch verdict {
        case .applied: self = .applied
        case .alreadyApplied: self = .alreadyApplied
        case .stale(let reason): self = .stale(reason: reason)
        case .rejected(let reason): self = .rejected(reason: reason)
        }
    }
}

extension CommitError {
    /// A store that refuses for good is waited for, too: settling without a commit would lose
    /// results, and somebody may repair it.
    fileprivate init(_ error: StoreError) {
        switch error {
        case .cancelled: self = .cancelled
        case .unavailable(let reason): self = .unavailable(reason: reason)
        case .damaged(let reason): self = .unavailable(reason: "the store is damaged: \(reason)")
        case .newerSchema(let found, let known):
            self = .unavailable(
                reason: "the store has schema \(found), this program knows \(known)"
            )
        case .rejected(let reason), .stale(let reason), .notFound(let reason):
            self = .unavailable(reason: reason)
        }
    }
}
