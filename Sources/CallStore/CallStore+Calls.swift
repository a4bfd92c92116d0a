import GRDB

extension CallStore {
    /// One call, whole; nil when there is none.
    package func call(_ id: CallID) async throws(StoreError) -> Call? {
        try await read { database in
            let statement = try database.cachedStatement(sql: "select * from calls where id = ?")
            return try Row.fetchOne(statement, arguments: [id.number])
                .map { try CallReading.call($0, in: database) }
        }
    }

    /// One call by the upstream's id; nil when the store has never seen it.
    package func call(_ identity: CallIdentity) async throws(StoreError) -> Call? {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "select * from calls where workspace = ? and conversation_id = ?"
            )
            let arguments: StatementArguments = [identity.workspace, identity.conversationID]
            return try Row.fetchOne(statement, arguments: arguments)
                .map { try CallReading.call($0, in: database) }
        }
    }

    /// What the store knows of the conversations of one page, by conversation id.
    package func knownCalls(
        _ conversationIDs: [String],
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [String: KnownCall] {
        // Redacted words are not to be compared with what the upstream has.
        let hasWords = privacy.redaction.isNone
        return try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select calls.id, calls.conversation_id, calls.status, calls.list_fingerprint,
                        calls.has_detail, calls.fetched_ms, calls.revision as content,
                        calls.duration_seconds, calls.call_successful, calls.success_score,
                        calls.rating, calls.title, calls.summary, calls.termination_reason,
                        calls.cost_credits,
                        coalesce(attributions.revision, 0) as attribution,
                        coalesce(conversions.revision, 0) as judgement
                    from calls
                    left join attributions on attributions.call_id = calls.id
                    left join conversions on conversions.call_id = calls.id
                    where calls.workspace = ? and calls.conversation_id = ?
                    """
            )
            var known: [String: KnownCall] = [:]
            for conversation in conversationIDs {
                guard
                    let row = try Row.fetchOne(statement, arguments: [workspace, conversation])
                else { continue }
                known[conversation] = KnownCall(
                    id: CallID(row["id"]),
                    conversationID: conversation,
                    status: CallStatus(row["status"]),
                    listFingerprint: row["list_fingerprint"],
                    hasDetail: row["has_detail"],
                    fetchedAtMilliseconds: row["fetched_ms"],
                    revision: CallReading.revision(in: row),
                    durationSeconds: row["duration_seconds"],
                    callSuccessful: row["call_successful"],
                    successScore: row["success_score"],
                    rating: row["rating"],
                    title: hasWords ? row["title"] : nil,
                    summary: hasWords ? row["summary"] : nil,
                    terminationReason: row["termination_reason"],
                    costCredits: row["cost_credits"]
                )
            }
            return known
        }
    }

    /// Calls that are not at their end, the longest unread first.
    ///
    /// - Parameters:
    ///   - fetchedBefore: Only those last read before this, Unix milliseconds.
    ///   - startedAfter: Only those that started after this, Unix seconds: a record that never
    ///     ends is not asked for for ever.
    ///   - limit: Most calls to return.
    /// - Returns: The calls.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func watchList(
        fetchedBefore: Int64,
        startedAfter: Int64 = .min,
        limit: Int
    ) async throws(StoreError) -> [WatchedCall] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select id, workspace, conversation_id, status, started_unix, fetched_ms
                    \(Self.open)
                    and fetched_ms < ? and started_unix > ?
                    order by fetched_ms, id limit ?
                    """
            )
            let arguments: StatementArguments = [fetchedBefore, startedAfter, limit]
            return try Row.fetchAll(statement, arguments: arguments).map { row in
                WatchedCall(
                    id: CallID(row["id"]),
                    identity: CallIdentity(
                        workspace: row["workspace"],
                        conversationID: row["conversation_id"]
                    ),
                    status: CallStatus(row["status"]),
                    startedUnix: row["started_unix"],
                    fetchedAtMilliseconds: row["fetched_ms"]
                )
            }
        }
    }

    /// How many calls a filter lets through.
    package func count(_ filter: CallFilter) async throws(StoreError) -> Int {
        try await read { database in
            let clause = try FilterClause(filter, in: database)
            return try Int.fetchOne(
                database,
                sql: "select count(*) from calls \(CallSummary.joins) \(clause.sql)",
                arguments: clause.arguments
            ) ?? 0
        }
    }

    /// How many calls stand how; one consistent look.
    package func counts(
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> CallCounts {
        try await read { database in
            func number(_ sql: String) throws -> Int {
                try Int.fetchOne(database.cachedStatement(sql: sql)) ?? 0
            }
            let total = try number("select count(*) from calls")
            let attributed = try number(
                "select count(*) from attributions where campaign_id is not null"
            )
            return CallCounts(
                total: total,
                done: try number("select count(*) from calls where status = 'done'"),
                unfinished: try number("select count(*) \(Self.open)"),
                attributed: attributed,
                unattributed: total - attributed,
                conversions: try number(
                    "select count(*) from conversions where outcome = 'yes' and is_counted"
                ),
                lastPollMilliseconds: try CallReading.mark(.lastPoll, workspace, in: database),
                lastWebhookMilliseconds: try CallReading.mark(
                    .lastWebhook,
                    workspace,
                    in: database
                )
            )
        }
    }

    /// Calls that the attribution rules have to look at, in the order of ids.
    ///
    /// Never decided, decided on an older content, or found nobody before recipients changed; those
    /// without content only when they were never decided.
    /// Calls that a person pinned are not among them.
    package func undecided(
        after id: CallID?,
        limit: Int
    ) async throws(StoreError) -> [CallID] {
        try await ids(
            """
            select calls.id from calls
            left join attributions on attributions.call_id = calls.id
            where calls.id > ?
            and not exists (select 1 from manual_pins where call_id = calls.id)
            and (calls.withheld is null or attributions.call_id is null)
            and (
                attributions.call_id is null
                or attributions.call_revision < calls.revision
                or (
                    attributions.campaign_id is null
                    and attributions.decided_ms <= (
                        select at_ms from sync_marks
                        where workspace = calls.workspace and name = 'recipients-changed'
                    )
                )
            )
            order by calls.id limit ?
            """,
            [id?.number ?? 0, limit]
        )
    }

    /// Calls at their end that no rules have judged as they stand now, in order of ids.
    ///
    /// A call that another version of the rules has judged is not among them: only scoring anew
    /// changes the version that a call is judged by.
    ///
    /// - Parameters:
    ///   - followsCampaigns: Also calls whose campaign was decided anew since they were judged.
    ///   - id: The call after which to go on.
    ///   - limit: Most calls to return.
    /// - Returns: The calls.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func unjudged(
        followsCampaigns: Bool = false,
        after id: CallID?,
        limit: Int
    ) async throws(StoreError) -> [CallID] {
        try await ids(
            """
            select calls.id from calls
            left join conversions on conversions.call_id = calls.id
            where calls.id > ? and calls.status_rank = 3
            and (calls.withheld is null or conversions.call_id is null)
            and (
                conversions.rule_version is null
                or conversions.call_revision < calls.revision
                or (? and conversions.attribution_revision < coalesce(
                    (select revision from attributions where call_id = calls.id), 0
                ))
            )
            order by calls.id limit ?
            """,
            [id?.number ?? 0, followsCampaigns, limit]
        )
    }

    /// Calls that started in a range, Unix seconds, from inclusive, to exclusive, by their start.
    ///
    /// - Parameters:
    ///   - fromUnix: Inclusive.
    ///   - toUnix: Exclusive.
    ///   - id: Goes on after this call; when it is gone, from the beginning.
    ///   - limit: Most calls to return.
    /// - Returns: A page; a walk visits every call that stays where it is once.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func callIDs(
        fromUnix: Int64,
        toUnix: Int64,
        after id: CallID?,
        limit: Int
    ) async throws(StoreError) -> [CallID] {
        try await ids(
            """
            select id from calls
            where (started_unix, id) > (
                coalesce((select started_unix from calls where id = ?1), ?2),
                iif(exists (select 1 from calls where id = ?1), ?1, 0)
            )
            and started_unix >= ?2 and started_unix < ?3
            order by started_unix, id limit ?4
            """,
            [id?.number ?? 0, fromUnix, toUnix, limit]
        )
    }

    private func ids(
        _ sql: String,
        _ arguments: StatementArguments
    ) async throws(StoreError) -> [CallID] {
        try await read { database in
            try Int64.fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
                .map { CallID($0) }
        }
    }
}

