import GRDB

/// A class of what is kept of people for a time only.
package enum ExpiringClass: String, Sendable, CaseIterable {
    /// Numbers of callers, and what quotes them.
    case numbers

    /// Transcripts, summaries, and what quotes them.
    case transcripts

    /// Numbers of recipients whose last touch is as long ago.
    case recipients = "recipient-numbers"

    fileprivate var selection: String {
        switch self {
        case .numbers:
            """
            select calls.id from call_parties join calls on calls.id = call_parties.call_id
            where calls.id > ?1 and calls.started_unix < ?2 order by calls.id limit ?3
            """
        case .transcripts:
            """
            select id from calls
            where id > ?1 and started_unix < ?2
            and (
                summary is not null or title is not null or collected is not null
                or exists (select 1 from turns where call_id = calls.id)
            )
            order by id limit ?3
            """
        case .recipients:
            """
            select id from recipients
            where id > ?1 and raw is not null and created_ms < ?2 * 1000
            and not exists (
                select 1 from touches where recipient_id = recipients.id and at_unix >= ?2
            )
            order by id limit ?3
            """
        }
    }
}

extension CallStore {
    /// Rows of a class that have been kept long enough, in the order of ids.
    ///
    /// - Parameters:
    ///   - what: The class.
    ///   - moment: Unix seconds: calls that started before it.
    ///   - id: Rows after this one.
    ///   - limit: Most rows.
    /// - Returns: Ids of calls or of recipients.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func expired(
        _ what: ExpiringClass,
        before moment: Int64,
        after id: Int64,
        limit: Int
    ) async throws(StoreError) -> [Int64] {
        try await read { database in
            try Int64.fetchAll(
                database.cachedStatement(sql: what.selection),
                arguments: [id, moment, limit]
            )
        }
    }
}

extension StoreWriter {
    /// Removes what was kept long enough from rows that `CallStore.expired` has named.
    ///
    /// A call that has lost something is read no more, and what was decided of it stands.
    package func expire(_ what: ExpiringClass, _ ids: [Int64]) throws {
        for id in ids {
            guard what != .recipients else {
                try clearRecipientNumber(id)
                continue
            }
            let call = CallID(id)
            if what == .numbers { try clearNumber(of: call) } else { try clearWords(of: call) }
            // The bodies hold both.
            try clearCopies(of: call)
            try run(
                "update calls set withheld = coalesce(withheld, 'expired') where id = ?",
                [id]
            )
        }
    }
}
