-- What proves that the archive is complete: how each call came, what changed in it afterwards, and
-- which conversations are not to be expected any more.

-- By what the store first heard of it; null for calls that are older than this column.
alter table calls add column arrived_by text check (arrived_by in ('webhook', 'poll'));

-- When its first webhook came in; null as long as none has.
alter table calls add column webhook_ms integer;

-- When the upstream first changed a call that the store had whole.
alter table calls add column corrected_ms integer;

-- What stood in a call that the store had whole until the upstream changed it. No words of anybody:
-- of criteria the results alone, of a transcript the number of its turns.
create table call_changes (
    call_id integer not null references calls (id) on delete cascade,
    seen_ms integer not null check (seen_ms > 0),
    field text not null check (field <> ''),
    value text check (value is null or json_valid(value)),
    primary key (call_id, seen_ms, field)
) strict, without rowid;

-- Conversations that are no more: deleted by the upstream, or erased here and never to come back.
create table tombstones (
    workspace text not null check (workspace <> ''),
    conversation_id text not null check (conversation_id <> ''),
    reason text not null check (reason in ('deleted-upstream', 'erased')),
    at_ms integer not null check (at_ms > 0),
    primary key (workspace, conversation_id)
) strict, without rowid;

create index tombstones_by_reason on tombstones (reason);

insert into tombstones (workspace, conversation_id, reason, at_ms)
select workspace, conversation_id, 'deleted-upstream', gone_ms
from calls where gone_ms is not null;
