import GRDB
package import JobQueue

extension CallStore {
    /// Which of these jobs are done already.
    package func finished(among ids: [JobID]) async throws(StoreError) -> Set<JobID> {
        guard !ids.isEmpty else { return [] }
        return try await read { database in
            let statement = try database.cachedStatement(
                sql: "select 1 from ledger where job_id = ?"
            )
            var finished: Set<JobID> = []
            for id in ids
            where try Int.fetchOne(statement, arguments: [id.text]) != nil {
                finished.insert(id)
            }
            return finished
        }
    }

    /// Writes ledger rows and results of finished jobs in one transaction.
    ///
    /// Each job stands in a savepoint: where the ledger has it already nothing is changed; where
    /// its change breaks a rule or meets a newer state, it is rolled back alone. A job of the
    /// outbox leaves it here.
    ///
    /// - Parameters:
    ///   - jobs: The finished jobs.
    ///   - first: A change of the caller's own that shares the transaction, and with it the fsync.
    /// - Returns: What became of each job, and the follow-on jobs that wait to be sent.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole; nothing
    ///   was changed, and the same call may be made again.
    package func commit(
        _ jobs: [LedgerJob],
        first: StoreChange? = nil
    ) async throws(StoreError) -> LedgerReceipt {
        guard !jobs.isEmpty else { return LedgerReceipt(verdicts: [], outbox: []) }
        return try await change { database in
            let writer = writer(on: database)
            try first?(writer)
            var verdicts: [LedgerVerdict] = []
            verdicts.reserveCapacity(jobs.count)
            // Most batches find an empty outbox: then no job can have come from it.
            let hasOutbox = try writer.hasOutbox()
            for job in jobs {
                verdicts.append(try writer.apply(job, mayBeInOutbox: hasOutbox))
            }
            return LedgerReceipt(verdicts: verdicts, outbox: writer.added.entries)
        }
    }
}

extension StoreWriter {
    /// One job's ledger row and change, together or not at all.
    fileprivate func apply(_ job: LedgerJob, mayBeInOutbox: Bool) throws -> LedgerVerdict {
        let addedBefore = added.entries.count
        // Compiled once: a savepoint of GRDB's own making would cost more than the ledger's row.
        try run("savepoint job")
        do {
            let isFirst = try enter(job.entry)
            if mayBeInOutbox {
                try run("delete from outbox where job_id = ?", [job.entry.id.text])
            }
            if isFirst { try job.change(self) }
            try run("release savepoint job")
            return isFirst ? .applied : .alreadyApplied
        } catch {
            let error = StoreError(error)
            // A full disk or a lost lock is nobody's fault: the whole batch is tried again.
            if error.concernsStore { throw error }
            try run("rollback to savepoint job")
            try run("release savepoint job")
            added.entries.removeLast(added.entries.count - addedBefore)
            return Self.verdict(of: error)
        }
    }

    /// Adds the ledger's row; false when it is there.
    private func enter(_ entry: LedgerEntry) throws -> Bool {
        try run(
            """
            insert into ledger (job_id, kind, worker, fence, attempt, finished_ms)
            values (?, ?, ?, ?, ?, ?) on conflict (job_id) do nothing
            """,
            [
                entry.id.text, entry.kind, entry.worker.text, entry.fence, entry.attempt,
                nowMilliseconds,
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
