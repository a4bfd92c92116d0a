import GRDB

extension StoreWriter {
    /// Removes raw bodies of a kind that were last received before a moment.
    ///
    /// Those that could not be understood stay for as long as details do: the caller passes their
    /// own, later bound.
    ///
    /// - Parameters:
    ///   - kind: Which bodies.
    ///   - moment: Unix milliseconds.
    ///   - unreadableBefore: The bound of bodies that could not be understood, Unix milliseconds.
    ///   - limit: Most rows to remove: a transaction stays short.
    /// - Returns: How many were removed; fewer than the limit when nothing is left.
    /// - Throws: Errors of the database.
    package func removeRawBodies(
        _ kind: RawBody.Kind,
        receivedBefore moment: Int64,
        unreadableBefore: Int64,
        limit: Int
    ) throws -> Int {
        try run(
            """
            delete from raw_bodies where id in (
                select id from raw_bodies
                where kind = ? and received_ms < iif(unreadable_reason is null, ?, ?)
                order by received_ms limit ?
            )
            """,
            [kind.rawValue, moment, unreadableBefore, limit]
        )
    }

    /// Removes webhooks of the inbox that were settled before a moment; returns how many.
    package func removeInbox(
        _ state: InboxItem.State,
        settledBefore moment: Int64,
        limit: Int
    ) throws -> Int {
        try run(
            """
            delete from inbox where id in (
                select id from inbox where state = ? and settled_ms < ?
                order by settled_ms limit ?
            )
            """,
            [state.rawValue, moment, limit]
        )
    }

    /// Removes ledger rows of jobs that finished before a moment; returns how many.
    package func removeLedger(finishedBefore moment: Int64, limit: Int) throws -> Int {
        try run(
            """
            delete from ledger where job_id in (
                select job_id from ledger where finished_ms < ? order by finished_ms limit ?
            )
            """,
            [moment, limit]
        )
    }

    /// Removes jobs of the outbox that the ledger has, and those made before a moment.
    ///
    /// - Returns: How many were removed.
    package func removeOutbox(createdBefore moment: Int64, limit: Int) throws -> Int {
        try run(
            """
            delete from outbox where job_id in (
                select job_id from outbox
                where created_ms < ?
                or exists (select 1 from ledger where ledger.job_id = outbox.job_id)
                limit ?
            )
            """,
            [moment, limit]
        )
    }

    /// Removes rows of exports whose files expired before a moment; returns how many.
    package func removeExports(expiredBefore moment: Int64, limit: Int) throws -> Int {
        try run(
            """
            delete from exports where id in (
                select id from exports where state = 'expired' and expires_ms < ? limit ?
            )
            """,
            [moment, limit]
        )
    }
}

extension CallStore {
    /// Lets SQLite gather statistics where queries would gain, within its own bound.
    package func optimize() async throws(StoreError) {
        _ = try await change { database in
            try database.execute(sql: "pragma analysis_limit = 1000; pragma optimize")
        }
    }

    /// Moves what the write-ahead log holds into the file, as far as no reader is in the way.
    ///
    /// - Returns: Pages that stay in the log; 1 while another process moves them, for then SQLite
    ///   counts none.
    /// - Throws: Errors of the database; nothing is lost then.
    package func checkpoint() async throws(StoreError) -> Int {
        do {
            return try await pool.writeWithoutTransaction { database in
                do {
                    let (log, done) = try database.checkpoint(.passive)
                    return log - done
                } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                    // The other one does this work; whoever asked for it has failed at nothing.
                    return 1
                }
            }
        } catch {
            throw StoreError(error)
        }
    }
}

extension CallStore {
    /// How the writing connection waits for the disk: 2 is `full`.
    package func synchronousLevel() async throws(StoreError) -> Int {
        do {
            return try await pool.writeWithoutTransaction { database in
                try Int.fetchOne(database, sql: "pragma synchronous") ?? -1
            }
        } catch {
            throw StoreError(error)
        }
    }

    /// Lets the file grow by so many pages and no more, on this process's writing connection.
    ///
    /// A write that needs more fails as on a full disk: with `StoreError.unavailable`.
    package func limitPages(toMoreBy pages: Int) async throws(StoreError) {
        do {
            try await pool.writeWithoutTransaction { database in
                let present = try Int.fetchOne(database, sql: "pragma page_count") ?? 0
                _ = try Int.fetchOne(database, sql: "pragma max_page_count = \(present + pages)")
            }
        } catch {
            throw StoreError(error)
        }
    }
}
