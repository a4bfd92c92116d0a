import GRDB
package import JobQueue
import Traces

extension CallStore {
    /// Which of these jobs are done already.
    package func finished(among ids: [JobID]) async throws(StoreError) -> Set<JobID> {
        guard !ids.isEmpty else { return [] }
        return try await read { database in
            // Few statements for the whole batch: a call for each id costs more than its search.
            var found: Set<JobID> = []
            try RowsStatement.cut(ids) { part in
                let sql = Self.finishedAmong.text(rows: part.count)
                let statement = try database.bound(sql) { values in
                    for position in part.indices {
                        try values.bind(position)
                        try values.bind(part[position].text)
                    }
                }
                for position in try Int.fetchAll(statement) { found.insert(part[position]) }
            }
            return found
        }
    }

    private static let finishedAmong = RowsStatement { count in
        """
        with wanted (position, id) as (values \(StoreWriter.rows(count, of: "(?,?)")))
        select position from wanted
        where exists (select 1 from ledger where job_id = wanted.id)
        """
    }

    /// Writes ledger rows and results of finished jobs in one transaction.
    ///
    /// Where the ledger has a job already nothing is changed; where its change breaks a rule or
    /// meets a newer state, it is rolled back alone. A job of the outbox leaves it here.
    ///
    /// - Parameters:
    ///   - jobs: The finished jobs; none when only the caller's own change is to be made.
    ///   - first: A change of the caller's own that shares the transaction, and with it the fsync. It
    ///     is made twice, too, where a job of the commit fails.
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
        do throws(StoreError) {
            return try await commit(jobs, first: first, isWhole: true)
        } catch {
            // One of the jobs failed, or the ledger has it: each by itself.
            if error.concernsStore { throw error }
            metrics.noteRepeat()
            return try await commit(jobs, first: first, isWhole: false)
        }
    }

    private func commit(
        _ jobs: [LedgerJob],
        first: StoreChange?,
        isWhole: Bool
    ) async throws(StoreError) -> LedgerReceipt {
        try await change { database in
            var writer = writer(on: database)
            writer.isWhole = isWhole
            try first?(writer)
            let verdicts = try writer.apply(jobs)
            try writer.announceEvents()
            return LedgerReceipt(verdicts: verdicts, outbox: writer.added.entries)
        }
    }
}

extension CallStore {
    /// Ends jobs that have no result: they leave the outbox, and a copy that is still delivered
    /// changes nothing.
    ///
    /// One that has its result already keeps it.
    package func end(_ jobs: [LedgerEntry]) async throws(StoreError) {
        guard !jobs.isEmpty else { return }
        try await write { writer in try writer.end(jobs) }
    }
}

extension StoreWriter {
    /// Ends jobs that have no result, as `CallStore.end` says.
    package func end(_ jobs: [LedgerEntry]) throws {
        for job in jobs {
            try run(
                """
                insert into ledger (
                    job_id, kind, worker, fence, attempt, finished_ms, entity, is_dropped
                ) values (?, ?, ?, ?, ?, ?, ?, 1) on conflict (job_id) do nothing
                """,
                [
                    job.id.text, job.kind, job.worker.text, job.fence, job.attempt,
                    nowMilliseconds, job.entity,
                ]
            )
            try run("delete from outbox where job_id = ?", [job.id.text])
        }
    }

    /// All jobs at once, or each under its own savepoint.
    ///
    /// Most batches are new and have nothing to roll back, and a statement for each of their rows
    /// costs several times as much as the row.
    ///
    /// - Throws: All at once also what concerns one of the jobs, and `StoreError.stale` when the
    ///   ledger has one.
    fileprivate func apply(_ jobs: [LedgerJob]) throws -> [LedgerVerdict] {
        guard !jobs.isEmpty else { return [] }
        // Most batches find an empty outbox: then no job can have come from it.
        let mayBeInOutbox = try hasOutbox()
        if isWhole {
            try enterTogether(jobs, mayBeInOutbox: mayBeInOutbox)
            return jobs.map { _ in .applied }
        }
        return try jobs.map { job in
            switch try undoable({ try enter(job, mayBeInOutbox: mayBeInOutbox) }) {
            case .success(let verdict): verdict
            case .failure(let error): Self.verdict(of: error)
            }
        }
    }

    /// Rolls back what a body did that failed, and nothing else.
    ///
    /// - Throws: What concerns the store as a whole: a full disk or a lost lock is no job's fault.
    func undoable<Value>(_ body: () throws -> Value) throws -> Result<Value, StoreError> {
        let addedBefore = added.entries.count
        // Compiled once: a savepoint of GRDB's own making would be compiled each time.
        try run("savepoint part")
        do {
            let value = try body()
            try run("release savepoint part")
            return .success(value)
        } catch {
            let error = StoreError(error)
            if error.concernsStore { throw error }
            try run("rollback to savepoint part")
            try run("release savepoint part")
            added.entries.removeLast(added.entries.count - addedBefore)
            added.notedCampaigns = []
            return .failure(error)
        }
    }

    /// The ledger rows and changes of jobs that are all new.
    ///
    /// - Throws: `StoreError.stale` when the ledger has one of them, or what a change throws.
    private func enterTogether(_ jobs: [LedgerJob], mayBeInOutbox: Bool) throws {
        // An array's element would be copied wherever it is only looked at.
        try jobs.withUnsafeBufferPointer { try enterTogether($0, mayBeInOutbox: mayBeInOutbox) }
    }

