package import Foundation
import GRDB

extension CallStore {
    /// Which of these conversations are not to be expected any more, by conversation id.
    package func tombstones(
        among conversationIDs: [String],
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [String: Tombstone] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select reason, at_ms from tombstones
                    where workspace = ? and conversation_id = ?
                    """
            )
            var found: [String: Tombstone] = [:]
            for id in conversationIDs {
                guard let row = try Row.fetchOne(statement, arguments: [workspace, id]),
                    let reason = TombstoneReason(rawValue: row["reason"])
                else { continue }
                found[id] = Tombstone(
                    identity: CallIdentity(workspace: workspace, conversationID: id),
                    reason: reason,
                    atMilliseconds: row["at_ms"]
                )
            }
            return found
        }
    }

    /// How a call came here and what the upstream changed in it since.
    package func provenance(of call: CallID) async throws(StoreError) -> CallProvenance {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "select arrived_by, webhook_ms, corrected_ms, gone_ms from calls where id = ?"
            )
            guard let row = try Row.fetchOne(statement, arguments: [call.number]) else {
                throw StoreError.notFound(what: "call \(call)")
            }
            let changes = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        select seen_ms, field, value from call_changes
                        where call_id = ? order by seen_ms, field limit ?
                        """
                ),
                arguments: [call.number, ArchiveLimits.changesMax]
            )
            return CallProvenance(
                arrival: (row["arrived_by"] as String?).flatMap { CallArrival(rawValue: $0) },
                webhookMilliseconds: row["webhook_ms"],
                correctedMilliseconds: row["corrected_ms"],
                goneMilliseconds: row["gone_ms"],
                changes: try changes.map { change in
                    CallChange(
                        field: change["field"],
                        value: try StoredJSON.value(change["value"], as: StoredValue.self)
                            ?? .null,
                        seenMilliseconds: change["seen_ms"]
                    )
                }
            )
        }
    }

    /// Calls that a list of a stretch of time should have shown and did not.
    ///
    /// They had ended, and the upstream is not known to have deleted them. Both bounds are
    /// exclusive; `shown` are the conversations that the list did show. The oldest come first.
    package func callsMissing(
        startedAfter: Int64,
        startedBefore: Int64,
        shown: Set<String>,
        in workspace: String,
        limit: Int
    ) async throws(StoreError) -> [CallIdentity] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select conversation_id from calls
                    where started_unix > ? and started_unix < ? and workspace = ?
                    and status_rank = 3 and gone_ms is null
                    order by started_unix, id limit ?
                    """
            )
            // As many as were shown may stand in between.
            let arguments: StatementArguments = [
                startedAfter, startedBefore, workspace, limit + shown.count,
            ]
            return try String.fetchAll(statement, arguments: arguments)
                .filter { !shown.contains($0) }.prefix(limit)
                .map { CallIdentity(workspace: workspace, conversationID: $0) }
        }
    }

    // MARK: The ledger card

    /// How the calls of each day came here, the newest day last.
    ///
    /// `days` is 1 to `ArchiveLimits.daysMax`, the last one being today in the zone.
    package func ledgerCard(
        days: Int,
        zone: TimeZone,
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> [LedgerDay] {
        let now = ambient.nowMilliseconds / 1000
        let bounds = Self.bounds(days: min(max(days, 1), ArchiveLimits.daysMax), now, zone)
        return try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select count(*) as calls,
                        count(*) filter (where arrived_by = 'webhook') as by_webhook,
                        count(*) filter (where arrived_by = 'poll') as by_poll,
                        count(*) filter (where arrived_by is null) as unknown,
                        count(*) filter (where corrected_ms is not null) as changed,
                        count(*) filter (where \(Self.missesWebhook) and \(Self.end) < ?4) as never,
                        count(*) filter (where \(Self.missesWebhook) and \(Self.end) >= ?4)
                            as awaited
                    from calls where workspace = ?1 and started_unix >= ?2 and started_unix < ?3
                    """
            )
            return try bounds.compactMap { day in
                let arguments: StatementArguments = [
                    workspace, day.lowerBound, day.upperBound,
                    now - ArchiveLimits.webhookGraceSeconds,
                ]
                return try Row.fetchOne(statement, arguments: arguments).map { row in
                    LedgerDay(
                        fromUnix: day.lowerBound,
                        toUnix: day.upperBound,
                        calls: row["calls"],
                        byWebhook: row["by_webhook"],
                        byPoll: row["by_poll"],
                        unknown: row["unknown"],
                        changedLater: row["changed"],
                        neverByWebhook: row["never"],
                        awaitingWebhook: row["awaited"]
                    )
                }
            }
        }
    }

    /// Days of 23, 24 or 25 hours, as the zone has them.
    private static func bounds(days: Int, _ now: Int64, _ zone: TimeZone) -> [Range<Int64>] {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let today = calendar.startOfDay(for: Date(timeIntervalSince1970: Double(now)))
        let starts = (0...days).compactMap { index in
            calendar.date(byAdding: .day, value: index - days + 1, to: today)
                .map { Int64(calendar.startOfDay(for: $0).timeIntervalSince1970) }
        }
        return zip(starts, starts.dropFirst()).compactMap { $0 < $1 ? $0..<$1 : nil }
    }

    /// A call that has come to where the upstream sends its webhook, and has none.
    ///
    /// It is done, or could not be connected; one that broke off gets none.
    private static let missesWebhook = """
        webhook_ms is null and (
            status = 'done'
            or (status = 'failed' and direction = 'outbound' and coalesce(duration_seconds, 0) = 0)
        )
        """

    private static let end = "started_unix + coalesce(duration_seconds, 0)"

    // MARK: What asks for attention

    /// Calls whose end is still to come: not those that the upstream has no more, nor those of
    /// which nothing more is read here.
    static let open = """
        from calls
        where status_rank < 3 and gone_ms is null and withheld is not 'erased'
        """

    /// What of the archive asks for attention; one consistent look.
    package func archiveState(
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> ArchiveState {
        let now = ambient.nowMilliseconds / 1000
        return try await read { database in
            func number(_ sql: String, _ arguments: StatementArguments = []) throws -> Int {
                try Int.fetchOne(database.cachedStatement(sql: sql), arguments: arguments) ?? 0
            }
            let open = Self.open
            let stuckBefore = now - ArchiveLimits.stuckSeconds
            return ArchiveState(
                unfinished: try number("select count(*) \(open)"),
                stuck: try number("select count(*) \(open) and started_unix < ?", [stuckBefore]),
                stuckExample: try String.fetchOne(
                    database.cachedStatement(
                        sql: """
                            select conversation_id \(open) and started_unix < ?
                            order by started_unix limit 1
                            """
                    ),
                    arguments: [stuckBefore]
                ),
                deletedUpstream: try number(
                    "select count(*) from tombstones where reason = 'deleted-upstream'"
                ),
                erased: try number("select count(*) from tombstones where reason = 'erased'"),
                webhooks: try Self.silence(workspace, now, in: database)
            )
        }
    }

    private static func silence(
        _ workspace: String,
        _ now: Int64,
        in database: Database
    ) throws -> WebhookSilence {
        let last = try CallReading.mark(.lastWebhook, workspace, in: database)
        let since = max(last.map { $0 / 1000 } ?? 0, now - ArchiveLimits.silenceSeconds)
        let missed = try Int.fetchOne(
            database.cachedStatement(
                sql: """
                    select count(*) from calls
                    where workspace = ? and started_unix >= ? and \(end) >= ?
                    and arrived_by = 'poll' and \(missesWebhook) and \(end) < ?
                    """
            ),
            arguments: [
                // A call that began before the last webhook may have ended after it.
                workspace, since - ArchiveLimits.webhookGraceSeconds, since,
                now - ArchiveLimits.webhookGraceSeconds,
            ]
        )
        return WebhookSilence(lastMilliseconds: last, missed: missed ?? 0)
    }
}
