-- Calls, what was said in them, and the bodies they were read from.
--
-- Times end in _unix (Unix seconds, as the upstream gives them) or _ms (Unix milliseconds, ours).
-- Texts with a JSON document are checked by json_valid.

create table calls (
    id integer primary key,
    workspace text not null check (workspace <> ''),
    conversation_id text not null check (conversation_id <> ''),

    -- Rises with every change of the content; results are written where it is as it was read.
    revision integer not null default 1 check (revision >= 1),

    source text not null check (source in ('list', 'detail', 'webhook', 'initiation-failure')),
    status text not null check (status <> ''),
    status_rank integer not null check (status_rank between 0 and 3),
    fetched_ms integer not null check (fetched_ms > 0),
    list_fingerprint text,
    has_detail integer not null check (has_detail in (0, 1)),

    agent_id text not null,
    agent_name text,
    branch_id text,
    version_id text,
    started_unix integer not null,
    accepted_unix integer,
    duration_seconds integer check (duration_seconds >= 0),
    channel text check (channel in ('phone', 'voice', 'text')),
    direction text check (direction in ('inbound', 'outbound')),
    agent_number_raw text,
    agent_number_e164 text check (agent_number_e164 glob '+[1-9]*'),
    agent_number_extension text,
    agent_number_sip_user text,
    agent_number_class text,
    agent_number_normaliser text,
    phone_number_id text,
    call_result text,
    termination_reason text,
    error_reason text,

    call_successful text,
    success_score real,
    summary text,
    title text,
    criteria text check (criteria is null or json_valid(criteria)),
    collected text check (collected is null or json_valid(collected)),
    sentiment text,
    rating real,
    feedback_comment text,

    message_count integer check (message_count >= 0),
    caller_message_count integer check (caller_message_count >= 0),
    agent_message_count integer check (agent_message_count >= 0),
    cost_credits integer,
    cost_dollars real,
    language text,
    initiation_source text,
    user_id text,
    is_text_only integer check (is_text_only in (0, 1)),
    tags text check (tags is null or json_valid(tags)),
    tool_names text check (tool_names is null or json_valid(tool_names)),

    batch_call_id text,
    batch_recipient_id text,
    upstream_campaign_id text,
    upstream_lead_id text,
    dynamic_variables text check (dynamic_variables is null or json_valid(dynamic_variables)),
    deletion_unix integer,
    transcript_deleted_unix integer,

    created_ms integer not null check (created_ms > 0),
    changed_ms integer not null check (changed_ms >= created_ms),

    unique (workspace, conversation_id)
) strict;

create index calls_by_start on calls (started_unix, id);
create index calls_by_agent on calls (agent_id, started_unix);
create index calls_by_status on calls (status, started_unix);

-- The watch list: what is not at its end yet.
create index calls_unfinished on calls (fetched_ms, id) where status_rank < 3;

-- The other party's number, readable, in one table that erasure and retention can empty.
create table call_parties (
    call_id integer primary key references calls (id) on delete cascade,
    raw text not null,
    e164 text check (e164 glob '+[1-9]*'),
    extension text,
    sip_user text,
    class text not null check (class <> ''),
    normaliser text not null check (normaliser <> ''),

    -- HMAC of the number and the id of the key it was made with.
    caller_key blob check (length(caller_key) = 32),
    key_id text,

    check ((class = 'e164') = (e164 is not null)),
    check ((e164 is null) = (caller_key is null)),
    check ((caller_key is null) = (key_id is null))
) strict;

create index call_parties_by_number on call_parties (e164) where e164 is not null;
create index call_parties_by_key on call_parties (caller_key) where caller_key is not null;

create table turns (
    call_id integer not null references calls (id) on delete cascade,
    position integer not null check (position >= 0),
    speaker text not null check (speaker in ('caller', 'agent')),
    message text,
    seconds_in integer not null,
    was_interrupted integer not null check (was_interrupted in (0, 1)),
    tool_calls text check (tool_calls is null or json_valid(tool_calls)),
    tool_results text check (tool_results is null or json_valid(tool_results)),
    primary key (call_id, position)
) strict, without rowid;

-- Bodies as they came, compressed by zlib. Those that could not be understood say why.
create table raw_bodies (
    id integer primary key,
    workspace text not null check (workspace <> ''),
    kind text not null check (kind in ('list', 'detail', 'webhook')),
    conversation_id text,
    digest blob not null check (length(digest) = 32),
    received_ms integer not null check (received_ms > 0),
    bytes integer not null check (bytes >= 0),
    body blob not null,
    unreadable_reason text
) strict;

create unique index raw_bodies_once
on raw_bodies (workspace, kind, coalesce(conversation_id, ''), digest);
create index raw_bodies_by_age on raw_bodies (kind, received_ms);
create index raw_bodies_unreadable on raw_bodies (id) where unreadable_reason is not null;

create table agents (
    workspace text not null check (workspace <> ''),
    agent_id text not null check (agent_id <> ''),
    name text,
    first_seen_ms integer not null,
    primary key (workspace, agent_id)
) strict, without rowid;
