-- The figures of calls: what each call counts for, the sums by day that follow from it, calls that
-- are not to be counted, and what became of conversions, in order.
--
-- Triggers keep all of it in the transaction of whatever changes a call, so no writer can forget.
-- call_facts_now says what a call counts for; call_facts is what was counted last. Days are those
-- of one zone, the report zone, as numbers since 1970-01-01.

-- Turns in which the caller says words; stays when the transcript is erased or deleted.
alter table calls add column caller_turns integer check (caller_turns >= 0);

update calls set caller_turns = (
    select count(*) from turns
    where call_id = calls.id and speaker = 'caller'
    and trim(message, char(9, 10, 13, 32)) <> ''
)
where exists (select 1 from turns where call_id = calls.id);

-- Calls that a person wants counted apart; nothing of them is deleted.
create table call_exclusions (
    call_id integer primary key references calls (id) on delete cascade,
    reason text not null check (reason in ('test', 'internal', 'spam', 'other')),
    person text not null check (person <> ''),
    note text,
    excluded_ms integer not null check (excluded_ms > 0)
) strict;

-- What a campaign's printing, postage and advertising cost, in millionths of its currency.
create table campaign_costs (
    campaign_id integer primary key references campaigns (id) on delete cascade,
    media_micros integer not null check (media_micros >= 0),
    currency text not null check (currency glob '[A-Z][A-Z][A-Z]'),
    changed_ms integer not null check (changed_ms > 0)
) strict;

create table report_zone (
    id integer primary key check (id = 1),
    name text not null check (name <> '')
) strict;

insert into report_zone (id, name) values (1, 'UTC');

-- Seconds east of UTC from an instant on; the first row goes back as far as anybody asks.
create table report_offsets (
    since_unix integer primary key,
    offset_seconds integer not null check (offset_seconds between -86400 and 86400)
) strict;

insert into report_offsets (since_unix, offset_seconds) values (-100000000000, 0);

-- Rises with every change of a call, its attribution, its judgement or its exclusion.
create table change_sequence (
    id integer primary key check (id = 1),
    last integer not null
) strict;

insert into change_sequence (id, last) values (1, 0);

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
            calls.duration_seconds >= 30
            and coalesce(calls.caller_turns, calls.caller_message_count, 0) >= 2
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
left join call_exclusions on call_exclusions.call_id = calls.id;

create table call_facts (
    call_id integer primary key,
    sequence integer not null,
    workspace text not null,
    channel text not null check (channel in ('phone', 'voice', 'text', 'unknown')),
    day integer not null,
    agent_id text not null,
    campaign_id integer not null,
    outcome text not null check (outcome in ('success', 'failure', 'unknown', 'pending')),
    is_excluded integer not null check (is_excluded in (0, 1)),
    connection text not null
        check (connection in ('connected', 'no-speech', 'not-connected', 'open')),
    is_qualified integer not null check (is_qualified in (0, 1)),
    is_converted integer not null check (is_converted in (0, 1)),
    conversion_type text,
    seconds integer,
    credits integer,
    microdollars integer
) strict;

create unique index call_facts_by_sequence on call_facts (sequence);
create index call_facts_durations on call_facts (workspace, channel, day, seconds)
where connection = 'connected' and is_excluded = 0;
create index call_facts_by_campaign
on call_facts (campaign_id, day, channel, connection, is_excluded, seconds)
where campaign_id <> 0;
create index call_facts_by_agent
on call_facts (agent_id, day, channel, connection, is_excluded, seconds);

-- Campaign 0 is none. Only the first two count excluded calls.
create table daily_figures (
    workspace text not null,
    channel text not null,
    day integer not null,
    agent_id text not null,
    campaign_id integer not null,
    conversations integer not null,
    excluded integer not null,
    success integer not null,
    failure integer not null,
    unknown integer not null,
    pending integer not null,
    connected integer not null,
    no_speech integer not null,
    not_connected integer not null,
    qualified integer not null,
    conversions integer not null,
    seconds integer not null,
    credits integer not null,
    credits_known integer not null,
    microdollars integer not null,
    microdollars_known integer not null,
    primary key (workspace, channel, day, agent_id, campaign_id)
) strict, without rowid;

