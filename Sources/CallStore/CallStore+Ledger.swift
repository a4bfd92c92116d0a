import GRDB
package import JobQueue

extension CallStore {
    /// Which of these jobs are done already.
    package func finished(among ids: [JobID]) async throws(StoreError) -> Set<JobID> {
        guard !ids.isEmpty else { return [] }
        return try await read { database in
            // One statement for the whole batch: a call for each id costs more than its search.
            let statement = try database.cachedStatement(
                sql: """
                    select wanted.key from json_each(?) as wanted
                    where exists (select 1 from ledger where job_id = wanted.value)
                    """
            )
            let list = try StoredJSON.text(ids.map(\.text))
            return Set(try Int.fetchAll(statement, arguments: [list]).map { ids[$0] })
        }
    }

    /// Writes ledger rows and results of finished jobs in one transaction.
    ///
    /// Where the ledger has a job already nothing is changed; where its change breaks a rule or
    /// meets a newer state, it is rolled back alone. A job of the outbox leaves it here.
    ///
    /// - Parameters:
    ///   - jobs: The finished jobs; none when only the caller's own change is to be made.
    ///   - first: A change of the caller's own that shares the transaction, and with it the fsync.
    /// - Returns: What became of each job, and the follow-on jobs that wait to be sent.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole; nothing
    ///   was changed, and the same call may be made again.
    package func commit(
        _ jobs: [LedgerJob],
        first: StoreChange? = nil
    ) async throws(StoreError) -> LedgerReceipt {
        guard !jobs.isEmpty || first != nil else {
            return LedgerReceipt(verdicts: [], outbox: [])
        }
        return try await change { database in
            let writer = writer(on: database)
            try first?(writer)
            let verdicts = try writer.apply(jobs)
            return LedgerReceipt(verdicts: verdicts, outbox: writer.added.entries)
        }
    }
}

extension StoreWriter {
    /// All jobs under one savepoint; when one of them fails, each under its own.
    ///
    /// Two statements for a savepoint cost as much as the ledger's row does, and most batches have
    /// nothing to roll back.
    fileprivate func apply(_ jobs: [LedgerJob]) throws -> [LedgerVerdict] {
        guard !jobs.isEmpty else { return [] }
        // Most batches find an empty outbox: then no job can have come from it.
        let mayBeInOutbox = try hasOutbox()
        let together = try undoable {
            try jobs.map { job in try enter(job, mayBeInOutbox: mayBeInOutbox) }
        }
        switch together {
        case .success(let verdicts): return verdicts
        case .failure:
            return try jobs.map { job in
                switch try undoable({ try enter(job, mayBeInOutbox: mayBeInOutbox) }) {
                case .success(let verdict): verdict
                case .failure(let error): Self.verdict(of: error)
                }
            }
        }
    }

    /// Rolls back what a body did that failed, and nothing else.
    ///
    /// - Throws: What concerns the store as a whole: a full disk or a lost lock is no job's fault.
    private func undoable<Value>(_ body: () throws -> Value) throws -> Result<Value, StoreError> {
        let addedBefore = added.entries.count
        // Compiled once: a savepoint of GRDB's own making would be compiled each time.
        try run("savepoint job")
        do {
            let value = try body()
            try run("release savepoint job")
            return .success(value)
        } catch {
            let error = StoreError(error)
            if error.concernsStore { throw error }
            try run("rollback to savepoint job")
            try run("release savepoint job")
            added.entries.removeLast(added.entries.count - addedBefore)
            return .failure(error)
        }
    }

    /// One job's ledger row and change.
    private func enter(_ job: LedgerJob, mayBeInOutbox: Bool) throws -> LedgerVerdict {
        let isFirst = try enter(job.entry)
        if mayBeInOutbox {
            try run("delete from outbox where job_id = ?", [job.entry.id.text])
        }
        if isFirst { try job.change(self) }
        if job.entry.mayBeIndexed { try markDone(job.entry) }
        return isFirst ? .applied : .alreadyApplied
    }

    /// Adds the ledger's row; false when it is there.
    private func enter(_ entry: LedgerEntry) throws -> Bool {
        let waited = entry.readyMilliseconds.map {
            // The queue's clock and this one may differ.
            max(0, nowMilliseconds - $0 - (entry.ranMilliseconds ?? 0))
        }
        return try run(
            """
            insert into ledger (
                job_id, kind, worker, fence, attempt, finished_ms, entity, enqueued_ms, waited_ms,
                ran_ms
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (job_id) do nothing
            """,
            [
                entry.id.text, entry.kind, entry.worker.text, entry.fence, entry.attempt,
                nowMilliseconds, entry.entity, entry.enqueuedMilliseconds, waited,
                entry.ranMilliseconds,
            ]
        ) == 1
    }

    fileprivate func hasOutbox() throws -> Bool {
        try Bool.fetchOne(
            database.cachedStatement(sql: "select exists (select 1 from outbox)")
        ) ?? false
    }

    private static func verdict(of error: StoreError) -> LedgerVerdict {
        switch error {
        case .stale(let reason): .stale(reason: reason)
        case .rejected(let reason): .rejected(reason: reason)
        case .notFound(let what): .rejected(reason: "\(what) does not exist")
        case .unavailable, .newerSchema, .damaged, .cancelled:
            preconditionFailure("Errors that concern the store end the whole commit.")
        }
    }
}
