import GRDB

extension StoreWriter {
    /// Notes that a conversation is no more, as of now.
    ///
    /// What was erased stays erased, whatever the upstream says of it later.
    package func bury(_ identity: CallIdentity, _ reason: TombstoneReason) throws {
        try run(
            """
            insert into tombstones (workspace, conversation_id, reason, at_ms)
            values (?, ?, ?, ?)
            on conflict (workspace, conversation_id) do update set
                reason = excluded.reason, at_ms = excluded.at_ms
            where tombstones.reason <> 'erased'
            """,
            [identity.workspace, identity.conversationID, reason.rawValue, nowMilliseconds]
        )
    }

    /// Whether a conversation was erased here, so that nothing of it may be kept.
    package func isErased(_ identity: CallIdentity) throws -> Bool {
        try Bool.fetchOne(
            database.cachedStatement(
                sql: """
                    select exists (
                        select 1 from tombstones
                        where workspace = ? and conversation_id = ? and reason = 'erased'
                    )
                    """
            ),
            arguments: [identity.workspace, identity.conversationID]
        ) ?? false
    }

    /// Takes back that the upstream has deleted a conversation.
    func unbury(_ identity: CallIdentity) throws {
        try run(
            """
            delete from tombstones
            where workspace = ? and conversation_id = ? and reason = 'deleted-upstream'
            """,
            [identity.workspace, identity.conversationID]
        )
    }

    /// Keeps what stood in a call before.
    func keep(_ corrections: [CallHistory.Correction], of call: CallID) throws {
        for correction in corrections {
            try run(
                """
                insert into call_changes (call_id, seen_ms, field, value) values (?, ?, ?, ?)
                on conflict (call_id, seen_ms, field) do nothing
                """,
                [call.number, nowMilliseconds, correction.field, correction.value]
            )
        }
    }
}
