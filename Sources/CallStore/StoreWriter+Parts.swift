import GRDB

extension StoreWriter {
    /// Makes a part of a change so that its failure leaves the rest standing.
    ///
    /// - Returns: What the part returns.
    /// - Throws: `StoreError`; everything that the part did is rolled back, follow-on jobs too.
    package func part<Value>(_ body: () throws -> Value) throws -> Value {
        let addedBefore = added.entries.count
        var value: Value?
        do {
            try database.inSavepoint {
                value = try body()
                return .commit
            }
        } catch {
            added.entries.removeLast(added.entries.count - addedBefore)
            added.notedCampaigns = []
            throw StoreError(error)
        }
        guard let value else { throw StoreError.rejected(reason: "the part gave no value") }
        return value
    }

    /// Notes that the upstream has a conversation no more; nothing of it is erased.
    ///
    /// It gets a tombstone, which goes when the upstream answers with the conversation again.
    ///
    /// - Returns: Whether the store knows the conversation.
    @discardableResult
    package func markGone(_ identity: CallIdentity) throws -> Bool {
        let changed = try run(
            """
            update calls set gone_ms = coalesce(gone_ms, ?)
            where workspace = ? and conversation_id = ?
            """,
            [nowMilliseconds, identity.workspace, identity.conversationID]
        )
        if changed == 1 { try bury(identity, .deletedUpstream) }
        return changed == 1
    }
}
