-- What the whole ladder of evidence needs: numbers of agents, windows that changed, tokens,
-- hold-outs, what people assigned, and months whose books are closed.

-- The channel dm and the moment of a campaign's status ask for the table to be made again; what
-- refers to it is checked at the commit.
pragma defer_foreign_keys = on;

create temporary table campaigns_before as select * from campaigns;

drop table campaigns;

create table campaigns (
    id integer primary key,
    workspace text not null check (workspace <> ''),
    name text not null check (name <> ''),
    channel text not null check (channel in ('mail', 'sms', 'email', 'dm', 'call')),
    window_days integer not null check (window_days between 1 and 3660),
    starts_unix integer,
    ends_unix integer,
    status text not null check (status in ('draft', 'running', 'paused', 'ended')),
    upstream_campaign_id text,
    batch_call_id text,
    created_ms integer not null check (created_ms > 0),

    -- Since when it has its status; null since it was made.
    status_since_unix integer,
    check (ends_unix is null or starts_unix is null or ends_unix >= starts_unix),
    unique (workspace, name)
) strict;

insert into campaigns (
    id, workspace, name, channel, window_days, starts_unix, ends_unix, status,
    upstream_campaign_id, batch_call_id, created_ms
)
select
    id, workspace, name, channel, window_days, starts_unix, ends_unix, status,
    upstream_campaign_id, batch_call_id, created_ms
from campaigns_before;

drop table campaigns_before;

-- Our own numbers that only this campaign advertises.
create table campaign_agent_numbers (
    campaign_id integer not null references campaigns (id) on delete cascade,
    e164 text not null check (e164 glob '+[1-9]*'),
    primary key (campaign_id, e164)
) strict, without rowid;

-- Windows that differ over time: the length for calls that start at from_unix or later, until
-- the next row. A campaign without rows has window_days throughout.
create table campaign_windows (
    campaign_id integer not null references campaigns (id) on delete cascade,
    from_unix integer not null,
    window_days integer not null check (window_days between 1 and 3660),
    primary key (campaign_id, from_unix)
) strict, without rowid;

create table campaign_changes (
    id integer primary key,
    campaign_id integer not null references campaigns (id) on delete cascade,
    at_ms integer not null,
    person text not null check (person <> ''),
    field text not null check (field <> ''),
    value_before text,
    value_after text,
    note text
) strict;

create index campaign_changes_by_campaign on campaign_changes (campaign_id, id);

alter table recipients add column token text check (token <> '');
alter table recipients add column held_out integer not null default 0 check (held_out in (0, 1));

create index recipients_by_token on recipients (token) where token is not null;
create index recipients_held_out on recipients (campaign_id) where held_out = 1;

-- How the held-out recipients of an import were drawn, so that the draw can be repeated.
create table holdouts (
    id integer primary key,
    campaign_id integer not null references campaigns (id) on delete cascade,
    at_ms integer not null,
    person text not null check (person <> ''),
    share real not null check (share > 0 and share < 1),
    seed integer not null
) strict;

-- What people said of calls' campaigns, one row for each thing said.
create table assignments (
    id integer primary key,
    at_ms integer not null check (at_ms > 0),
    person text not null check (person <> ''),
    note text,
    action text not null check (action in ('assign', 'release', 'undo')),
    scope text not null check (scope in ('call', 'caller', 'future')),

    -- The call of which it was said; its caller is whom a wider scope means.
    call_id integer not null references calls (id) on delete cascade,
    campaign_id integer references campaigns (id),
    recipient_id integer,

    -- Until when calls of the caller follow it, exclusive; of scope future only.
    until_unix integer,
    undone_ms integer,
    undone_by text,
    check ((scope = 'future') = (until_unix is not null)),
    check ((undone_ms is null) = (undone_by is null)),
    foreign key (campaign_id, recipient_id) references recipients (campaign_id, id)
) strict;

create index assignments_by_call on assignments (call_id, id);
create index assignments_standing on assignments (until_unix)
where scope = 'future' and undone_ms is null;

alter table manual_pins add column assignment_id integer references assignments (id);
alter table attribution_history add column assignment_id integer references assignments (id);

create index manual_pins_by_assignment on manual_pins (assignment_id)
where assignment_id is not null;
create index attribution_history_by_assignment on attribution_history (assignment_id)
where assignment_id is not null;
create index attributions_open on attributions (call_id) where campaign_id is null;

-- Months whose credits no rule changes any more.
create table closed_months (
    workspace text not null check (workspace <> ''),
    month text not null check (month glob '[0-9][0-9][0-9][0-9]-[0-1][0-9]'),
    from_unix integer not null,
    to_unix integer not null check (to_unix > from_unix),
    time_zone text not null check (time_zone <> ''),
    closed_ms integer not null check (closed_ms > 0),
    person text not null check (person <> ''),
    note text,
    primary key (workspace, month)
) strict, without rowid;

create table month_changes (
    id integer primary key,
    workspace text not null check (workspace <> ''),
    month text not null,
    at_ms integer not null,
    person text not null check (person <> ''),
    action text not null check (action in ('close', 'open', 'override')),
    reason text,
    call_id integer references calls (id) on delete set null,
    check (action = 'close' or reason is not null)
) strict;
