import GRDB

extension StoreWriter {
    /// Notes what a page says of a conversation, without ever touching a call.
    ///
    /// - Parameters:
    ///   - report: What is said; a new conversation needs its agent and its start.
    ///   - endsOnly: Whether one that is known already may only be ended, and only once: what a
    ///     stranger may do.
    ///   - workspace: The upstream's workspace.
    /// - Returns: What became of it.
    /// - Throws: Errors of the database.
    package func track(
        _ report: ConversationReport,
        endsOnly: Bool,
        in workspace: String = CallIdentity.defaultWorkspace
    ) throws -> TrackingOutcome {
        let identity = CallIdentity(workspace: workspace, conversationID: report.id)
        if try isUpstream(identity) { return .leftAlone }
        if try isErased(identity) { return .leftAlone }
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select * from tracked_conversations
                    where workspace = ? and conversation_id = ?
                    """
            ),
            arguments: [workspace, report.id]
        )
        guard let row else { return try create(report, in: workspace) }
        // It has met its call, by another id.
        guard row["call_id"] == nil else { return .leftAlone }
        return try change(Conversation(tracked: row), by: report, endsOnly, in: workspace)
    }

    private func isUpstream(_ identity: CallIdentity) throws -> Bool {
        try Bool.fetchOne(
            database.cachedStatement(
                sql: """
                    select exists (
                        select 1 from calls where workspace = ?1 and conversation_id = ?2
                    ) or exists (
                        select 1 from calls
                        where json_extract(dynamic_variables, '$.ringback_conversation') = ?2
                        and workspace = ?1
                    )
                    """
            ),
            arguments: [identity.workspace, identity.conversationID]
        ) ?? false
    }

    private func create(
        _ report: ConversationReport,
        in workspace: String
    ) throws -> TrackingOutcome {
        guard let agent = report.agentID, let start = report.startedUnix else { return .incomplete }
        let new = Conversation(
            id: report.id,
            agentID: agent,
            startedUnix: start,
            state: .active
        ).changed(by: report)
        if let end = new.endedUnix, end < start { return .endsTooEarly }
        try run(
            """
            insert into tracked_conversations (
                workspace, conversation_id, agent_id, user_id, start_unix, end_unix,
                duration_seconds, messages_count, status, metadata, created_ms, changed_ms
            ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                workspace, new.id, new.agentID, new.userID, new.startedUnix, new.endedUnix,
                new.durationSeconds, new.messages, new.state.rawValue,
                try StoredJSON.column(new.metadata), nowMilliseconds, nowMilliseconds,
            ]
        )
        return .created
    }

    private func change(
        _ old: Conversation,
        by report: ConversationReport,
        _ endsOnly: Bool,
        in workspace: String
    ) throws -> TrackingOutcome {
        var report = report
        if endsOnly {
            guard old.state == .active else { return .changed }
            report.agentID = nil
            report.userID = nil
            report.startedUnix = nil
            report.metadata = nil
        }
        let new = old.changed(by: report)
        if let end = new.endedUnix, end < new.startedUnix { return .endsTooEarly }
        guard new != old else { return .changed }
        try run(
            """
            update tracked_conversations set
                agent_id = ?, user_id = ?, start_unix = ?, end_unix = ?, duration_seconds = ?,
                messages_count = ?, status = ?, metadata = ?, changed_ms = max(changed_ms, ?)
            where workspace = ? and conversation_id = ?
            """,
            [
                new.agentID, new.userID, new.startedUnix, new.endedUnix, new.durationSeconds,
                new.messages, new.state.rawValue, try StoredJSON.column(new.metadata),
                nowMilliseconds, workspace, new.id,
            ]
        )
        return .changed
    }

    /// Removes what pages reported of conversations that began before a moment, Unix seconds, and
    /// that no upstream record has met; returns how many.
    package func removeTracked(startedBefore moment: Int64, limit: Int) throws -> Int {
        try run(
            """
            delete from tracked_conversations where id in (
                select id from tracked_conversations
                where call_id is null and start_unix < ? order by start_unix limit ?
            )
            """,
            [moment, limit]
        )
    }

    /// Removes what a page reported of a call: its user and its notes may point to a person.
    func clearTracked(of call: CallID) throws {
        try run("delete from tracked_conversations where call_id = ?", [call.number])
    }
}

extension Conversation {
    /// The conversation with what a report says of it; a duration follows from an end.
    func changed(by report: ConversationReport) -> Conversation {
        var new = self
        if let agent = report.agentID { new.agentID = agent }
        if let user = report.userID { new.userID = user }
        if let start = report.startedUnix { new.startedUnix = start }
        if let end = report.endedUnix { new.endedUnix = end }
        if let messages = report.messages { new.messages = messages }
        if let metadata = report.metadata { new.metadata = metadata }
        if let state = report.state {
            new.state = state
        } else if report.endedUnix != nil {
            new.state = .completed
        }
        if let duration = report.durationSeconds {
            new.durationSeconds = duration
        } else if report.endedUnix != nil || report.startedUnix != nil, let end = new.endedUnix {
            new.durationSeconds = Int(max(0, end - new.startedUnix))
        }
        return new
    }

    /// What stands in a row of `tracked_conversations`.
    init(tracked row: Row) throws {
        self.init(
            id: row["conversation_id"],
            agentID: row["agent_id"],
            userID: row["user_id"],
            startedUnix: row["start_unix"],
            endedUnix: row["end_unix"],
            durationSeconds: row["duration_seconds"],
            messages: row["messages_count"],
            state: State(rawValue: row["status"]) ?? .active,
            metadata: try StoredJSON.value(row["metadata"], as: [String: StoredValue].self)
        )
    }
}
