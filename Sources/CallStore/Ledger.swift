package import JobQueue

/// What a program wants changed, as a value that a transaction applies.
package typealias StoreChange = @Sendable (StoreWriter) throws -> Void

/// The row that says that a job is done, for good.
package struct LedgerEntry: Hashable, Sendable {
    package var id: JobID
    package var kind: String
    package var worker: WorkerID
    package var fence: Int64
    package var attempt: Int

    /// W3C `traceparent` of the job.
    ///
    /// What follows from it becomes a child; the ledger does not keep it.
    package var trace: String?

    package init(
        id: JobID,
        kind: String,
        worker: WorkerID,
        fence: Int64,
        attempt: Int,
        trace: String? = nil
    ) {
        self.id = id
        self.kind = kind
        self.worker = worker
        self.fence = fence
        self.attempt = attempt
        self.trace = trace
    }
}

/// A finished job and what it changes.
package struct LedgerJob: Sendable {
    package var entry: LedgerEntry
    package var change: StoreChange

    package init(entry: LedgerEntry, change: @escaping StoreChange) {
        self.entry = entry
        self.change = change
    }
}

/// What a commit did with one job.
package enum LedgerVerdict: Hashable, Sendable {
    case applied

    /// The ledger had it; nothing was changed.
    case alreadyApplied

    /// Somebody else changed what it was made from; nothing was changed.
    case stale(reason: String)

    /// It broke a rule of the store and was rolled back alone.
    case rejected(reason: String)
}

/// What a commit did.
package struct LedgerReceipt: Sendable {
    /// One for each job, in order.
    package var verdicts: [LedgerVerdict]

    /// The follow-on jobs that are now in the outbox, in the order in which they were added.
    package var outbox: [OutboxEntry]
}
