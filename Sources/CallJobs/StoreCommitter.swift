package import CallStore
import Foundation
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

    package func isFollowed(_ job: Job) -> Bool { JobEntity.of(job) != nil }

    package func commit(
        _ jobs: [FinishedJob],
        effects: [StoreChange],
        notes told: [JobNote]
    ) async throws(CommitError) -> [CommitVerdict] {
        guard !jobs.isEmpty || !told.isEmpty else { return [] }
        let isQuiet = relay.isQuiet
        let notes = relay.pendingNotes()
        let marks = told.map { JobMark($0) }
        let noting: StoreChange = { writer in
            try Note.write(notes, with: writer)
            try writer.mark(marks)
        }
        let receipt: LedgerReceipt
        do throws(StoreError) {
            let entries = zip(jobs, effects).map { LedgerJob($0, $1) }
            receipt = try await store.commit(entries, first: noting)
        } catch {
            relay.keep(notes)
            throw CommitError(error)
        }
        await relay.send(receipt.outbox)
        // A busy worker's next commit takes the notes along; a quiet one's may be far off.
        if isQuiet { await relay.note() }
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
    fileprivate init(_ finished: FinishedJob, _ effect: @escaping StoreChange) {
        self.init(
            entry: LedgerEntry(
                id: finished.job.id,
                kind: finished.job.kind,
                worker: finished.worker,
                fence: finished.fence,
                attempt: finished.job.attempt,
                trace: finished.job.trace,
                entity: JobEntity.of(finished.job),
                enqueuedMilliseconds: finished.job.createdMilliseconds,
                readyMilliseconds: finished.job.readyMilliseconds,
                ranMilliseconds: finished.ran.noteMilliseconds,
                mayBeIndexed: finished.isNoted || finished.job.isRedelivered
            ),
            change: effect
        )
    }
}

extension JobMark {
    /// A worker's note, as the index keeps it.
    fileprivate init(_ note: JobNote) {
        let at = Int64((note.at.timeIntervalSince1970 * 1000).rounded(.down))
        let event: Event
        var failure: String?
        var reason: String?
        var due: Int64?
        switch note.event {
        case .running: event = .started
        case .failed(let delay, let why):
            event = .failed
            (failure, reason) = (JobErrorClass(cause: note.cause, reason: why).rawValue, why)
            due = at + delay.noteMilliseconds
        case .snoozed(let delay, let why):
            event = .snoozed
            reason = why
            due = at + delay.noteMilliseconds
        case .released: event = .released
        case .discarded(let why):
            event = .cancelled
            reason = why
        case .dead(let why):
            event = .dead
            (failure, reason) = (JobErrorClass(cause: note.cause, reason: why).rawValue, why)
        case .alreadyDone: event = .done
        }
        self.init(
            id: note.job.id,
            kind: note.job.kind,
            lane: note.job.lane,
            event: event,
            entity: JobEntity.of(note.job),
            attempt: note.job.attempt,
            worker: note.worker,
            fence: note.fence,
            errorClass: failure,
            reason: reason,
            enqueuedMilliseconds: note.job.createdMilliseconds,
            atMilliseconds: at,
            ranMilliseconds: note.ran?.noteMilliseconds,
            dueMilliseconds: due
        )
    }
}

extension Duration {
    /// Whole milliseconds, rounded up.
    fileprivate var noteMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
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
