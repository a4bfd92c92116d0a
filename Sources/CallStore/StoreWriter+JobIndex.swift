import GRDB
import JobQueue

extension StoreWriter {
    /// Notes what happened to jobs, and drops the oldest rows beyond the index's bound.
    ///
    /// A note that breaks a rule of the store is left out: the index serves people, and no result
    /// may wait for it.
    ///
    /// - Returns: How many were noted.
    /// - Throws: Errors that concern the store as a whole; in a transaction that is made again when
    ///   any of it fails, also what concerns one of the notes, to be passed on.
    @discardableResult
    package func mark(
        _ marks: [JobMark],
        rowsMax: Int = JobIndexLimits.rowsMax
    ) throws -> Int {
        guard !marks.isEmpty else { return 0 }
        let noted: Int
        if isWhole, marks.allSatisfy({ $0.fence != nil }) {
            try RowsStatement.cut(marks) { part in
                guard try enter(part) == part.count else {
                    throw StoreError.stale(reason: "a newer delivery has spoken of one")
                }
            }
            try append(marks)
            noted = marks.count
        } else {
            noted = try marks.count { mark in try undoable { try note(mark) } == .success(true) }
        }
        try boundJobIndex(rowsMax: rowsMax, removing: 2 * marks.count)
        return noted
    }

    /// Whether it was news.
    private func note(_ mark: JobMark) throws -> Bool {
        guard try enter([mark]) == 1 else { return false }
        try append([mark])
        return true
    }

    /// Ends the rows of jobs that are done; a job that the index does not know stays unknown.
    func markDone(_ entries: [LedgerEntry]) throws {
        let known = try entries.filter { entry in
            let statement = try bound(
                """
                update job_index set state = 'done', attempt = ?, worker = ?,
                    fence = max(fence, ?), changed_ms = ?, due_ms = null
                where job_id = ?
                """
            ) { values in
                try values.bind(entry.attempt)
                try values.bind(entry.worker.text)
                try values.bind(entry.fence)
                try values.bind(nowMilliseconds)
                try values.bind(entry.id.text)
            }
            try statement.execute()
            return database.changesCount == 1
        }
        try append(
            known.map { entry in
                JobMark(
                    id: entry.id,
                    kind: entry.kind,
                    lane: .std,
                    event: .done,
                    attempt: entry.attempt,
                    worker: entry.worker,
                    fence: entry.fence,
                    enqueuedMilliseconds: entry.enqueuedMilliseconds ?? 0,
                    atMilliseconds: nowMilliseconds,
                    ranMilliseconds: entry.ranMilliseconds
                )
            }
        )
    }

    /// Adds or changes the rows of jobs.
    ///
    /// - Parameter marks: Several from workers, or one: what a person says always counts.
    /// - Returns: How many were news; of the others a newer delivery has spoken.
    /// - Throws: Errors of the database.
    private func enter(_ marks: ArraySlice<JobMark>) throws -> Int {
        let statement = try bound(Self.enterMarks.text(rows: marks.count)) { values in
            for mark in marks {
                try values.bind(mark.id.text)
                try values.bind(mark.kind)
                try values.bind(mark.lane.rawValue)
                try values.bind(mark.event.state.rawValue)
                try values.bind(mark.entity)
                try values.bind(mark.errorClass)
                try values.bind(mark.reason)
                try values.bind(mark.attempt)
                try values.bind(mark.event == .failed || mark.event == .dead ? 1 : 0)
                try values.bind(mark.worker?.text)
                try values.bind(mark.fence ?? 0)
                try values.bind(mark.enqueuedMilliseconds)
                try values.bind(mark.atMilliseconds)
                try values.bind(mark.dueMilliseconds)
            }
            try values.bind(marks.first?.fence == nil ? 1 : 0)
        }
        try statement.execute()
        return database.changesCount
    }