create index daily_figures_by_campaign on daily_figures (campaign_id, day)
where campaign_id <> 0;

-- Edges of classes of durations, in seconds: exact below 16, then four to an octave.
create table duration_classes (floor integer primary key, ceiling integer not null) strict;

insert into duration_classes (floor, ceiling)
with recursive edges (floor, step) as (
    values (0, 1)
    union all
    select floor + step,
        case when floor + step < 16 then 1
            when (floor + step) & (floor + step - 1) = 0 then (floor + step) / 4
            else step
        end
    from edges where floor < 1000000
)
select floor, floor + step from edges;

create table daily_durations (
    workspace text not null,
    channel text not null,
    day integer not null,
    class integer not null references duration_classes (floor),
    calls integer not null,
    primary key (workspace, channel, day, class)
) strict, without rowid;

create view daily_figures_now as
select workspace, channel, day, agent_id, campaign_id,
    count(*) as conversations,
    sum(is_excluded) as excluded,
    sum(outcome = 'success' and not is_excluded) as success,
    sum(outcome = 'failure' and not is_excluded) as failure,
    sum(outcome = 'unknown' and not is_excluded) as unknown,
    sum(outcome = 'pending' and not is_excluded) as pending,
    sum(connection = 'connected' and not is_excluded) as connected,
    sum(connection = 'no-speech' and not is_excluded) as no_speech,
    sum(connection = 'not-connected' and not is_excluded) as not_connected,
    sum(is_qualified and not is_excluded) as qualified,
    sum(is_converted and not is_excluded) as conversions,
    sum(iif(connection = 'connected' and not is_excluded, seconds, 0)) as seconds,
    sum(iif(is_excluded, 0, coalesce(credits, 0))) as credits,
    sum(credits is not null and not is_excluded) as credits_known,
    sum(iif(is_excluded, 0, coalesce(microdollars, 0))) as microdollars,
    sum(microdollars is not null and not is_excluded) as microdollars_known
from call_facts_now
group by workspace, channel, day, agent_id, campaign_id;

create view daily_durations_now as
select workspace, channel, day,
    (select max(floor) from duration_classes where floor <= seconds) as class,
    count(*) as calls
from call_facts_now
where connection = 'connected' and is_excluded = 0
group by workspace, channel, day, class;

-- What became of conversions that count, in order; consumers remember how far they have read.
create table conversion_events (
    sequence integer primary key autoincrement,
    call_id integer not null,
    is_counted integer not null check (is_counted in (0, 1)),
    type text
) strict;

create index conversion_events_by_call on conversion_events (call_id, sequence);

-- Where the next feed of conversions goes on; null for exports of other things.
alter table exports add column cursor integer;

-- Before the triggers, which would do the same row by row.
insert into call_facts select call_id, row_number() over (order by call_id), workspace, channel,
    day, agent_id, campaign_id, outcome, is_excluded, connection, is_qualified, is_converted,
    conversion_type, seconds, credits, microdollars
from call_facts_now;
update change_sequence set last = (select coalesce(max(sequence), 0) from call_facts);
insert into daily_figures select * from daily_figures_now;
insert into daily_durations select * from daily_durations_now;
insert into conversion_events (call_id, is_counted, type)
select call_id, 1, conversion_type from call_facts where is_converted and not is_excluded
order by call_id;

-- One place that brings a call's facts up to date: `insert into refresh_call_facts values (id)`.
create view refresh_call_facts as select 0 as call_id;

