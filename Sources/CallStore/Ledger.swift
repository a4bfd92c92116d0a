package import JobQueue

/// What a program wants changed, as a value that a transaction applies.
///
/// It may be called twice: where another job of the same commit fails, everything is rolled back
/// and each change is made again by itself. So it changes nothing but the store.
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

    /// What people search it by, such as a conversation's id.
    package var entity: String?

    /// When it was enqueued first and when it could run last, Unix milliseconds of the queue.
    package var enqueuedMilliseconds: Int64?
    package var readyMilliseconds: Int64?

    /// How long the attempt took that is committed.
    package var ranMilliseconds: Int64?

    /// Whether the job index may have a row of it, to be ended with it.
    package var mayBeIndexed: Bool

    package init(
        id: JobID,
        kind: String,
        worker: WorkerID,
        fence: Int64,
        attempt: Int,
        trace: String? = nil,
        entity: String? = nil,
        enqueuedMilliseconds: Int64? = nil,
        readyMilliseconds: Int64? = nil,
        ranMilliseconds: Int64? = nil,
        mayBeIndexed: Bool = false
    ) {
        self.id = id
        self.kind = kind
        self.worker = worker
        self.fence = fence
        self.attempt = attempt
        self.trace = trace
        self.entity = entity
        self.enqueuedMilliseconds = enqueuedMilliseconds
        self.readyMilliseconds = readyMilliseconds
        self.ranMilliseconds = ranMilliseconds
        self.mayBeIndexed = mayBeIndexed
    }

    /// How long a job was ready before the attempt began that was committed at a moment.
    static func waitedMilliseconds(ready: Int64?, ran: Int64?, committed: Int64) -> Int64? {
        // The queue's clock and this one may differ.
        ready.map { max(0, committed - $0 - (ran ?? 0)) }
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
