-- What makes a call of an agent a qualified one, the counting anew that follows from a change of it
-- or of the report zone, and callers known by a SIP address.

-- Agents without a row: 2 turns of the caller and 30 seconds.
create table agent_limits (
    workspace text not null check (workspace <> ''),
    agent_id text not null check (agent_id <> ''),
    turns_min integer not null check (turns_min between 1 and 1000),
    seconds_min integer not null check (seconds_min between 0 and 86400),
    person text not null check (person <> ''),
    changed_ms integer not null check (changed_ms > 0),
    primary key (workspace, agent_id)
) strict, without rowid;

-- The calls that are being counted anew, in the order of their ids; no row when all are right.
create table figure_rebuilds (
    id integer primary key check (id = 1),
    reason text not null check (reason in ('zone', 'limits')),

    -- Every call up to this one is counted as it is now; calls after last_id came later.
    position integer not null,
    last_id integer not null,
    started_ms integer not null check (started_ms > 0)
) strict;

drop view call_facts_now;

create view call_facts_now as
select
    calls.id as call_id,
    calls.workspace as workspace,
    coalesce(calls.channel, 'unknown') as channel,
    (local.unix - ((local.unix % 86400) + 86400) % 86400) / 86400 as day,
    calls.agent_id as agent_id,
    coalesce(attributions.campaign_id, 0) as campaign_id,
    case
        when calls.call_successful is null then 'pending'
        when calls.call_successful in ('success', 'failure') then calls.call_successful
        else 'unknown'
    end as outcome,
    call_exclusions.call_id is not null
    or coalesce(calls.initiation_source, '') = 'template_preview' as is_excluded,
    case
        when coalesce(calls.duration_seconds, 0) > 0
            and coalesce(calls.caller_turns, calls.caller_message_count, 0) >= 1
            then 'connected'
        when calls.source = 'initiation-failure'
            or coalesce(calls.call_result, 'answered') in ('busy', 'no_answer', 'no-answer')
            or (
                calls.status = 'failed'
                and coalesce(calls.caller_turns, calls.caller_message_count, 0) = 0
                and coalesce(calls.duration_seconds, 0) = 0
            ) then 'not-connected'
        when coalesce(calls.duration_seconds, 0) > 0 and calls.status_rank = 3
            and calls.has_detail = 1 then 'no-speech'
        else 'open'
    end as connection,
    coalesce(
        coalesce(conversions.outcome = 'yes', 0)
        or (
            calls.duration_seconds > 0
            and calls.duration_seconds >= coalesce(agent_limits.seconds_min, 30)
            and coalesce(calls.caller_turns, calls.caller_message_count, 0)
                >= coalesce(agent_limits.turns_min, 2)
        ),
        0
    ) as is_qualified,
    coalesce(conversions.outcome = 'yes' and conversions.is_counted, 0) as is_converted,
    case when conversions.outcome = 'yes' and conversions.is_counted then conversions.type end
        as conversion_type,
    calls.duration_seconds as seconds,
    calls.cost_credits as credits,
    cast(round(calls.cost_dollars * 1000000) as integer) as microdollars
from (
    select id, started_unix + (
        select offset_seconds from report_offsets
        where since_unix <= started_unix order by since_unix desc limit 1
    ) as unix
    from calls
) as local
join calls on calls.id = local.id
left join attributions on attributions.call_id = calls.id
left join conversions on conversions.call_id = calls.id
left join call_exclusions on call_exclusions.call_id = calls.id
left join agent_limits on agent_limits.workspace = calls.workspace
    and agent_limits.agent_id = calls.agent_id;

-- Callers without a number are found by their address.
create index call_parties_by_address on call_parties (sip_user) where sip_user is not null;
create index recipients_by_address on recipients (sip_user) where sip_user is not null;

-- An erasure may be that of an address, too; what refers to the table is checked at the commit.
pragma defer_foreign_keys = on;

create temporary table erasures_before as select * from erasures;

drop table erasures;

create table erasures (
    id integer primary key,

    -- A number or an address, readable while a step needs it.
    caller text check (caller <> ''),
    caller_key blob not null check (length(caller_key) = 32),
    key_id text not null check (key_id <> ''),
    person text not null check (person <> ''),
    step text not null check (step in (
        'content', 'copies', 'upstream', 'files', 'database', 'done'
    )),
    requested_ms integer not null check (requested_ms > 0),
    finished_ms integer,
    report text not null check (json_valid(report)),
    check ((step in ('database', 'done')) = (caller is null)),
    check ((step = 'done') = (finished_ms is not null))
) strict;

insert into erasures select * from erasures_before;

drop table erasures_before;

create unique index erasures_open on erasures (caller_key) where step <> 'done';
