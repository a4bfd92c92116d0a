import GRDB

extension StoreWriter {
    /// Closes a month: what its calls are credited to stands.
    ///
    /// - Returns: Whether it was open.
    /// - Throws: `StoreError.rejected` when it overlaps another closed month, as it can after the
    ///   zone of the reports was changed.
    @discardableResult
    package func close(_ month: ClosedMonth) throws -> Bool {
        let known = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select month from closed_months
                    where workspace = ? and from_unix < ? and to_unix > ?
                    """
            ),
            arguments: [month.workspace, month.toUnix, month.fromUnix]
        ).map { $0["month"] as String }
        if known.contains(month.month) { return false }
        if let other = known.first {
            throw StoreError.rejected(
                reason: "\(month.month) overlaps \(other), which was closed in another time zone"
            )
        }
        try run(
            """
            insert into closed_months (
                workspace, month, from_unix, to_unix, time_zone, closed_ms, person, note
            ) values (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                month.workspace, month.month, month.fromUnix, month.toUnix, month.timeZone,
                nowMilliseconds, month.person, month.note,
            ]
        )
        try noteMonth(month.month, month.workspace, "close", month.person, month.note, nil)
        return true
    }

    /// Opens a month again; the caller adds the job that decides its calls anew.
    ///
    /// - Returns: The month as it was; nil when it was open.
    package func open(
        month: String,
        by person: String,
        reason: String,
        in workspace: String = CallIdentity.defaultWorkspace
    ) throws -> ClosedMonth? {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: "select * from closed_months where workspace = ? and month = ?"
            ),
            arguments: [workspace, month]
        )
        guard let row else { return nil }
        let closed = CallReading.closedMonth(in: row)
        try run(
            "delete from closed_months where workspace = ? and month = ?",
            [workspace, month]
        )
        try noteMonth(month, workspace, "open", person, reason, nil)
        return closed
    }

    /// Whether a person may change what a call is credited to; in a closed month only with a
    /// reason, which is noted.
    func isOpenForChange(_ call: CallID, by person: String, reason: String?) throws -> Bool {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select closed_months.workspace, closed_months.month
                    from calls join closed_months
                    on closed_months.workspace = calls.workspace
                    and calls.started_unix >= from_unix and calls.started_unix < to_unix
                    where calls.id = ?
                    """
            ),
            arguments: [call.number]
        )
        guard let row else { return true }
        guard let reason, !reason.isEmpty else { return false }
        try noteMonth(row["month"], row["workspace"], "override", person, reason, call)
        return true
    }

    private func noteMonth(
        _ month: String,
        _ workspace: String,
        _ action: String,
        _ person: String,
        _ reason: String?,
        _ call: CallID?
    ) throws {
        try run(
            """
            insert into month_changes (workspace, month, at_ms, person, action, reason, call_id)
            values (?, ?, ?, ?, ?, ?, ?)
            """,
            [workspace, month, nowMilliseconds, person, action, reason, call?.number]
        )
    }
}

extension CallStore {
    /// The closed months, oldest first.
    package func closedMonths(
        in workspace: String = CallIdentity.defaultWorkspace,
        limit: Int = 1_200
    ) async throws(StoreError) -> [ClosedMonth] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "select * from closed_months where workspace = ? order by month limit ?"
            )
            return try Row.fetchAll(statement, arguments: [workspace, limit])
                .map(CallReading.closedMonth)
        }
    }

    /// What stands in a range of starts of calls, Unix seconds, to exclusive.
    package func monthFigures(
        fromUnix: Int64,
        toUnix: Int64,
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> MonthFigures {
        try await read { database in
            let row = try Row.fetchOne(
                database.cachedStatement(
                    sql: """
                        select count(*) as calls, count(campaign_id) as attributed,
                            count(*) filter (
                                where call_revision is null or call_revision < calls.revision
                            ) as undecided
                        from calls left join attributions on attributions.call_id = calls.id
                        where workspace = ? and started_unix >= ? and started_unix < ?
                        """
                ),
                arguments: [workspace, fromUnix, toUnix]
            )
            return MonthFigures(
                calls: row?["calls"] ?? 0,
                attributed: row?["attributed"] ?? 0,
                undecided: row?["undecided"] ?? 0
            )
        }
    }
}

extension CallReading {
    static func closedMonth(in row: Row) -> ClosedMonth {
        ClosedMonth(
            workspace: row["workspace"],
            month: row["month"],
            fromUnix: row["from_unix"],
            toUnix: row["to_unix"],
            timeZone: row["time_zone"],
            closedMilliseconds: row["closed_ms"],
            person: row["person"],
            note: row["note"]
        )
    }
}
