-- What pages read: how many calls of a day lasted so many seconds, so that percentiles read sums
-- alone; and what people note on days.

create table daily_seconds (
    workspace text not null,
    channel text not null,
    day integer not null,
    seconds integer not null,
    calls integer not null,
    primary key (workspace, channel, day, seconds)
) strict, without rowid;

create view daily_seconds_now as
select workspace, channel, day, seconds, count(*) as calls
from call_facts_now
where connection = 'connected' and is_excluded = 0
group by workspace, channel, day, seconds;

-- Before the trigger, from what was counted last.
insert into daily_seconds
select workspace, channel, day, seconds, count(*)
from call_facts where connection = 'connected' and is_excluded = 0
group by workspace, channel, day, seconds;

create trigger count_call_seconds instead of insert on count_call_facts
when new.connection = 'connected' and not new.is_excluded begin
    insert into daily_seconds
    values (new.workspace, new.channel, new.day, new.seconds, new.sign)
    on conflict (workspace, channel, day, seconds) do update set calls = calls + excluded.calls;
    delete from daily_seconds
    where new.sign < 0 and workspace = new.workspace and channel = new.channel
    and day = new.day and seconds = new.seconds and calls = 0;
end;

-- Only percentiles asked for it.
drop index call_facts_durations;

create table day_notes (
    id integer primary key autoincrement,
    day integer not null,
    campaign_id integer references campaigns (id) on delete cascade,
    text text not null check (trim(text) <> ''),
    person text not null check (person <> ''),
    noted_ms integer not null check (noted_ms > 0)
) strict;

create index day_notes_by_day on day_notes (day);