create trigger refresh_call_facts instead of insert on refresh_call_facts begin
    update change_sequence set last = last + 1;
    insert into call_facts (
        call_id, sequence, workspace, channel, day, agent_id, campaign_id, outcome, is_excluded,
        connection, is_qualified, is_converted, conversion_type, seconds, credits, microdollars
    )
    select call_id, (select last from change_sequence), workspace, channel, day, agent_id,
        campaign_id, outcome, is_excluded, connection, is_qualified, is_converted,
        conversion_type, seconds, credits, microdollars
    from call_facts_now where call_id = new.call_id
    on conflict (call_id) do update set
        sequence = excluded.sequence, workspace = excluded.workspace,
        channel = excluded.channel, day = excluded.day, agent_id = excluded.agent_id,
        campaign_id = excluded.campaign_id, outcome = excluded.outcome,
        is_excluded = excluded.is_excluded, connection = excluded.connection,
        is_qualified = excluded.is_qualified, is_converted = excluded.is_converted,
        conversion_type = excluded.conversion_type, seconds = excluded.seconds,
        credits = excluded.credits, microdollars = excluded.microdollars;
end;

create trigger facts_of_new_call after insert on calls begin
    insert into refresh_call_facts values (new.id);
end;

create trigger facts_of_changed_call after update on calls
when old.revision is not new.revision or old.started_unix is not new.started_unix
    or old.workspace is not new.workspace or old.agent_id is not new.agent_id
    or old.channel is not new.channel or old.source is not new.source
    or old.status is not new.status or old.has_detail is not new.has_detail
    or old.call_successful is not new.call_successful
    or old.duration_seconds is not new.duration_seconds
    or old.call_result is not new.call_result
    or old.initiation_source is not new.initiation_source
    or old.caller_turns is not new.caller_turns
    or old.caller_message_count is not new.caller_message_count
    or old.cost_credits is not new.cost_credits or old.cost_dollars is not new.cost_dollars
begin
    insert into refresh_call_facts values (new.id);
end;

create trigger facts_of_deleted_call after delete on calls begin
    delete from call_facts where call_id = old.id;
end;

-- A number that is emptied changes what an export holds, though no figure.
create trigger facts_of_changed_party after update on call_parties begin
    insert into refresh_call_facts values (new.call_id);
end;

create trigger facts_of_deleted_party after delete on call_parties begin
    insert into refresh_call_facts values (old.call_id);
end;

create trigger facts_of_new_attribution after insert on attributions begin
    insert into refresh_call_facts values (new.call_id);
end;

-- One that says the same again is looked at often, and changes nothing here.
create trigger facts_of_changed_attribution after update on attributions
when old.revision is not new.revision or old.campaign_id is not new.campaign_id
    or old.recipient_id is not new.recipient_id
begin
    insert into refresh_call_facts values (new.call_id);
end;

create trigger facts_of_deleted_attribution after delete on attributions begin
    insert into refresh_call_facts values (old.call_id);
end;

create trigger facts_of_new_conversion after insert on conversions begin
    insert into refresh_call_facts values (new.call_id);
end;

create trigger facts_of_changed_conversion after update on conversions begin
    insert into refresh_call_facts values (new.call_id);
end;

create trigger facts_of_deleted_conversion after delete on conversions begin
    insert into refresh_call_facts values (old.call_id);
end;

create trigger facts_of_new_exclusion after insert on call_exclusions begin
    insert into refresh_call_facts values (new.call_id);
end;

create trigger facts_of_changed_exclusion after update on call_exclusions begin
    insert into refresh_call_facts values (new.call_id);
end;

create trigger facts_of_deleted_exclusion after delete on call_exclusions begin
    insert into refresh_call_facts values (old.call_id);
end;

-- One place that adds a call's facts to the sums, or takes them out with sign -1.
create view count_call_facts as
select 1 as sign, workspace, channel, day, agent_id, campaign_id, outcome, is_excluded, connection,
    is_qualified, is_converted, seconds, credits, microdollars
from call_facts;