/// A filter as SQL; the values are bound, never pasted.
struct FilterClause {
    private var conditions: [String] = []
    private(set) var arguments: StatementArguments = []

    /// Whether it asks for nothing but what stands in the table of calls.
    let isOfCallsAlone: Bool

    /// - Parameters:
    ///   - filter: What is asked for.
    ///   - search: What the filter searches for; nil leaves that out.
    ///   - calls: Ids between which all calls are that are looked through; nil where they are many.
    init(
        _ filter: CallFilter,
        search: SearchCondition?,
        among calls: ClosedRange<Int64>? = nil
    ) {
        isOfCallsAlone =
            filter.campaign == nil && filter.conversion == nil && search == nil
        if let workspace = filter.workspace { add("calls.workspace = ?", [workspace]) }
        if let from = filter.fromUnix { add("calls.started_unix >= ?", [from]) }
        if let to = filter.toUnix { add("calls.started_unix < ?", [to]) }
        if let agent = filter.agentID { add("calls.agent_id = ?", [agent]) }
        if let status = filter.status { add("calls.status = ?", [status]) }
        switch filter.campaign {
        case .one(let campaign): add("attributions.campaign_id = ?", [campaign.number])
        case .unattributed: add("attributions.campaign_id is null", [])
        case nil: break
        }
        switch filter.outcome {
        case "pending": add("calls.call_successful is null", [])
        case let outcome?: add("calls.call_successful = ?", [outcome])
        case nil: break
        }
        if let direction = filter.direction {
            add("calls.direction = ?", [direction.rawValue])
        }
        if let tag = filter.tag {
            add("calls.id in (select call_id from call_words where tag = ?)", [tag.text])
        }
        if let ids = filter.ids {
            let list = "[" + ids.map(\.description).joined(separator: ",") + "]"
            add("calls.id in (select value from json_each(?))", [list])
        }
        if let search {
            let (sql, values) = search.sql(among: calls)
            add(sql, values)
        }
        if let conversion = filter.conversion {
            add("coalesce(conversions.outcome, 'unknown') = ?", [conversion.rawValue])
        }
    }

    /// All of the filter.
    init(_ filter: CallFilter, in database: Database) throws {
        self.init(filter, search: try SearchCondition(of: filter, in: database))
    }

    mutating func add(_ condition: String, _ values: StatementArguments) {
        conditions.append(condition)
        arguments += values
    }

    var sql: String {
        conditions.isEmpty ? "" : "where " + conditions.joined(separator: " and ")
    }
}

extension CallReading {
    static func mark(
        _ mark: SyncMark,
        _ workspace: String,
        in database: Database
    ) throws -> Int64? {
        try Int64.fetchOne(
            database.cachedStatement(
                sql: "select at_ms from sync_marks where workspace = ? and name = ?"
            ),
            arguments: [workspace, mark.rawValue]
        )
    }
}