    private func enterTogether(
        _ jobs: UnsafeBufferPointer<LedgerJob>,
        mayBeInOutbox: Bool
    ) throws {
        var entered = 0
        for group in Self.grouped(jobs) {
            try RowsStatement.cut(group.positions) { part in
                let statement = try bound(Self.insertEntries.text(rows: part.count)) { values in
                    for position in part {
                        try values.bind(jobs[position].entry.id.text)
                        try values.bind(jobs[position].entry.entity)
                        try values.bind(jobs[position].entry.enqueuedMilliseconds)
                        try values.bind(
                            LedgerEntry.waitedMilliseconds(
                                ready: jobs[position].entry.readyMilliseconds,
                                ran: jobs[position].entry.ranMilliseconds,
                                committed: nowMilliseconds
                            )
                        )
                        try values.bind(jobs[position].entry.ranMilliseconds)
                    }
                    try values.bind(group.delivery, nowMilliseconds)
                }
                try statement.execute()
                entered += database.changesCount
            }
        }
        guard entered == jobs.count else { throw StoreError.stale(reason: "not all are new") }
        if mayBeInOutbox {
            let list = StoredJSON.list(jobs.map(\.entry.id))
            try run("delete from outbox where job_id in (select value from json_each(?))", [list])
        }
        for position in jobs.indices {
            try make(
                jobs[position].change,
                of: jobs[position].entry.id,
                attempt: jobs[position].entry.attempt,
                trace: jobs[position].entry.trace
            )
        }
        let noted = jobs.indices.filter { jobs[$0].entry.mayBeIndexed }
        try markDone(noted.map { jobs[$0].entry })
    }

    /// The rows of one delivery: what they share stands last among the values.
    private static let insertEntries = RowsStatement { count in
        """
        with entries (job_id, entity, enqueued_ms, waited_ms, ran_ms) as (
            values \(rows(count, of: "(?,?,?,?,?)"))
        )
        insert into ledger (
            kind, worker, fence, attempt, finished_ms, job_id, entity, enqueued_ms, waited_ms,
            ran_ms
        )
        select ?, ?, ?, ?, ?, job_id, entity, enqueued_ms, waited_ms, ran_ms
        from entries where true
        on conflict (job_id) do nothing
        """
    }

    /// Where the jobs of each delivery stand, in the order in which deliveries come first.
    private static func grouped(
        _ jobs: UnsafeBufferPointer<LedgerJob>
    ) -> [(delivery: Delivery, positions: [Int])] {
        var groups: [(delivery: Delivery, positions: [Int])] = []
        var known: [Delivery: Int] = [:]
        var last = 0
        for position in jobs.indices {
            // Mostly that of the job before, which is told faster than it is looked up.
            if position == 0 || !isSameDelivery(jobs, position, position - 1) {
                let delivery = Delivery(jobs[position].entry)
                last = known[delivery] ?? groups.count
                if last == groups.count {
                    known[delivery] = last
                    groups.append((delivery, []))
                }
            }
            groups[last].positions.append(position)
        }
        return groups
    }

    private static func isSameDelivery(
        _ jobs: UnsafeBufferPointer<LedgerJob>,
        _ first: Int,
        _ second: Int
    ) -> Bool {
        jobs[first].entry.fence == jobs[second].entry.fence
            && jobs[first].entry.attempt == jobs[second].entry.attempt
            && jobs[first].entry.kind == jobs[second].entry.kind
            && jobs[first].entry.worker == jobs[second].entry.worker
    }

    /// What the jobs of one batch mostly share.
    fileprivate struct Delivery: Hashable {
        let kind: String
        let worker: WorkerID
        let fence: Int64
        let attempt: Int

        init(_ entry: LedgerEntry) {
            kind = entry.kind
            worker = entry.worker
            fence = entry.fence
            attempt = entry.attempt
        }
    }

    /// One job's ledger row and change.
    private func enter(_ job: LedgerJob, mayBeInOutbox: Bool) throws -> LedgerVerdict {
        let isFirst = try enter(job.entry)
        if mayBeInOutbox {
            try run("delete from outbox where job_id = ?", [job.entry.id.text])
        }
        if isFirst {
            let entry = job.entry
            try make(job.change, of: entry.id, attempt: entry.attempt, trace: entry.trace)
        }
        if job.entry.mayBeIndexed { try markDone([job.entry]) }
        return isFirst ? .applied : .alreadyApplied
    }

    /// Makes a job's change; what it puts into the outbox follows from the job.
    private func make(
        _ change: StoreChange,
        of id: JobID,
        attempt: Int,
        trace: String?
    ) throws {
        added.cause = TraceScope(job: id.text, attempt: attempt, traceparent: trace)
        try change(self)
    }

    /// Adds the ledger's row; false when it is there.
    private func enter(_ entry: LedgerEntry) throws -> Bool {
        try run(
            """
            insert into ledger (
                job_id, kind, worker, fence, attempt, finished_ms, entity, enqueued_ms, waited_ms,
                ran_ms
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (job_id) do nothing
            """,
            [
                entry.id.text, entry.kind, entry.worker.text, entry.fence, entry.attempt,
                nowMilliseconds, entry.entity, entry.enqueuedMilliseconds,
                LedgerEntry.waitedMilliseconds(
                    ready: entry.readyMilliseconds,
                    ran: entry.ranMilliseconds,
                    committed: nowMilliseconds
                ), entry.ranMilliseconds,
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

extension StatementValues {
    /// The values that the rows of a delivery share.
    fileprivate mutating func bind(
        _ delivery: StoreWriter.Delivery,
        _ nowMilliseconds: Int64
    ) throws {
        try bind(delivery.kind)
        try bind(delivery.worker.text)
        try bind(delivery.fence)
        try bind(delivery.attempt)
        try bind(nowMilliseconds)
    }
}
