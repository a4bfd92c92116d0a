-- What people ask of jobs: which ones were about a conversation, which failed, and how each went.

-- A job that succeeded at once is its ledger row; what it was about makes it findable.
alter table ledger add column entity text;
alter table ledger add column enqueued_ms integer;
alter table ledger add column waited_ms integer;
alter table ledger add column ran_ms integer;

create index ledger_by_entity on ledger (entity, finished_ms) where entity is not null;
create index inbox_by_conversation on inbox (conversation_id) where conversation_id is not null;

-- A row for each job that was anything but a plain success: runs for long, parked, dead,
-- cancelled, or failed once. Its state is what a worker or a person said last; where the job is
-- now, only its queue knows.
create table job_index (
    job_id text primary key check (job_id <> ''),
    kind text not null check (kind <> ''),
    lane text not null check (lane in ('hi', 'std', 'low')),
    state text not null check (state in (
        'ready', 'running', 'parked', 'dead', 'cancelled', 'done'
    )),
    entity text,
    error_class text,
    reason text,
    attempt integer not null check (attempt >= 1),
    failures integer not null check (failures >= 0),
    worker text,
    fence integer not null,
    enqueued_ms integer not null,
    changed_ms integer not null check (changed_ms > 0),
    due_ms integer
) strict, without rowid;

create index job_index_by_change on job_index (changed_ms);
create index job_index_by_state on job_index (state, changed_ms);
create index job_index_by_entity on job_index (entity, changed_ms) where entity is not null;
create index job_index_by_error on job_index (error_class, changed_ms)
where error_class is not null;

-- What happened to the jobs of the index, in order.
create table job_events (
    job_id text not null references job_index (job_id) on delete cascade,
    position integer not null check (position >= 1),
    at_ms integer not null check (at_ms > 0),
    event text not null check (event in (
        'started', 'failed', 'snoozed', 'released', 'dead', 'cancelled', 'requeued', 'done'
    )),
    attempt integer not null check (attempt >= 1),
    worker text,
    fence integer,
    person text,
    error_class text,
    reason text,
    ran_ms integer,
    due_ms integer,
    primary key (job_id, position)
) strict, without rowid;

-- How many rows the index has: its bound is kept in the transactions that add to it.
create table job_index_size (rows integer not null check (rows >= 0)) strict;
insert into job_index_size values (0);
create trigger job_index_grows after insert on job_index begin
    update job_index_size set rows = rows + 1;
end;
create trigger job_index_shrinks after delete on job_index begin
    update job_index_size set rows = rows - 1;
end;