    private static let enterMarks = RowsStatement { count in
        """
        insert into job_index (
            job_id, kind, lane, state, entity, error_class, reason, attempt, failures, worker,
            fence, enqueued_ms, changed_ms, due_ms
        ) values \(rows(count, of: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))
        on conflict (job_id) do update set
            state = excluded.state,
            entity = coalesce(excluded.entity, entity),
            error_class = coalesce(excluded.error_class, error_class),
            reason = coalesce(excluded.reason, reason),
            attempt = excluded.attempt,
            failures = failures + excluded.failures,
            worker = coalesce(excluded.worker, worker),
            fence = max(fence, excluded.fence),
            changed_ms = excluded.changed_ms,
            due_ms = excluded.due_ms
        where excluded.fence >= fence or ?
        """
    }

    /// Adds to what happened to jobs, and keeps the latest of each.
    private func append(_ marks: [JobMark]) throws {
        try RowsStatement.cut(marks) { part in
            var counts: [JobID: Int] = [:]
            let statement = try bound(Self.appendEvents.text(rows: part.count)) { values in
                for mark in part {
                    counts[mark.id, default: 0] += 1
                    try values.bind(mark.id.text)
                    try values.bind(counts[mark.id])
                    try values.bind(mark.atMilliseconds)
                    try values.bind(mark.event.rawValue)
                    try values.bind(mark.attempt)
                    try values.bind(mark.worker?.text)
                    try values.bind(mark.fence)
                    try values.bind(mark.person)
                    try values.bind(mark.errorClass)
                    try values.bind(mark.reason)
                    try values.bind(mark.ranMilliseconds)
                    try values.bind(mark.dueMilliseconds)
                }
                try values.bind(JobIndexLimits.eventsPerJobMax)
            }
            for id in Set(try Optional<String>.fetchAll(statement).compactMap { $0 }) {
                try run(
                    """
                    delete from job_events where job_id = ?1 and position <= (
                        select max(position) from job_events where job_id = ?1
                    ) - ?2
                    """,
                    [id, JobIndexLimits.eventsPerJobMax]
                )
            }
        }
    }

    /// Returns the id with each event that goes beyond the bound of its job.
    private static let appendEvents = RowsStatement { count in
        """
        with marks (
            job_id, nth, at_ms, event, attempt, worker, fence, person, error_class, reason, ran_ms,
            due_ms
        ) as (values \(rows(count, of: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")))
        insert into job_events (
            job_id, position, at_ms, event, attempt, worker, fence, person, error_class, reason,
            ran_ms, due_ms
        )
        select job_id, nth + coalesce(
                (select max(position) from job_events where job_events.job_id = marks.job_id), 0
            ), at_ms, event, attempt, worker, fence, person, error_class, reason, ran_ms, due_ms
        from marks where true
        returning case when position > ? then job_id end
        """
    }

    /// Drops rows beyond the bound: those of jobs that are over first, the oldest first.
    private func boundJobIndex(rowsMax: Int, removing limit: Int) throws {
        let rows =
            try Int.fetchOne(database.cachedStatement(sql: "select rows from job_index_size")) ?? 0
        var excess = min(rows - rowsMax, limit)
        guard excess > 0 else { return }
        for states in ["state = 'done'", "state = 'cancelled'", "true"] where excess > 0 {
            excess -= try run(
                """
                delete from job_index where job_id in (
                    select job_id from job_index where \(states) order by changed_ms limit ?
                )
                """,
                [excess]
            )
        }
    }

    /// Removes jobs from the index of which nothing was said since a moment.
    ///
    /// - Parameters:
    ///   - moment: Unix milliseconds.
    ///   - limit: Most rows to remove: a transaction stays short.
    /// - Returns: How many were removed; fewer than the limit when nothing is left.
    /// - Throws: Errors of the database.
    package func removeIndexedJobs(changedBefore moment: Int64, limit: Int) throws -> Int {
        try run(
            """
            delete from job_index where job_id in (
                select job_id from job_index where changed_ms < ? order by changed_ms limit ?
            )
            """,
            [moment, limit]
        )
    }
}