create trigger count_call_facts instead of insert on count_call_facts begin
    insert into daily_figures values (
        new.workspace, new.channel, new.day, new.agent_id, new.campaign_id,
        new.sign,
        new.sign * new.is_excluded,
        new.sign * (new.outcome = 'success' and not new.is_excluded),
        new.sign * (new.outcome = 'failure' and not new.is_excluded),
        new.sign * (new.outcome = 'unknown' and not new.is_excluded),
        new.sign * (new.outcome = 'pending' and not new.is_excluded),
        new.sign * (new.connection = 'connected' and not new.is_excluded),
        new.sign * (new.connection = 'no-speech' and not new.is_excluded),
        new.sign * (new.connection = 'not-connected' and not new.is_excluded),
        new.sign * (new.is_qualified and not new.is_excluded),
        new.sign * (new.is_converted and not new.is_excluded),
        new.sign * iif(new.connection = 'connected' and not new.is_excluded, new.seconds, 0),
        new.sign * iif(new.is_excluded, 0, coalesce(new.credits, 0)),
        new.sign * (new.credits is not null and not new.is_excluded),
        new.sign * iif(new.is_excluded, 0, coalesce(new.microdollars, 0)),
        new.sign * (new.microdollars is not null and not new.is_excluded)
    )
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
        microdollars_known = microdollars_known + excluded.microdollars_known;
    insert into daily_durations
    select new.workspace, new.channel, new.day,
        (select max(floor) from duration_classes where floor <= new.seconds), new.sign
    where new.connection = 'connected' and not new.is_excluded
    on conflict (workspace, channel, day, class) do update set calls = calls + excluded.calls;
    delete from daily_figures
    where new.sign < 0 and workspace = new.workspace and channel = new.channel
    and day = new.day and agent_id = new.agent_id and campaign_id = new.campaign_id
    and conversations = 0;
    delete from daily_durations
    where new.sign < 0 and workspace = new.workspace and channel = new.channel
    and day = new.day and calls = 0;
end;

create trigger count_new_facts after insert on call_facts begin
    insert into count_call_facts values (
        1, new.workspace, new.channel, new.day, new.agent_id, new.campaign_id, new.outcome,
        new.is_excluded, new.connection, new.is_qualified, new.is_converted, new.seconds,
        new.credits, new.microdollars
    );
end;

create trigger count_deleted_facts after delete on call_facts begin
    insert into count_call_facts values (
        -1, old.workspace, old.channel, old.day, old.agent_id, old.campaign_id, old.outcome,
        old.is_excluded, old.connection, old.is_qualified, old.is_converted, old.seconds,
        old.credits, old.microdollars
    );
end;

create trigger count_changed_facts after update on call_facts
when (
    old.workspace, old.channel, old.day, old.agent_id, old.campaign_id, old.outcome,
    old.is_excluded, old.connection, old.is_qualified, old.is_converted, old.seconds, old.credits,
    old.microdollars
) is not (
    new.workspace, new.channel, new.day, new.agent_id, new.campaign_id, new.outcome,
    new.is_excluded, new.connection, new.is_qualified, new.is_converted, new.seconds, new.credits,
    new.microdollars
)
begin
    insert into count_call_facts values (
        -1, old.workspace, old.channel, old.day, old.agent_id, old.campaign_id, old.outcome,
        old.is_excluded, old.connection, old.is_qualified, old.is_converted, old.seconds,
        old.credits, old.microdollars
    );
    insert into count_call_facts values (
        1, new.workspace, new.channel, new.day, new.agent_id, new.campaign_id, new.outcome,
        new.is_excluded, new.connection, new.is_qualified, new.is_converted, new.seconds,
        new.credits, new.microdollars
    );
end;

create trigger event_of_new_conversion after insert on call_facts
when new.is_converted and not new.is_excluded begin
    insert into conversion_events (call_id, is_counted, type)
    values (new.call_id, 1, new.conversion_type);
end;

create trigger event_of_changed_conversion after update on call_facts
when (old.is_converted and not old.is_excluded) <> (new.is_converted and not new.is_excluded)
    or (
        new.is_converted and not new.is_excluded
        and old.conversion_type is not new.conversion_type
    )
begin
    insert into conversion_events (call_id, is_counted, type)
    values (new.call_id, new.is_converted and not new.is_excluded, new.conversion_type);
end;

create trigger event_of_deleted_conversion after delete on call_facts
when old.is_converted and not old.is_excluded begin
    insert into conversion_events (call_id, is_counted, type)
    values (old.call_id, 0, old.conversion_type);
end;
