-- Campaigns, whom they reached and when, and which calls they are credited with.

create table campaigns (
    id integer primary key,
    workspace text not null check (workspace <> ''),
    name text not null check (name <> ''),
    channel text not null check (channel in ('mail', 'sms', 'email', 'call')),
    window_days integer not null check (window_days between 1 and 3660),
    starts_unix integer,
    ends_unix integer,
    status text not null check (status in ('draft', 'running', 'paused', 'ended')),
    upstream_campaign_id text,
    batch_call_id text,
    created_ms integer not null check (created_ms > 0),
    check (ends_unix is null or starts_unix is null or ends_unix >= starts_unix),
    unique (workspace, name)
) strict;

create table recipients (
    id integer primary key,
    campaign_id integer not null references campaigns (id),
    reference text not null check (reference <> ''),
    name text,
    raw text,
    e164 text check (e164 glob '+[1-9]*'),
    extension text,
    sip_user text,
    class text,
    normaliser text,
    caller_key blob check (length(caller_key) = 32),
    key_id text,
    created_ms integer not null check (created_ms > 0),
    check ((raw is null) = (class is null)),
    check ((e164 is null) = (caller_key is null)),
    check ((caller_key is null) = (key_id is null)),
    unique (campaign_id, reference),
    unique (campaign_id, id)
) strict;

create index recipients_by_number on recipients (e164) where e164 is not null;

create table touches (
    id integer primary key,
    campaign_id integer not null references campaigns (id),
    recipient_id integer,
    kind text not null check (kind in ('sent', 'delivered', 'scan', 'page-view')),
    at_unix integer not null,
    sent_unix integer,
    token text,
    created_ms integer not null check (created_ms > 0),
    check (sent_unix is null or kind = 'delivered'),
    foreign key (campaign_id, recipient_id) references recipients (campaign_id, id)
) strict;

create unique index touches_once
on touches (recipient_id, kind, at_unix) where recipient_id is not null;
create index touches_by_token on touches (token) where token is not null;
create index touches_by_campaign on touches (campaign_id, at_unix);

-- What a person said of a call's campaign; no rule overwrites it.
create table manual_pins (
    call_id integer primary key references calls (id) on delete cascade,
    campaign_id integer references campaigns (id),
    recipient_id integer,
    person text not null check (person <> ''),
    note text,
    pinned_ms integer not null check (pinned_ms > 0),
    check (recipient_id is null or campaign_id is not null),
    foreign key (campaign_id, recipient_id) references recipients (campaign_id, id)
) strict;

-- Where each call stands now, and what that was decided from.
create table attributions (
    call_id integer primary key references calls (id) on delete cascade,
    revision integer not null default 1 check (revision >= 1),
    campaign_id integer references campaigns (id),
    recipient_id integer,
    method text not null check (method in (
        'manual', 'batch-recipient', 'dynamic-variable', 'token', 'exact-number',
        'number-variant', 'agent-number', 'none'
    )),
    confidence text,
    reason text,
    evidence text not null check (json_valid(evidence)),
    rule_version text not null,
    call_revision integer not null,
    decided_ms integer not null check (decided_ms > 0),
    decided_by text not null check (decided_by <> ''),
    check (recipient_id is null or campaign_id is not null),
    check (method in ('manual', 'none') or campaign_id is not null),
    check (method <> 'none' or campaign_id is null),
    foreign key (campaign_id, recipient_id) references recipients (campaign_id, id)
) strict;

create index attributions_by_campaign on attributions (campaign_id, call_id)
where campaign_id is not null;

create table attribution_history (
    id integer primary key,
    call_id integer not null references calls (id) on delete cascade,
    at_ms integer not null,
    by_whom text not null,
    campaign_before integer,
    campaign_id integer,
    recipient_before integer,
    recipient_id integer,
    method_before text,
    method text not null,
    note text,
    evidence text not null check (json_valid(evidence))
) strict;

create index attribution_history_by_call on attribution_history (call_id, id);

-- Immutable versions of the conversion rules, named by the digest of their file.
create table rule_versions (
    version text primary key check (version <> ''),
    name text not null,
    first_used_ms integer not null
) strict, without rowid;

create table verdicts (
    call_id integer not null references calls (id) on delete cascade,
    type text not null check (type <> ''),
    rule_version text not null references rule_versions (version),
    position integer not null check (position >= 0),
    outcome text not null check (outcome in ('yes', 'no', 'unknown')),
    needs_review integer not null check (needs_review in (0, 1)),
    echo text not null,
    evidence text not null check (json_valid(evidence)),
    call_revision integer not null,
    evaluated_ms integer not null,

    -- A conversion that stands on nothing is a bug.
    check (outcome <> 'yes' or json_array_length(evidence) > 0),
    primary key (call_id, type, rule_version)
) strict, without rowid;

-- What a person said of a call's conversion; it goes before every rule.
create table labels (
    call_id integer not null references calls (id) on delete cascade,
    type text not null check (type <> ''),
    label text not null check (label in ('yes', 'no', 'unknown')),
    person text not null check (person <> ''),
    note text,
    labelled_ms integer not null,
    primary key (call_id, type)
) strict, without rowid;

-- Where each call stands now: labels before verdicts of the rules in force.
create table conversions (
    call_id integer primary key references calls (id) on delete cascade,
    revision integer not null default 1 check (revision >= 1),
    outcome text not null check (outcome in ('yes', 'no', 'unknown')),
    rule_outcome text check (rule_outcome in ('yes', 'no', 'unknown')),
    type text,
    rule_version text references rule_versions (version),
    needs_review integer not null check (needs_review in (0, 1)),
    note text,
    call_revision integer not null,
    judged_ms integer not null check (judged_ms > 0),
    check ((rule_outcome is null) = (rule_version is null))
) strict;

create index conversions_converted on conversions (call_id) where outcome = 'yes';
