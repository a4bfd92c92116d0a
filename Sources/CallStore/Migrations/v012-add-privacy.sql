-- What people asked to be forgotten, how far that is, and a record of who did what.

-- Why a call has no content any more, or never had: nothing is read into it again.
alter table calls add column withheld text
check (withheld in ('erased', 'suppressed', 'expired'));

-- Callers who were erased, by their key: their later calls are counted and not kept.
create table suppressions (
    caller_key blob primary key check (length(caller_key) = 32),
    key_id text not null check (key_id <> ''),
    since_ms integer not null check (since_ms > 0)
) strict, without rowid;

-- Each erasure and how far it is; the number stands here only while a step needs it.
create table erasures (
    id integer primary key,
    number text check (number glob '+[1-9]*'),
    caller_key blob not null check (length(caller_key) = 32),
    key_id text not null check (key_id <> ''),
    person text not null check (person <> ''),
    step text not null check (step in (
        'content', 'copies', 'upstream', 'files', 'database', 'done'
    )),
    requested_ms integer not null check (requested_ms > 0),
    finished_ms integer,
    report text not null check (json_valid(report)),
    check ((step in ('database', 'done')) = (number is null)),
    check ((step = 'done') = (finished_ms is not null))
) strict;

create unique index erasures_open on erasures (caller_key) where step <> 'done';

-- The calls of an erasure: 0 untouched, 1 without content, 2 without copies.
create table erasure_calls (
    erasure_id integer not null references erasures (id),
    call_id integer not null,
    workspace text not null,
    conversation_id text not null,
    stage integer not null default 0 check (stage between 0 and 2),
    upstream text not null default 'waiting' check (upstream in (
        'waiting', 'deleted', 'gone', 'refused'
    )),
    primary key (erasure_id, call_id)
) strict, without rowid;

create index erasure_calls_by_conversation on erasure_calls (workspace, conversation_id);

-- For looking up and changing all rows of a caller at once.
create index if not exists recipients_by_key on recipients (caller_key)
where caller_key is not null;

-- Who did what to what; each row carries the digest of the one before it.
create table audit_log (
    position integer primary key check (position >= 1),
    at_ms integer not null check (at_ms > 0),
    actor text not null check (actor <> ''),
    action text not null check (action <> ''),
    object text not null check (object <> ''),
    key_id text,
    before text check (before is null or json_valid(before)),
    after text check (after is null or json_valid(after)),
    reason text,
    previous blob not null check (length(previous) = 32),
    hash blob not null unique check (length(hash) = 32)
) strict;

create index audit_log_by_object on audit_log (object, position);

create trigger audit_log_stays before update on audit_log begin
    select raise(abort, 'the audit log is only added to');
end;
create trigger audit_log_keeps before delete on audit_log begin
    select raise(abort, 'the audit log is only added to');
end;
