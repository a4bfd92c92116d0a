import GRDB

/// What makes a connected call of an agent a qualified one.
package struct AgentLimits: Hashable, Sendable {
    /// What holds for agents of which nothing is said.
    package static let standard = AgentLimits(turnsMin: 2, secondsMin: 30)

    package static let turnsRange = 1...1_000
    package static let secondsRange = 0...86_400

    /// Turns in which the caller says words.
    package var turnsMin: Int
    package var secondsMin: Int

    package init(turnsMin: Int, secondsMin: Int) {
        self.turnsMin = turnsMin
        self.secondsMin = secondsMin
    }
}

/// An agent, with its limits.
package struct AgentEntry: Hashable, Sendable {
    package var id: String
    package var name: String?
    package var limits: AgentLimits

    /// Whether a person set the limits.
    package var isSet: Bool
}

/// What other limits would do to an agent's calls, excluded ones left out.
package struct AgentLimitsTrial: Hashable, Sendable {
    package var calls: Int
    package var qualifiedBefore: Int
    package var qualifiedAfter: Int
}

extension CallStore {
    /// The agents that calls are known of, by name, and those with limits.
    package func agents(
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [AgentEntry] {
        try await read { database in
            try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        select known.agent_id, agents.name, turns_min, seconds_min
                        from (
                            select agent_id from agents where workspace = ?1
                            union select agent_id from agent_limits where workspace = ?1
                        ) as known
                        left join agents on agents.workspace = ?1
                            and agents.agent_id = known.agent_id
                        left join agent_limits on agent_limits.workspace = ?1
                            and agent_limits.agent_id = known.agent_id
                        order by coalesce(agents.name, known.agent_id), known.agent_id
                        """
                ),
                arguments: [workspace]
            )
            .map { row in
                let turns: Int? = row[2]
                let seconds: Int? = row[3]
                return AgentEntry(
                    id: row[0],
                    name: row[1],
                    limits: AgentLimits(
                        turnsMin: turns ?? AgentLimits.standard.turnsMin,
                        secondsMin: seconds ?? AgentLimits.standard.secondsMin
                    ),
                    isSet: turns != nil
                )
            }
        }
    }

    /// How many calls of an agent would be qualified by other limits; reads each of them.
    package func trial(
        of limits: AgentLimits,
        for agent: String,
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> AgentLimitsTrial {
        try await read { database in
            let row = try Row.fetchOne(
                database.cachedStatement(
                    sql: """
                        select count(*), coalesce(sum(is_qualified), 0), coalesce(sum(
                            coalesce(conversions.outcome = 'yes', 0)
                            or (
                                coalesce(calls.duration_seconds, 0) > 0
                                and calls.duration_seconds >= ?3
                                and coalesce(calls.caller_turns, calls.caller_message_count, 0)
                                    >= ?4
                            )
                        ), 0)
                        from calls join call_facts on call_facts.call_id = calls.id
                        left join conversions on conversions.call_id = calls.id
                        where calls.agent_id = ?2 and calls.workspace = ?1
                        and call_facts.is_excluded = 0
                        """
                ),
                arguments: [workspace, agent, limits.secondsMin, limits.turnsMin]
            )
            return AgentLimitsTrial(
                calls: row?[0] ?? 0,
                qualifiedBefore: row?[1] ?? 0,
                qualifiedAfter: row?[2] ?? 0
            )
        }
    }
}

extension StoreWriter {
    /// Says what makes a call of an agent a qualified one, for all its calls.
    ///
    /// Calls that come in follow it at once; those that are there are counted anew by
    /// `CallStore.continueRebuild`.
    ///
    /// - Parameters:
    ///   - limits: Nil for the standard.
    ///   - agent: Whose; it may be one that no call is known of yet.
    ///   - workspace: Whose agent.
    ///   - person: Who says so.
    /// - Returns: Whether the limits are others than before.
    /// - Throws: `StoreError.rejected` for limits beyond their ranges.
    @discardableResult
    package func setLimits(
        _ limits: AgentLimits?,
        of agent: String,
        in workspace: String = CallIdentity.defaultWorkspace,
        by person: String
    ) throws -> Bool {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select turns_min, seconds_min from agent_limits
                    where workspace = ? and agent_id = ?
                    """
            ),
            arguments: [workspace, agent]
        )
        let before = row.map { AgentLimits(turnsMin: $0[0], secondsMin: $0[1]) }
        guard before != limits else { return false }
        if let limits {
            try run(
                """
                insert into agent_limits (
                    workspace, agent_id, turns_min, seconds_min, person, changed_ms
                ) values (?, ?, ?, ?, ?, ?)
                on conflict (workspace, agent_id) do update set
                    turns_min = excluded.turns_min, seconds_min = excluded.seconds_min,
                    person = excluded.person, changed_ms = excluded.changed_ms
                """,
                [
                    workspace, agent, limits.turnsMin, limits.secondsMin, person, nowMilliseconds,
                ]
            )
        } else {
            try run(
                "delete from agent_limits where workspace = ? and agent_id = ?",
                [workspace, agent]
            )
        }
        try audit(
            AuditNote(
                actor: person,
                action: "agent.limits",
                object: "agent:\(agent)",
                before: Self.fields(before),
                after: Self.fields(limits)
            )
        )
        guard (before ?? .standard) != (limits ?? .standard) else { return true }
        try beginRebuild(.limits)
        return true
    }

    private static func fields(_ limits: AgentLimits?) -> [String: StoredValue] {
        guard let limits else { return [:] }
        return [
            "turns": .integer(Int64(limits.turnsMin)),
            "seconds": .integer(Int64(limits.secondsMin)),
        ]
    }
}
