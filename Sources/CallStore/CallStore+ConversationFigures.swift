import GRDB

extension CallStore {
    /// All conversations in a few numbers.
    ///
    /// The upstream's come from the sums by day and from indexes, so the time it takes does not
    /// follow their number.
    ///
    /// - Parameter agentsMax: Most agents to name.
    /// - Returns: The figures, from one consistent look.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func conversationFigures(
        agentsMax: Int
    ) async throws(StoreError) -> ConversationFigures {
        let now = ambient.nowMilliseconds / 1_000
        return try await read { database in
            var counting = ConversationCounting(
                database: database,
                workspace: CallIdentity.defaultWorkspace,
                nowUnix: now
            )
            return try counting.figures(agentsMax: agentsMax)
        }
    }
}

/// Adds up conversations.
private struct ConversationCounting {
    let database: Database
    let workspace: String
    let nowUnix: Int64
    private var figures = ConversationFigures()
    private var days: [Int: Int] = [:]
    private var agents: [String: Int] = [:]

    init(database: Database, workspace: String, nowUnix: Int64) {
        self.database = database
        self.workspace = workspace
        self.nowUnix = nowUnix
    }

    mutating func figures(agentsMax: Int) throws -> ConversationFigures {
        try addUpstream()
        try addStates()
        try addReported()
        try addRatings()
        figures.days = days.sorted { $0.key < $1.key }
            .map { ConversationFigures.Day(day: LocalDay($0.key), count: $0.value) }
        figures.agents = agents.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .prefix(agentsMax)
            .map { ConversationFigures.Agent(id: $0.key, count: $0.value) }
        return figures
    }

    private mutating func addUpstream() throws {
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select day, agent_id, sum(conversations) as conversations,
                        sum(connected) as connected, sum(seconds) as seconds
                    from daily_figures where workspace = ? group by day, agent_id
                    """
            ),
            arguments: [workspace]
        )
        for row in rows {
            let count: Int = row["conversations"]
            figures.total += count
            figures.seconds += row["seconds"] as Int
            figures.lasted += row["connected"] as Int
            days[row["day"], default: 0] += count
            agents[row["agent_id"], default: 0] += count
        }
        let leftOut = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select count(*) as conversations, coalesce(sum(seconds), 0) as seconds
                    from call_facts indexed by call_facts_left_out
                    where workspace = ? and seconds > 0
                    and (connection <> 'connected' or is_excluded = 1)
                    """
            ),
            arguments: [workspace]
        )
        if let leftOut {
            figures.seconds += leftOut["seconds"] as Int
            figures.lasted += leftOut["conversations"] as Int
        }
    }

    /// How the upstream's stand: most are at their end, so the others are counted.
    private mutating func addStates() throws {
        func number(_ condition: String) throws -> Int {
            try Int.fetchOne(
                database.cachedStatement(
                    sql: "select count(*) from calls where workspace = ? and \(condition)"
                ),
                arguments: [workspace]
            ) ?? 0
        }
        let active = try number("status_rank < 3")
        let abandoned = try number("status = 'failed'")
        figures.states = [
            .active: active, .abandoned: abandoned, .completed: figures.total - active - abandoned,
        ]
    }

    private mutating func addReported() throws {
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select
                        (local - ((local % 86400) + 86400) % 86400) / 86400 as day, agent_id,
                        iif(status = 'active' and start_unix <= ?2, 'abandoned', status) as state,
                        count(*) as conversations,
                        coalesce(sum(duration_seconds), 0) as seconds,
                        sum(coalesce(duration_seconds, 0) > 0) as lasted
                    from (
                        select *, start_unix + (
                            select offset_seconds from report_offsets
                            where since_unix <= start_unix order by since_unix desc limit 1
                        ) as local
                        from tracked_conversations where workspace = ?1 and call_id is null
                    )
                    group by day, agent_id, state
                    """
            ),
            arguments: [workspace, nowUnix - Conversation.abandonedAfterSeconds]
        )
        for row in rows {
            let count: Int = row["conversations"]
            figures.total += count
            figures.seconds += row["seconds"] as Int
            figures.lasted += row["lasted"] as Int
            days[row["day"], default: 0] += count
            agents[row["agent_id"], default: 0] += count
            if let state = Conversation.State(rawValue: row["state"]) {
                figures.states[state, default: 0] += count
            }
        }
    }

    private mutating func addRatings() throws {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select count(*) as ratings, coalesce(sum(rating), 0.0) as rating_sum
                    from calls where workspace = ? and rating is not null
                    """
            ),
            arguments: [workspace]
        )
        if let row {
            figures.ratings = row["ratings"]
            figures.ratingSum = row["rating_sum"]
        }
    }
}
