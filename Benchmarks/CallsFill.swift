import CallStore
import Foundation
import GRDB

/// Fills a store with calls as fast as SQLite takes them.
///
/// A year of them, of five agents, most of them credited to one of ten campaigns and judged. The
/// figures are summed at once and not row by row; a recount would find nothing wrong.
enum CallsFill {
    static let days = 365
    static let newestUnix: Int64 = 1_794_700_000

    static func fill(_ file: String, calls: Int) async throws {
        let database = try DatabaseQueue(path: file)
        try await database.write { database in
            let triggers = try Row.fetchAll(
                database,
                sql: "select name, sql from sqlite_schema where type = 'trigger'"
            )
            for trigger in triggers {
                try database.execute(sql: "drop trigger \(trigger["name"] as String)")
            }
            try database.execute(
                sql: """
                    insert into campaigns (workspace, name, channel, window_days, status, created_ms)
                    with recursive n (n) as (values (1) union all select n + 1 from n where n < 10)
                    select 'default', 'Campaign ' || n, 'mail', 90, 'running', 1 from n;
                    insert into rule_versions (version, name, first_used_ms) values ('r1', 'r', 1);
                    """
            )
            try database.execute(
                sql: """
                    insert into calls (
                        workspace, conversation_id, source, status, status_rank, fetched_ms,
                        has_detail, agent_id, agent_name, started_unix, duration_seconds, channel,
                        direction, agent_number_raw, agent_number_e164, call_successful, summary,
                        title, message_count, caller_message_count, caller_turns, cost_credits,
                        cost_dollars, language, termination_reason, created_ms, changed_ms
                    )
                    with recursive n (n) as (
                        values (0) union all select n + 1 from n where n + 1 < :calls
                    )
                    select 'default', printf('conv_%026d', n), 'detail', 'done', 3, 1, 1,
                        'agent_' || (n % 5), 'Reception ' || (n % 5),
                        :newest - (n * :seconds / :calls), 20 + abs(random() % 400), 'phone',
                        'inbound', '+14155550100', '+14155550100',
                        case n % 6 when 0 then 'failure' when 1 then 'unknown' else 'success' end,
                        'The caller asked for an appointment, and the agent said "yes, gladly".',
                        'Appointment, ' || (n % 100), 12, 6, 6, 600 + n % 100, 0.071, 'en',
                        'end_call tool was called', 1, 1
                    from n
                    """,
                arguments: [
                    "calls": calls, "newest": newestUnix, "seconds": days * 86_400,
                ]
            )
            try database.execute(
                sql: """
                    insert into call_parties (call_id, raw, e164, class, normaliser, caller_key, key_id)
                    select id, printf('+1415%07d', id % 9999999), printf('+1415%07d', id % 9999999),
                        'e164', 'b', cast(printf('%032d', id % 9999999) as blob), 'k'
                    from calls;
                    insert into attributions (
                        call_id, campaign_id, method, confidence, evidence, rule_version,
                        call_revision, decided_ms, decided_by
                    )
                    select id, 1 + id % 10, 'exact-number', 'strong', '{}', '1', 1, 1, 'rule'
                    from calls where id % 3 > 0;
                    insert into conversions (
                        call_id, outcome, rule_outcome, type, rule_version, needs_review, note,
                        call_revision, judged_ms
                    )
                    select id, iif(id % 8 = 0, 'yes', 'no'), iif(id % 8 = 0, 'yes', 'no'),
                        iif(id % 8 = 0, 'booking', null), 'r1', 0, null, 1, 1
                    from calls;
                    insert into call_facts select call_id, call_id, workspace, channel, day,
                        agent_id, campaign_id, outcome, is_excluded, connection, is_qualified,
                        is_converted, conversion_type, seconds, credits, microdollars
                    from call_facts_now;
                    update change_sequence set last = (select max(sequence) from call_facts);
                    insert into daily_figures select * from daily_figures_now;
                    insert into daily_durations select * from daily_durations_now;
                    insert into daily_seconds select * from daily_seconds_now;
                    """
            )
            for trigger in triggers { try database.execute(sql: trigger["sql"] as String) }
        }
        try database.close()
    }
}
