import GRDB

/// What has changed since somebody looked last.
package struct StoreChanges: Hashable, Sendable {
    /// Where the next look goes on.
    package var sequence: Int64

    /// Calls that are new or other than before, in the order of their last change.
    package var calls: [CallID]

    /// Whether those are all.
    package var isComplete: Bool
}

extension CallStore {
    /// Calls that changed after a point of the sequence of changes, whoever changed them.
    ///
    /// Costs one row while nothing has changed.
    ///
    /// - Parameters:
    ///   - sequence: Where the last look ended; nil only asks for the present point.
    ///   - limit: Most calls to name.
    /// - Returns: The calls, and where to go on.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func changes(
        after sequence: Int64?,
        limit: Int
    ) async throws(StoreError) -> StoreChanges {
        try await read { database in
            let last = try Int64.fetchOne(
                database.cachedStatement(sql: "select last from change_sequence")
            )
            guard let sequence, let last, last != sequence else {
                return StoreChanges(sequence: last ?? 0, calls: [], isComplete: true)
            }
            let calls = try Int64.fetchAll(
                database.cachedStatement(
                    sql: """
                        select call_id from call_facts where sequence > ?
                        order by sequence limit ?
                        """
                ),
                arguments: [sequence, limit + 1]
            )
            return StoreChanges(
                sequence: last,
                calls: calls.prefix(limit).map { CallID($0) },
                isComplete: calls.count <= limit
            )
        }
    }
}
