-- Which part of the upstream's history has been read, and the backfills that read it. Kept for good.

-- 1 where a job ended without a result: cancelled or discarded, never to be run again.
alter table ledger add column is_dropped integer check (is_dropped = 1);

-- Ranges of starts of calls that were listed to their end after they were over; from inclusive, to
-- exclusive. Ranges of one workspace and agent do not overlap: a later reading takes the place of
-- the part that it read again.
create table coverage (
    workspace text not null check (workspace <> ''),

    -- Empty: the calls of all agents.
    agent_id text not null,
    from_unix integer not null,
    to_unix integer not null,

    -- What the walk saw there and what it cost; of a part that is left of a longer range, its share.
    calls integer not null check (calls >= 0),
    requests integer not null check (requests >= 0),

    -- The fence of the delivery that ended the walk.
    fence integer not null,
    covered_ms integer not null,
    check (to_unix > from_unix),
    primary key (workspace, agent_id, from_unix)
) strict, without rowid;

create table backfills (
    id text primary key check (id <> ''),
    workspace text not null check (workspace <> ''),
    agent_id text not null,
    from_unix integer not null,
    to_unix integer not null,
    slice_seconds integer not null check (slice_seconds >= 1),
    slices integer not null check (slices >= 1),

    -- Whether slices that were complete before are read again.
    rereads integer not null check (rereads in (0, 1)),
    state text not null default 'running'
        check (state in ('running', 'paused', 'cancelled', 'done')),

    -- Every slice before this one has a row in backfill_slices.
    handed_out integer not null default 0 check (handed_out between 0 and slices),

    -- How many slices have ended how; kept in the transactions that end them.
    done integer not null default 0 check (done >= 0),
    failed integer not null default 0 check (failed >= 0),
    skipped integer not null default 0 check (skipped >= 0),
    cancelled integer not null default 0 check (cancelled >= 0),
    calls integer not null default 0 check (calls >= 0),
    requests integer not null default 0 check (requests >= 0),

    person text not null check (person <> ''),
    created_ms integer not null check (created_ms > 0),
    paused_by text,
    pause_reason text,
    paused_ms integer,
    ended_ms integer,
    check (to_unix > from_unix),
    check ((state = 'paused') = (paused_ms is not null)),
    check ((paused_ms is null) = (paused_by is null)),
    check ((state in ('cancelled', 'done')) = (ended_ms is not null))
) strict;

create index backfills_by_age on backfills (created_ms);
create index backfills_running on backfills (created_ms) where state = 'running';

-- One row for each slice that was handed out or passed over.
create table backfill_slices (
    backfill_id text not null references backfills (id),
    position integer not null check (position >= 0),
    state text not null
        check (state in ('queued', 'walking', 'done', 'failed', 'skipped', 'cancelled')),

    -- The job that is at it now, or ended it: the slice's own, then one for each further page.
    job_id text not null,
    fence integer not null default 0,
    calls integer not null default 0 check (calls >= 0),
    requests integer not null default 0 check (requests >= 0),
    reason text,
    changed_ms integer not null,

    -- When somebody looks whether its job is still there, and how often that was done.
    look_ms integer not null,
    looks integer not null default 0,
    primary key (backfill_id, position)
) strict, without rowid;

create index backfill_slices_open on backfill_slices (backfill_id, position)
where state in ('queued', 'walking');
create index backfill_slices_due on backfill_slices (backfill_id, look_ms)
where state in ('queued', 'walking');
create index backfill_slices_failed on backfill_slices (backfill_id, position)
where state = 'failed';

-- How a backfill got on, now and then; what its rate is told from. The newest of each stay.
create table backfill_pace (
    backfill_id text not null references backfills (id),
    at_ms integer not null,
    ended integer not null check (ended >= 0),
    requests integer not null check (requests >= 0),

    -- Requests that the upstream's budget allowed at once.
    parallel integer not null check (parallel >= 1),
    primary key (backfill_id, at_ms)
) strict, without rowid;
