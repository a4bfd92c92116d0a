import GRDB

extension CallStore {
    /// Backfills, newest first.
    package func backfills(limit: Int) async throws(StoreError) -> [Backfill] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "select * from backfills order by created_ms desc, id limit ?"
            )
            return try Row.fetchAll(statement, arguments: [limit]).compactMap(Backfill.init(row:))
        }
    }

    /// Backfills that are to go on, the oldest first.
    package func runningBackfills(limit: Int) async throws(StoreError) -> [Backfill] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select * from backfills where state = 'running' order by created_ms, id limit ?
                    """
            )
            return try Row.fetchAll(statement, arguments: [limit]).compactMap(Backfill.init(row:))
        }
    }

    /// One backfill; nil when there is none of that id.
    package func backfill(_ id: BackfillID) async throws(StoreError) -> Backfill? {
        try await read { try CallReading.backfill(id, in: $0) }
    }

    /// Slices that were handed out and have not ended: the first one, and how many lie before a
    /// position.
    package func openSlices(
        of id: BackfillID,
        before position: Int
    ) async throws(StoreError) -> (first: Int?, count: Int) {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select min(position) as first, count(iif(position < ?, 1, null)) as open
                    from backfill_slices
                    where backfill_id = ? and state in ('queued', 'walking')
                    """
            )
            let row = try Row.fetchOne(statement, arguments: [position, id.text])
            return (row?["first"], row?["open"] ?? 0)
        }
    }

    /// Open slices that nobody has looked for in a while, the longest first.
    package func overdueSlices(
        of id: BackfillID,
        limit: Int
    ) async throws(StoreError) -> [BackfillSlice] {
        let now = ambient.nowMilliseconds
        return try await slices(
            """
            select * from backfill_slices
            where backfill_id = ? and state in ('queued', 'walking') and look_ms <= ?
            order by look_ms limit ?
            """,
            [id.text, now, limit]
        )
    }

    /// Slices that failed, by position.
    package func failedSlices(
        of id: BackfillID,
        limit: Int
    ) async throws(StoreError) -> [BackfillSlice] {
        try await slices(
            """
            select * from backfill_slices
            where backfill_id = ? and state = 'failed' order by position limit ?
            """,
            [id.text, limit]
        )
    }

    /// Slices that were handed out and have not ended, by position.
    package func openSlices(
        of id: BackfillID,
        limit: Int
    ) async throws(StoreError) -> [BackfillSlice] {
        try await slices(
            """
            select * from backfill_slices
            where backfill_id = ? and state in ('queued', 'walking') order by position limit ?
            """,
            [id.text, limit]
        )
    }

    /// How a backfill got on, oldest first.
    package func pace(of id: BackfillID) async throws(StoreError) -> [PaceSample] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "select * from backfill_pace where backfill_id = ? order by at_ms"
            )
            return try Row.fetchAll(statement, arguments: [id.text]).map(PaceSample.init(row:))
        }
    }

    private func slices(
        _ sql: String,
        _ arguments: StatementArguments
    ) async throws(StoreError) -> [BackfillSlice] {
        try await read { database in
            try Row.fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
                .map(BackfillSlice.init(row:))
        }
    }
}

extension CallReading {
    static func backfill(_ id: BackfillID, in database: Database) throws -> Backfill? {
        let statement = try database.cachedStatement(sql: "select * from backfills where id = ?")
        return try Row.fetchOne(statement, arguments: [id.text]).flatMap(Backfill.init(row:))
    }
}

extension Backfill {
    fileprivate init?(row: Row) {
        guard let id = BackfillID(row["id"]), let state = State(rawValue: row["state"]) else {
            return nil
        }
        let agent: String = row["agent_id"]
        self.init(
            id: id,
            range: BackfillRange(
                workspace: row["workspace"],
                agentID: agent.isEmpty ? nil : agent,
                fromUnix: row["from_unix"],
                toUnix: row["to_unix"],
                sliceSeconds: row["slice_seconds"],
                rereads: row["rereads"]
            ),
            state: state,
            counts: Counts(
                done: row["done"],
                failed: row["failed"],
                skipped: row["skipped"],
                cancelled: row["cancelled"]
            ),
            handedOut: row["handed_out"],
            calls: row["calls"],
            requests: row["requests"],
            person: row["person"],
            createdMilliseconds: row["created_ms"],
            pause: (row["paused_ms"] as Int64?).map { at in
                Pause(
                    person: row["paused_by"],
                    reason: row["pause_reason"] ?? "",
                    atMilliseconds: at
                )
            },
            endedMilliseconds: row["ended_ms"]
        )
    }
}

extension BackfillSlice {
    fileprivate init(row: Row) {
        self.init(
            position: row["position"],
            state: State(rawValue: row["state"]) ?? .failed,
            jobID: row["job_id"],
            calls: row["calls"],
            requests: row["requests"],
            reason: row["reason"],
            changedMilliseconds: row["changed_ms"]
        )
    }
}

extension PaceSample {
    fileprivate init(row: Row) {
        self.init(
            atMilliseconds: row["at_ms"],
            ended: row["ended"],
            requests: row["requests"],
            parallel: row["parallel"]
        )
    }
}
