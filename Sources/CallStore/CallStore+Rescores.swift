import GRDB

extension CallStore {
    /// One scoring anew; nil when there is none of that id.
    package func rescore(_ id: RescoreID) async throws(StoreError) -> Rescore? {
        try await read { try CallReading.rescore(id, in: $0) }
    }

    /// Scorings anew, the newest first.
    package func rescores(limit: Int) async throws(StoreError) -> [Rescore] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: "select * from rescores order by created_ms desc, id limit ?",
                arguments: [limit]
            ).compactMap(CallReading.rescore)
        }
    }

    /// What a scoring anew changed, in order of ids: the adjustments to send on purpose.
    package func changes(
        of id: RescoreID,
        after call: CallID? = nil,
        limit: Int
    ) async throws(StoreError) -> [RescoreChange] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    select rescore_changes.*, calls.conversation_id from rescore_changes
                    join calls on calls.id = rescore_changes.call_id
                    where rescore_id = ? and call_id > ? order by call_id limit ?
                    """,
                arguments: [id.text, call?.number ?? 0, limit]
            ).compactMap { row in
                guard let kind = RescoreChange.Kind(rawValue: row["kind"]) else { return nil }
                return RescoreChange(
                    call: CallID(row["call_id"]),
                    conversationID: row["conversation_id"],
                    kind: kind,
                    typeBefore: row["type_before"],
                    typeAfter: row["type_after"],
                    worthBefore: CallReading.money(
                        row["value_before_micros"],
                        row["currency_before"]
                    ),
                    worthAfter: CallReading.money(row["value_after_micros"], row["currency_after"])
                )
            }
        }
    }
}

extension StoreWriter {
    /// Begins a scoring anew of the calls that are there now.
    ///
    /// - Throws: `StoreError.rejected` for a version that is not kept, or an id that is taken.
    package func start(_ order: RescoreOrder, as id: RescoreID) throws {
        let (calls, last) = try CallReading.judgeable(
            fromUnix: order.fromUnix,
            toUnix: order.toUnix,
            in: database
        )
        try run(
            """
            insert into rescores (
                id, version, from_unix, to_unix, closed_reason, last_id, calls, person, created_ms,
                changed_ms
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                id.text, order.version, order.fromUnix, order.toUnix, order.closedReason,
                last?.number ?? 0, calls, order.person, nowMilliseconds, nowMilliseconds,
            ]
        )
    }

    /// Scorings anew that run, as this transaction sees them.
    package func runningRescores() throws -> Int {
        try Int.fetchOne(
            database.cachedStatement(sql: "select count(*) from rescores where state = 'running'")
        ) ?? 0
    }

    /// A scoring anew as this transaction sees it.
    package func rescore(_ id: RescoreID) throws -> Rescore? {
        try CallReading.rescore(id, in: database)
    }

    /// Notes that a batch has been looked at, up to a call.
    ///
    /// - Parameters:
    ///   - id: The scoring.
    ///   - before: Where the batch began: nil for the first.
    ///   - position: The last call of the batch; nil when no call was left, which ends it.
    ///   - tally: Of the batch alone.
    ///   - worked: What the batch took, milliseconds.
    /// - Throws: `StoreError.stale` when it does not run any more or is not where the batch began.
    package func advance(
        _ id: RescoreID,
        from before: CallID?,
        to position: CallID?,
        _ tally: RescoreTally,
        workedMilliseconds worked: Int64
    ) throws {
        let changed = try run(
            """
            update rescores set
                position = coalesce(:position, position),
                state = iif(:position is null, 'done', state),
                ended_ms = iif(:position is null, :now, null),
                looked_at = looked_at + :looked, added = added + :added,
                withdrawn = withdrawn + :withdrawn, changed = changed + :changed,
                locked = locked + :locked, worked_ms = worked_ms + :worked, changed_ms = :now
            where id = :id and state = 'running' and position = :before
            """,
            [
                "position": position?.number, "now": nowMilliseconds, "looked": tally.lookedAt,
                "added": tally.added, "withdrawn": tally.withdrawn, "changed": tally.changed,
                "locked": tally.locked, "worked": max(0, worked), "id": id.text,
                "before": before?.number ?? 0,
            ]
        )
        guard changed == 1 else {
            throw StoreError.stale(reason: "the scoring anew has ended or gone on meanwhile")
        }
    }

    /// Notes what a scoring anew changed for a call.
    package func add(_ change: RescoreChange, to id: RescoreID) throws {
        try run(
            """
            insert into rescore_changes (
                rescore_id, call_id, kind, type_before, type_after, value_before_micros,
                value_after_micros, currency_before, currency_after, at_ms
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                id.text, change.call.number, change.kind.rawValue, change.typeBefore,
                change.typeAfter, change.worthBefore?.micros, change.worthAfter?.micros,
                change.worthBefore?.currency, change.worthAfter?.currency, nowMilliseconds,
            ]
        )
    }

    /// Stops a scoring anew; what it has changed stays.
    ///
    /// - Returns: Whether it was running.
    package func cancel(_ id: RescoreID) throws -> Bool {
        try run(
            """
            update rescores set state = 'cancelled', ended_ms = ?, changed_ms = ?
            where id = ? and state = 'running'
            """,
            [nowMilliseconds, nowMilliseconds, id.text]
        ) == 1
    }

    /// Lets a cancelled scoring anew go on where it stopped.
    ///
    /// - Returns: Whether it was cancelled.
    package func resume(_ id: RescoreID) throws -> Bool {
        try run(
            """
            update rescores set state = 'running', ended_ms = null, changed_ms = ?
            where id = ? and state = 'cancelled'
            """,
            [nowMilliseconds, id.text]
        ) == 1
    }
}

extension CallReading {
    static func rescore(_ id: RescoreID, in database: Database) throws -> Rescore? {
        try Row.fetchOne(
            database.cachedStatement(sql: "select * from rescores where id = ?"),
            arguments: [id.text]
        ).flatMap(rescore)
    }

    static func rescore(_ row: Row) -> Rescore? {
        guard let id = RescoreID(row["id"]), let state = Rescore.State(rawValue: row["state"])
        else {
            return nil
        }
        var tally = RescoreTally()
        tally.lookedAt = row["looked_at"]
        tally.added = row["added"]
        tally.withdrawn = row["withdrawn"]
        tally.changed = row["changed"]
        tally.locked = row["locked"]
        let position: Int64 = row["position"]
        return Rescore(
            id: id,
            order: RescoreOrder(
                version: row["version"],
                fromUnix: row["from_unix"],
                toUnix: row["to_unix"],
                closedReason: row["closed_reason"],
                person: row["person"]
            ),
            state: state,
            position: position == 0 ? nil : CallID(position),
            last: CallID(row["last_id"]),
            calls: row["calls"],
            tally: tally,
            createdMilliseconds: row["created_ms"],
            changedMilliseconds: row["changed_ms"],
            endedMilliseconds: row["ended_ms"],
            workedMilliseconds: row["worked_ms"]
        )
    }
}
