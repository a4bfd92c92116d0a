-- Versions of the conversion rules with their text, what people say of calls to measure them by, and
-- the scoring anew of calls that were judged before.

-- The word lists that rules are read with: part of a version.
create table rule_lexicons (
    digest text primary key check (digest <> ''),
    words text not null check (json_valid(words))
) strict, without rowid;

-- Null in versions that were used before this table had them.
alter table rule_versions add column source text;
alter table rule_versions add column form text check (form in ('yaml', 'text'));
alter table rule_versions add column lexicon text references rule_lexicons (digest);
alter table rule_versions add column types text check (types is null or json_valid(types));

-- Which version is in use, and which runs beside it without counting; the newest row of a role
-- holds. Null: none, and for the active one that the rules file is followed.
create table rule_pointers (
    id integer primary key,
    role text not null check (role in ('active', 'shadow')),
    version text references rule_versions (version),
    person text not null check (person <> ''),
    note text,
    at_ms integer not null check (at_ms > 0)
) strict;

create index rule_pointers_by_role on rule_pointers (role, id);

-- What a conversion is worth, in millionths of the currency, and how often it counts.
alter table verdicts add column value_micros integer;
alter table verdicts add column currency text;
alter table verdicts add column once_per_caller_days integer;
alter table conversions add column value_micros integer;
alter table conversions add column currency text;
alter table conversions add column once_per_caller_days integer;

-- 0 for a conversion of a caller who has one that counts within so many days before.
alter table conversions add column is_counted integer not null default 1
    check (is_counted in (0, 1));

-- The revision of the attribution that was judged.
alter table conversions add column attribution_revision integer not null default 0;

-- Callers by their keys, for rules that ask for a list.
create table caller_lists (
    name text not null check (name <> ''),
    caller_key blob not null check (length(caller_key) = 32),
    key_id text not null,
    added_ms integer not null check (added_ms > 0),
    primary key (name, caller_key)
) strict, without rowid;

create index caller_lists_by_key on caller_lists (caller_key);

-- Every label that a person gave, to measure rules by; what counts for the call stands in labels.
create table label_readings (
    call_id integer not null references calls (id) on delete cascade,
    type text not null check (type <> ''),
    person text not null check (person <> ''),
    label text not null check (label in ('yes', 'no', 'unknown')),
    note text,

    -- 1 where the rules' verdict was not shown.
    is_blind integer not null check (is_blind in (0, 1)),
    sample_id text,
    labelled_ms integer not null check (labelled_ms > 0),
    primary key (call_id, type, person)
) strict, without rowid;

create index label_readings_by_type on label_readings (type, call_id);

insert into label_readings (call_id, type, person, label, note, is_blind, labelled_ms)
select call_id, type, person, label, note, 0, max(labelled_ms, 1) from labels;

-- Calls drawn at random to be labelled, by what the rules said of them.
create table label_samples (
    id text primary key check (id <> ''),
    type text not null check (type <> ''),
    rule_version text not null,
    from_unix integer not null,
    to_unix integer not null,
    person text not null check (person <> ''),
    created_ms integer not null check (created_ms > 0)
) strict, without rowid;

create index label_samples_by_age on label_samples (type, created_ms);

create table label_queue (
    sample_id text not null references label_samples (id) on delete cascade,
    position integer not null check (position >= 0),
    call_id integer not null references calls (id) on delete cascade,
    stratum text not null check (stratum <> ''),

    -- How many calls of the stratum stand for one of the sample.
    weight real not null check (weight > 0),

    -- 1 where a second person labels, too.
    is_double integer not null check (is_double in (0, 1)),

    -- 1 where the label is only read when a version is promoted.
    is_held_back integer not null check (is_held_back in (0, 1)),
    primary key (sample_id, position)
) strict, without rowid;

create index label_queue_by_call on label_queue (call_id);

-- Calls judged anew by a version.
create table rescores (
    id text primary key check (id <> ''),
    version text not null references rule_versions (version),

    -- Starts of calls, from inclusive, to exclusive.
    from_unix integer not null,
    to_unix integer not null,

    -- Why closed months are changed; null: they are left alone.
    closed_reason text check (closed_reason <> ''),
    state text not null default 'running' check (state in ('running', 'cancelled', 'done')),

    -- Every call up to this one has been looked at; calls after last_id came later.
    position integer not null default 0,
    last_id integer not null,
    calls integer not null check (calls >= 0),
    looked_at integer not null default 0,
    added integer not null default 0,
    withdrawn integer not null default 0,
    changed integer not null default 0,
    locked integer not null default 0,
    person text not null check (person <> ''),
    created_ms integer not null check (created_ms > 0),
    worked_ms integer not null default 0,
    changed_ms integer not null,
    ended_ms integer,
    check (to_unix > from_unix),
    check ((state = 'running') = (ended_ms is null))
) strict, without rowid;

create index rescores_by_age on rescores (created_ms);

-- What to tell those who were told of the conversions before: nothing of it is sent by itself.
create table rescore_changes (
    rescore_id text not null references rescores (id),
    call_id integer not null references calls (id) on delete cascade,
    kind text not null check (kind in ('added', 'withdrawn', 'changed')),
    type_before text,
    type_after text,
    value_before_micros integer,
    value_after_micros integer,
    currency_before text,
    currency_after text,
    at_ms integer not null,
    primary key (rescore_id, call_id)
) strict, without rowid;
