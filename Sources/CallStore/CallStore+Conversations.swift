import GRDB

extension CallStore {
    /// A page of conversations, newest first: the upstream's, and those that only pages reported.
    package func conversations(
        after cursor: ConversationCursor? = nil,
        limit: Int
    ) async throws(StoreError) -> ConversationListPage {
        let now = ambient.nowMilliseconds / 1_000
        return try await read { database in
            try ConversationReading(database: database, nowUnix: now).page(cursor, limit)
        }
    }

    /// One conversation by its id, or by the id that a page gave it; nil when nobody knows it.
    package func conversation(_ id: String) async throws(StoreError) -> Conversation? {
        let now = ambient.nowMilliseconds / 1_000
        return try await read { database in
            try ConversationReading(database: database, nowUnix: now).one(id)
        }
    }

    /// What was said in a conversation, in order; nil when nobody knows it.
    package func messages(of id: String) async throws(StoreError) -> [ConversationMessage]? {
        try await read { database in
            let reading = ConversationReading(database: database, nowUnix: 0)
            guard let call = try reading.call(of: id) else {
                return try reading.tracked(id) == nil ? nil : []
            }
            let start: Int64 = call["started_unix"]
            return try CallReading.turns(of: CallID(call["id"]), in: database).compactMap { turn in
                guard let text = turn.message, !text.allSatisfy(\.isWhitespace) else { return nil }
                return ConversationMessage(
                    isOfCaller: turn.speaker == .caller,
                    text: text,
                    atUnix: start + Int64(turn.secondsIn)
                )
            }
        }
    }
}

/// Reads conversations of one consistent look.
struct ConversationReading {
    let database: Database
    let nowUnix: Int64
    var workspace = CallIdentity.defaultWorkspace

    func page(_ cursor: ConversationCursor?, _ limit: Int) throws -> ConversationListPage {
        // The list asks for one more than a page, to know whether there is another.
        let calls = try upstreamRows(cursor, limit + 1)
        let tracked = try trackedRows(cursor, limit + 1)
        var found: [(cursor: ConversationCursor, row: Row)] = []
        found += calls.map { (Self.cursor(of: $0, "started_unix", isUpstream: true), $0) }
        found += tracked.map { (Self.cursor(of: $0, "start_unix", isUpstream: false), $0) }
        found.sort { $0.cursor.isBefore($1.cursor) }
        let page = found.prefix(limit)
        return ConversationListPage(
            conversations: try page.map { entry in
                entry.cursor.isUpstream ? try upstream(entry.row) : try reported(entry.row)
            },
            next: found.count > limit ? page.last?.cursor : nil
        )
    }

    func one(_ id: String) throws -> Conversation? {
        if let row = try call(of: id) { return try upstream(row) }
        return try tracked(id).map(reported)
    }

    /// The call of an id, or of the page's own id that it carries.
    func call(of id: String) throws -> Row? {
        let own = try Row.fetchOne(
            database.cachedStatement(
                sql: "\(Self.select) where calls.workspace = ? and calls.conversation_id = ?"
            ),
            arguments: [workspace, id]
        )
        if let own { return own }
        guard let met: Int64 = try tracked(id)?["call_id"] else { return nil }
        return try Row.fetchOne(
            database.cachedStatement(sql: "\(Self.select) where calls.id = ?"),
            arguments: [met]
        )
    }

    func tracked(_ id: String) throws -> Row? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select * from tracked_conversations
                    where workspace = ? and conversation_id = ?
                    """
            ),
            arguments: [workspace, id]
        )
    }

    private static let select = """
        select calls.id, calls.conversation_id, calls.agent_id, calls.user_id,
            calls.started_unix, calls.duration_seconds, calls.message_count, calls.status,
            calls.status_rank
        from calls
        """

    private func upstreamRows(_ cursor: ConversationCursor?, _ limit: Int) throws -> [Row] {
        // What comes after a page's own conversation began earlier, the upstream's.
        let id = cursor.map { $0.isUpstream ? $0.id : 0 } ?? .max
        return try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    \(Self.select)
                    where calls.workspace = ? and (calls.started_unix, calls.id) < (?, ?)
                    order by calls.started_unix desc, calls.id desc limit ?
                    """
            ),
            arguments: [workspace, cursor?.startedUnix ?? .max, id, limit]
        )
    }

    private func trackedRows(_ cursor: ConversationCursor?, _ limit: Int) throws -> [Row] {
        let id = cursor.map { $0.isUpstream ? .max : $0.id } ?? .max
        return try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select * from tracked_conversations
                    where workspace = ? and call_id is null and (start_unix, id) < (?, ?)
                    order by start_unix desc, id desc limit ?
                    """
            ),
            arguments: [workspace, cursor?.startedUnix ?? .max, id, limit]
        )
    }

    private static func cursor(
        of row: Row,
        _ start: String,
        isUpstream: Bool
    ) -> ConversationCursor {
        ConversationCursor(startedUnix: row[start], isUpstream: isUpstream, id: row["id"])
    }

    private func reported(_ row: Row) throws -> Conversation {
        var conversation = try Conversation(tracked: row)
        let limit = conversation.startedUnix + Conversation.abandonedAfterSeconds
        if conversation.state == .active, limit <= nowUnix { conversation.state = .abandoned }
        return conversation
    }

    /// The upstream's record, with what only a page knew of it.
    private func upstream(_ row: Row) throws -> Conversation {
        let page = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    select user_id, metadata from tracked_conversations
                    where call_id = ? order by conversation_id = ? desc, id limit 1
                    """
            ),
            arguments: [row["id"] as Int64, row["conversation_id"] as String]
        )
        let status = CallStatus(row["status"])
        let isOver = (row["status_rank"] as Int) == 3
        let start: Int64 = row["started_unix"]
        let duration: Int? = row["duration_seconds"]
        return Conversation(
            id: row["conversation_id"],
            agentID: row["agent_id"],
            userID: row["user_id"] ?? page?["user_id"],
            startedUnix: start,
            endedUnix: isOver ? duration.map { start + Int64($0) } : nil,
            durationSeconds: duration,
            messages: row["message_count"] ?? 0,
            state: isOver ? (status == .failed ? .abandoned : .completed) : .active,
            metadata: try page.flatMap {
                try StoredJSON.value($0["metadata"], as: [String: StoredValue].self)
            }
        )
    }
}

extension ConversationCursor {
    /// Whether a list, newest first, shows this before the other.
    fileprivate func isBefore(_ other: ConversationCursor) -> Bool {
        if startedUnix != other.startedUnix { return startedUnix > other.startedUnix }
        if isUpstream != other.isUpstream { return isUpstream }
        return id > other.id
    }
}
