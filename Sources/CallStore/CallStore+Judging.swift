import GRDB

extension CallStore {
    /// The calls that are there and at their end, with what rules may ask of them; one look.
    package func callsToJudge(_ ids: [CallID]) async throws(StoreError) -> [CallToJudge] {
        try await read { database in
            try ids.compactMap { try CallReading.callToJudge($0, in: database) }
        }
    }

    /// A batch of calls at their end that started in a range, in order of ids.
    ///
    /// - Parameters:
    ///   - fromUnix: Start of the call, Unix seconds, inclusive.
    ///   - toUnix: Start of the call, exclusive.
    ///   - id: The call after which to go on; nil for the first.
    ///   - last: The last call to return.
    ///   - limit: Most calls to return.
    /// - Returns: The calls.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func callsToJudge(
        fromUnix: Int64,
        toUnix: Int64,
        after id: CallID?,
        upTo last: CallID? = nil,
        limit: Int
    ) async throws(StoreError) -> [CallToJudge] {
        try await read { database in
            let ids = try Int64.fetchAll(
                database.cachedStatement(
                    sql: """
                        select id from calls
                        where id > ? and id <= ? and started_unix >= ? and started_unix < ?
                        and status_rank = 3
                        order by id limit ?
                        """
                ),
                arguments: [id?.number ?? 0, last?.number ?? .max, fromUnix, toUnix, limit]
            )
            return try ids.compactMap { try CallReading.callToJudge(CallID($0), in: database) }
        }
    }

    /// The newest calls at their end, the newest first; one look.
    package func newestToJudge(limit: Int) async throws(StoreError) -> [CallToJudge] {
        try await read { database in
            try Int64.fetchAll(
                database.cachedStatement(
                    sql: """
                        select id from calls where status_rank = 3
                        order by started_unix desc, id desc limit ?
                        """
                ),
                arguments: [limit]
            )
            .compactMap { try CallReading.callToJudge(CallID($0), in: database) }
        }
    }

    /// How many calls at their end started in a range, and the last of them by id.
    package func judgeable(
        fromUnix: Int64,
        toUnix: Int64
    ) async throws(StoreError) -> (calls: Int, last: CallID?) {
        try await read { try CallReading.judgeable(fromUnix: fromUnix, toUnix: toUnix, in: $0) }
    }
}

extension StoreWriter {
    /// A call as this transaction sees it; nil when it is gone or not at its end.
    package func callToJudge(_ id: CallID) throws -> CallToJudge? {
        try CallReading.callToJudge(id, in: database)
    }

    /// Puts callers on a list that rules can ask for.
    ///
    /// - Returns: How many were not on it before.
    @discardableResult
    package func add(_ numbers: [PartyNumber], toCallerList name: String) throws -> Int {
        var added = 0
        for number in numbers {
            let (key, id) = try callerKey(of: number)
            guard !key.isNull else {
                throw StoreError.rejected(reason: "a caller list takes telephone numbers only")
            }
            added += try run(
                """
                insert into caller_lists (name, caller_key, key_id, added_ms)
                values (?, ?, ?, ?) on conflict do nothing
                """,
                [name, key, id, nowMilliseconds]
            )
        }
        return added
    }

    /// Takes callers off a list.
    ///
    /// - Returns: How many were on it.
    @discardableResult
    package func remove(_ numbers: [PartyNumber], fromCallerList name: String) throws -> Int {
        var removed = 0
        for number in numbers {
            let (key, _) = try callerKey(of: number)
            removed += try run(
                "delete from caller_lists where name = ? and caller_key = ?",
                [name, key]
            )
        }
        return removed
    }
}

extension CallStore {
    /// The caller lists, and how many callers are on each.
    package func callerLists() async throws(StoreError) -> [(name: String, callers: Int)] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: "select name, count(*) as callers from caller_lists group by name"
            ).map { (name: $0["name"], callers: $0["callers"]) }
        }
    }
}

extension CallReading {
    static func callToJudge(_ id: CallID, in database: Database) throws -> CallToJudge? {
        let statement = try database.cachedStatement(
            sql: "select * from calls where id = ? and status_rank = 3"
        )
        guard let row = try Row.fetchOne(statement, arguments: [id.number]) else { return nil }
        let call = try call(row, in: database)
        var judged = CallToJudge(
            call: call,
            labels: try labels(of: id, in: database),
            isFrozen: Withholding(stored: row["withheld"])?.isFrozen == true
        )
        if let campaign = call.attribution?.decision.campaign {
            judged.campaignName = try String.fetchOne(
                database.cachedStatement(sql: "select name from campaigns where id = ?"),
                arguments: [campaign.number]
            )
        }
        guard call.record.caller?.e164 != nil else { return judged }
        judged.isFirstOfCaller = try Bool.fetchOne(
            database.cachedStatement(
                sql: """
                    select not exists (
                        select 1 from call_parties as own
                        join call_parties on call_parties.caller_key = own.caller_key
                        join calls on calls.id = call_parties.call_id
                        where own.call_id = ?1 and (calls.started_unix, calls.id) < (?2, ?1)
                    )
                    """
            ),
            arguments: [id.number, call.record.startedUnix ?? 0]
        )
        judged.callerLists = try Set(
            String.fetchAll(
                database.cachedStatement(
                    sql: """
                        select name from caller_lists
                        where caller_key = (select caller_key from call_parties where call_id = ?)
                        """
                ),
                arguments: [id.number]
            )
        )
        return judged
    }

    static func judgeable(
        fromUnix: Int64,
        toUnix: Int64,
        in database: Database
    ) throws -> (calls: Int, last: CallID?) {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select count(*) as calls, max(id) as last from calls
                    where started_unix >= ? and started_unix < ? and status_rank = 3
                    """
            ),
            arguments: [fromUnix, toUnix]
        )
        return (row?["calls"] ?? 0, (row?["last"] as Int64?).map { CallID($0) })
    }
}
