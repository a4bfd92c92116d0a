import GRDB

/// How much is looked at to see whether something is kept for too long; of a million calls it takes
/// well below a tenth of a second.
private enum OverdueLimits {
    /// Calls, the first by their ids, that still hold a number or words.
    static let calls = 2_000

    /// Recipients, the oldest, that still hold a number.
    static let recipients = 20_000
}

/// How long each class of what is kept may stay.
package struct KeptPeriods: Hashable, Sendable {
    package var rawBodies: Duration
    package var webhooks: Duration
    package var ledger: Duration
    package var numbers: Duration
    package var transcripts: Duration

    package init(
        rawBodies: Duration,
        webhooks: Duration,
        ledger: Duration,
        numbers: Duration,
        transcripts: Duration
    ) {
        self.rawBodies = rawBodies
        self.webhooks = webhooks
        self.ledger = ledger
        self.numbers = numbers
        self.transcripts = transcripts
    }

    /// Each class, how long it stays, and how the oldest that is beyond a moment is found: `?1` and
    /// what comes back are Unix seconds.
    fileprivate var classes: [(name: String, kept: Duration, sql: String)] {
        func bodies(_ kind: RawBody.Kind) -> String {
            """
            select received_ms / 1000 from raw_bodies
            where kind = '\(kind.rawValue)' and received_ms < ?1 * 1000
            and unreadable_reason is null
            order by received_ms limit 1
            """
        }
        // Calls that have lost the one but not the other: the nightly jobs go by their ids.
        func first(_ calls: String) -> String {
            """
            select started_unix from (
                \(calls) order by call_id limit \(OverdueLimits.calls)
            ) as first
            cross join calls on calls.id = first.call_id
            where started_unix < ?1 order by started_unix limit 1
            """
        }
        return [
            (
                "numbers", numbers,
                """
                select started_unix from calls
                where withheld is null and started_unix < ?1
                and exists (select 1 from call_parties where call_id = calls.id)
                order by started_unix limit 1
                """
            ),
            ("numbers", numbers, first("select call_id from call_parties")),
            (
                "transcripts", transcripts,
                """
                select started_unix from calls
                where (summary is not null or title is not null or collected is not null)
                and started_unix < ?1
                order by started_unix limit 1
                """
            ),
            (
                "transcripts", transcripts,
                """
                select started_unix from calls
                where withheld is null and started_unix < ?1
                and exists (select 1 from turns where call_id = calls.id)
                order by started_unix limit 1
                """
            ),
            ("transcripts", transcripts, first("select distinct call_id from turns")),
            (
                "recipient-numbers", numbers,
                """
                select max(created_ms / 1000, coalesce(
                    (select max(at_unix) from touches where recipient_id = old.id), 0
                )) as last
                from (
                    select id, created_ms from recipients
                    where raw is not null and created_ms < ?1 * 1000
                    order by created_ms limit \(OverdueLimits.recipients)
                ) as old
                where not exists (
                    select 1 from touches where recipient_id = old.id and at_unix >= ?1
                )
                order by last limit 1
                """
            ),
            ("raw-bodies", rawBodies, bodies(.list)),
            ("raw-bodies", rawBodies, bodies(.detail)),
            ("webhooks", webhooks, bodies(.webhook)),
            (
                "webhooks", webhooks,
                """
                select settled_ms / 1000 from inbox
                where state = 'done' and settled_ms < ?1 * 1000 order by settled_ms limit 1
                """
            ),
            (
                "ledger", ledger,
                """
                select finished_ms / 1000 from ledger
                where finished_ms < ?1 * 1000 order by finished_ms limit 1
                """
            ),
            (
                "exports", .zero,
                """
                select expires_ms / 1000 from exports
                where state = 'finished' and expires_ms < ?1 * 1000 order by expires_ms limit 1
                """
            ),
        ]
    }
}

/// A class of which something is still there that should be gone.
package struct OverdueClass: Hashable, Sendable {
    package var name: String

    /// For how long the oldest of it should have been gone.
    package var overdue: Duration

    package init(name: String, overdue: Duration) {
        self.name = name
        self.overdue = overdue
    }
}

extension CallStore {
    /// What is kept for longer than it may be, each class once; the nightly jobs remove it.
    ///
    /// Where somebody has said how long a class stays, that goes before `kept`.
    ///
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func overdue(_ kept: KeptPeriods) async throws(StoreError) -> [OverdueClass] {
        let now = ambient.nowMilliseconds / 1_000
        return try await read { database in
            let kept = kept.changed(by: try RetentionSetting.all(in: database))
            var found: [OverdueClass] = []
            for part in kept.classes {
                let moment = now - part.kept.components.seconds
                guard
                    let oldest = try Int64.fetchOne(
                        database.cachedStatement(sql: part.sql),
                        arguments: [moment]
                    )
                else { continue }
                let overdue = Duration.seconds(moment - oldest)
                if let index = found.firstIndex(where: { $0.name == part.name }) {
                    found[index].overdue = max(found[index].overdue, overdue)
                } else {
                    found.append(OverdueClass(name: part.name, overdue: overdue))
                }
            }
            return found
        }
    }

    /// How many calls that started before a moment, Unix seconds, are not at their end yet, though
    /// one is to be expected.
    package func unfinished(startedBefore moment: Int64) async throws(StoreError) -> Int {
        try await read { database in
            try Int.fetchOne(
                database.cachedStatement(
                    sql: "select count(*) \(Self.open) and started_unix < ?"
                ),
                arguments: [moment]
            ) ?? 0
        }
    }

    /// How many calls were never read whole and will be deleted upstream before a moment.
    ///
    /// Only a whole call says when it is deleted; of the others it is what the newest calls of their
    /// agent say.
    ///
    /// - Parameters:
    ///   - moment: Unix seconds.
    ///   - limit: Calls, the newest, that tell after which time they are deleted.
    /// - Returns: The count.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func unread(
        deletedBefore moment: Int64,
        limit: Int = 1_000
    ) async throws(StoreError) -> Int {
        let now = ambient.nowMilliseconds / 1_000
        return try await read { database in
            try Int.fetchOne(
                database.cachedStatement(
                    sql: """
                        with newest as (
                            select agent_id, deletion_unix - started_unix as kept from calls
                            order by started_unix desc limit ?
                        ), periods as (
                            select agent_id, min(kept) as kept from newest
                            where kept > 0 group by agent_id
                        )
                        select count(*) from periods join calls on calls.agent_id = periods.agent_id
                        where calls.started_unix >= ? - periods.kept
                        and calls.started_unix < ? - periods.kept
                        and calls.has_detail = 0 and calls.withheld is null
                        and calls.gone_ms is null
                        """
                ),
                arguments: [limit, now, moment]
            ) ?? 0
        }
    }
}
