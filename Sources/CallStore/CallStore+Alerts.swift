import GRDB

extension CallStore {
    /// Where the rules of the alerts stand, by name; those that were looked at.
    package func alertStates() async throws(StoreError) -> [AlertState] {
        try await read { database in
            try Row.fetchAll(database, sql: "select * from alert_states order by rule")
                .map(AlertState.init(row:))
        }
    }

    /// How many conversations started in each of some spans of time.
    ///
    /// - Parameters:
    ///   - spans: From, inclusive, and to, exclusive, in Unix seconds; a few.
    ///   - areOver: Only those that are done.
    ///   - workspace: Whose.
    /// - Returns: The counts in the order of the spans.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func startCounts(
        in spans: [(fromUnix: Int64, toUnix: Int64)],
        areOver: Bool = false,
        workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [Int] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select count(*) from calls
                    where started_unix >= ? and started_unix < ? and workspace = ?
                        and (not ? or status = 'done')
                    """
            )
            return try spans.map { span in
                try Int.fetchOne(
                    statement,
                    arguments: [span.fromUnix, span.toUnix, workspace, areOver]
                ) ?? 0
            }
        }
    }
}

extension StoreWriter {
    /// Keeps where rules of the alerts stand.
    package func keep(_ states: [AlertState]) throws {
        for state in states {
            try run(
                """
                insert into alert_states (
                    rule, is_firing, since_ms, checked_ms, text, notified_ms, notified_count,
                    is_told
                ) values (?, ?, ?, ?, ?, ?, ?, ?)
                on conflict (rule) do update set
                    is_firing = excluded.is_firing, since_ms = excluded.since_ms,
                    checked_ms = excluded.checked_ms, text = excluded.text,
                    notified_ms = excluded.notified_ms,
                    notified_count = excluded.notified_count, is_told = excluded.is_told
                """,
                [
                    state.rule, state.isFiring, state.sinceMilliseconds,
                    state.checkedMilliseconds, state.text, state.notifiedMilliseconds,
                    state.waysStored, state.isTold,
                ]
            )
        }
    }
}

extension AlertState {
    /// Bits of `notified_count` that hold the ways a notice is owed to; those untold stand above.
    ///
    /// The column was made for a number that nothing ever kept: a row from before has 0, which says
    /// that every way took every notice.
    private static let owedBits = 8

    fileprivate var waysStored: Int { owed.rawValue | untold.rawValue << Self.owedBits }

    fileprivate init(row: Row) {
        let ways: Int = row["notified_count"]
        self.init(
            rule: row["rule"],
            isFiring: row["is_firing"],
            sinceMilliseconds: row["since_ms"],
            checkedMilliseconds: row["checked_ms"],
            text: row["text"],
            notifiedMilliseconds: row["notified_ms"],
            isTold: row["is_told"],
            owed: AlertWays(rawValue: ways & ((1 << Self.owedBits) - 1)),
            untold: AlertWays(rawValue: ways >> Self.owedBits)
        )
    }
}
