import GRDB

extension StoreWriter {
    /// Writes credits whose calls are counted together at the end, and not row by row.
    ///
    /// A credit changes nothing but the campaign that a call counts for, so the sums of the old
    /// and the new campaigns follow from the calls that move.
    ///
    /// - Parameter body: Writes attributions and nothing else that figures follow from; returns the
    ///   calls whose attribution is another than before.
    /// - Throws: What the body throws. Nothing that the transaction did may stand then.
    func countingCredits(_ body: () throws -> [CallID]) throws {
        try run("update change_sequence set is_batch = 1")
        let calls = try body()
        if !calls.isEmpty {
            let moved = try moved(among: calls)
            if !moved.isEmpty { try moveSums(of: moved) }
            try renew(calls)
            if !moved.isEmpty {
                // Few calls are rated: these go row by row.
                try run(
                    """
                    insert into rated_calls select * from rated_calls_now
                    where call_id in (select value from json_each(?))
                    """,
                    [moved]
                )
            }
        }
        try run(
            "update change_sequence set is_batch = 0, last = last + ?",
            [calls.count]
        )
    }

    private static func list(_ calls: [CallID]) -> String {
        "[" + calls.map { String($0.number) }.joined(separator: ",") + "]"
    }

    /// The calls that count for another campaign than before, as a list; empty for none.
    private func moved(among calls: [CallID]) throws -> String {
        let ids = try Int64.fetchAll(
            database.cachedStatement(
                sql: """
                    select call_facts.call_id from json_each(?) as wanted
                    cross join call_facts on call_facts.call_id = wanted.value
                    cross join attributions on attributions.call_id = wanted.value
                    where call_facts.campaign_id <> coalesce(attributions.campaign_id, 0)
                    """
            ),
            arguments: [Self.list(calls)]
        )
        return ids.isEmpty ? "" : Self.list(ids.map { CallID($0) })
    }

    /// Takes calls out of the sums of the campaigns that they counted for, and puts them into those
    /// of the campaigns that they are credited to.
    private func moveSums(of moved: String) throws {
        try run(Self.moveSums, [moved])
        try run(
            """
            delete from daily_figures
            where conversations = 0 and (workspace, channel, day, agent_id, campaign_id) in (
                select distinct workspace, channel, day, agent_id, campaign_id from call_facts
                where call_id in (select value from json_each(?))
            )
            """,
            [moved]
        )
        try run(
            "delete from rated_calls where call_id in (select value from json_each(?))",
            [moved]
        )
    }

    private static let moveSums = """
        insert into daily_figures
        select workspace, channel, day, agent_id, campaign,
            sum(sign),
            sum(sign * is_excluded),
            sum(sign * (outcome = 'success' and not is_excluded)),
            sum(sign * (outcome = 'failure' and not is_excluded)),
            sum(sign * (outcome = 'unknown' and not is_excluded)),
            sum(sign * (outcome = 'pending' and not is_excluded)),
            sum(sign * (connection = 'connected' and not is_excluded)),
            sum(sign * (connection = 'no-speech' and not is_excluded)),
            sum(sign * (connection = 'not-connected' and not is_excluded)),
            sum(sign * (is_qualified and not is_excluded)),
            sum(sign * (is_converted and not is_excluded)),
            sum(sign * iif(connection = 'connected' and not is_excluded, seconds, 0)),
            sum(sign * iif(is_excluded, 0, coalesce(credits, 0))),
            sum(sign * (credits is not null and not is_excluded)),
            sum(sign * iif(is_excluded, 0, coalesce(microdollars, 0))),
            sum(sign * (microdollars is not null and not is_excluded))
        from (
            select call_facts.*, signs.sign as sign,
                iif(
                    signs.sign < 0, call_facts.campaign_id, coalesce(attributions.campaign_id, 0)
                ) as campaign
            from json_each(?) as wanted
            cross join call_facts on call_facts.call_id = wanted.value
            cross join attributions on attributions.call_id = wanted.value
            cross join (select 1 as sign union all select -1) as signs
        )
        group by workspace, channel, day, agent_id, campaign
        on conflict (workspace, channel, day, agent_id, campaign_id) do update set
            conversations = conversations + excluded.conversations,
            excluded = daily_figures.excluded + excluded.excluded,
            success = success + excluded.success,
            failure = failure + excluded.failure,
            unknown = unknown + excluded.unknown,
            pending = pending + excluded.pending,
            connected = connected + excluded.connected,
            no_speech = no_speech + excluded.no_speech,
            not_connected = not_connected + excluded.not_connected,
            qualified = qualified + excluded.qualified,
            conversions = conversions + excluded.conversions,
            seconds = seconds + excluded.seconds,
            credits = credits + excluded.credits,
            credits_known = credits_known + excluded.credits_known,
            microdollars = microdollars + excluded.microdollars,
            microdollars_known = microdollars_known + excluded.microdollars_known
        """

    /// Gives calls the campaign that they are credited to, and a new place in the order of changes.
    private func renew(_ calls: [CallID]) throws {
        try run(
            """
            update call_facts set
                campaign_id = coalesce(attributions.campaign_id, 0),
                sequence = (select last from change_sequence) + 1 + wanted.key
            from json_each(?) as wanted
            cross join attributions on attributions.call_id = wanted.value
            where call_facts.call_id = wanted.value
            """,
            [Self.list(calls)]
        )
    }
}
