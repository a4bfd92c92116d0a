-- What ties the store to the queues: webhooks on their way in, jobs on their way out, and the
-- ledger that makes a result happen once.

-- One row for each job that is done; inserted in the transaction of its results.
create table ledger (
    job_id text primary key check (job_id <> ''),
    kind text not null,
    worker text not null,
    fence integer not null,
    attempt integer not null,
    finished_ms integer not null check (finished_ms > 0)
) strict, without rowid;

create index ledger_by_age on ledger (finished_ms);

-- Jobs that follow from a change; gone when the ledger has their id.
create table outbox (
    job_id text primary key check (job_id <> ''),
    queue text not null check (queue <> ''),
    kind text not null check (kind <> ''),
    lane text not null check (lane in ('hi', 'std', 'low')),
    payload blob not null,
    unique_key text,
    unique_horizon_ms integer not null check (unique_horizon_ms >= 0),
    delay_ms integer not null check (delay_ms >= 0),
    trace text,
    created_ms integer not null check (created_ms > 0),

    -- When the sweep sends it, unless it is gone by then.
    due_ms integer not null,
    sends integer not null default 0 check (sends >= 0)
) strict;

create index outbox_by_due on outbox (due_ms);
create index outbox_by_age on outbox (created_ms);

-- Webhooks, committed before they are answered.
create table inbox (
    id integer primary key,
    workspace text not null check (workspace <> ''),
    digest blob not null check (length(digest) = 32),
    type text,
    conversation_id text,
    received_ms integer not null check (received_ms > 0),
    bytes integer not null check (bytes >= 0),
    body blob not null,
    state text not null default 'waiting' check (state in ('waiting', 'done', 'dead')),
    reason text,
    settled_ms integer,
    check ((state = 'waiting') = (settled_ms is null)),
    unique (workspace, digest)
) strict;

create index inbox_by_state on inbox (state, settled_ms);

create table sync_marks (
    workspace text not null check (workspace <> ''),
    name text not null check (name <> ''),
    at_ms integer not null,
    primary key (workspace, name)
) strict, without rowid;

create table walk_cursors (
    name text primary key check (name <> ''),
    position text,
    fence integer not null,
    updated_ms integer not null
) strict, without rowid;

create table exports (
    id integer primary key,
    job_id text not null unique check (job_id <> ''),
    what text not null,
    dialect text not null,
    file_name text not null unique check (file_name <> ''),
    manifest_name text not null unique check (manifest_name <> ''),
    rows integer not null check (rows >= 0),
    bytes integer not null check (bytes >= 0),
    sha256 text not null check (length(sha256) = 64),
    filter text not null,
    created_by text not null check (created_by <> ''),
    created_ms integer not null check (created_ms > 0),
    expires_ms integer not null check (expires_ms >= created_ms),
    state text not null default 'finished' check (state in ('finished', 'expired'))
) strict;

create index exports_by_expiry on exports (state, expires_ms);
