-- The words of calls, to be found by: titles, summaries, and what was said.
--
-- The index keeps no text, only which words stand where. A row is one text of a call: its rowid is
-- the call's id times 2^20 and the turn's position, or one of the two highest places for title and
-- summary. Triggers keep it in the transaction of whatever changes a text.

create virtual table call_texts using fts5(
    words, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2'
);

-- Calls that were there before are added by jobs, in order: those after filled_to and up to
-- filled_end are not in the index yet.
create table call_texts_state (
    id integer primary key check (id = 1),
    filled_to integer not null,
    filled_end integer not null,

    -- Whether texts were removed for good whose words older parts of the index still hold.
    owes_merge integer not null default 0 check (owes_merge in (0, 1))
) strict;

insert into call_texts_state (id, filled_to, filled_end)
select 1, 0, coalesce(max(id), 0) from calls;

create trigger text_of_new_turn after insert on turns
when new.message is not null and new.position < 1048574 and exists (
    select 1 from call_texts_state where new.call_id <= filled_to or new.call_id > filled_end
)
begin
    insert into call_texts (rowid, words)
    values (new.call_id * 1048576 + new.position, new.message);
end;

create trigger text_of_changed_turn after update on turns
when old.message is not new.message or old.position <> new.position or old.call_id <> new.call_id
begin
    insert into call_texts (call_texts, rowid, words)
    select 'delete', old.call_id * 1048576 + old.position, old.message from call_texts_state
    where old.message is not null and old.position < 1048574
        and (old.call_id <= filled_to or old.call_id > filled_end);
    insert into call_texts (rowid, words)
    select new.call_id * 1048576 + new.position, new.message from call_texts_state
    where new.message is not null and new.position < 1048574
        and (new.call_id <= filled_to or new.call_id > filled_end);
end;

create trigger text_of_deleted_turn after delete on turns
when old.message is not null and old.position < 1048574 and exists (
    select 1 from call_texts_state where old.call_id <= filled_to or old.call_id > filled_end
)
begin
    insert into call_texts (call_texts, rowid, words)
    values ('delete', old.call_id * 1048576 + old.position, old.message);
end;

create trigger text_of_new_call after insert on calls
when coalesce(new.title, new.summary) is not null and exists (
    select 1 from call_texts_state where new.id <= filled_to or new.id > filled_end
)
begin
    insert into call_texts (rowid, words)
    select new.id * 1048576 + 1048574, new.title where new.title is not null;
    insert into call_texts (rowid, words)
    select new.id * 1048576 + 1048575, new.summary where new.summary is not null;
end;

create trigger text_of_changed_call after update on calls
when (old.title is not new.title or old.summary is not new.summary) and exists (
    select 1 from call_texts_state where new.id <= filled_to or new.id > filled_end
)
begin
    insert into call_texts (call_texts, rowid, words)
    select 'delete', old.id * 1048576 + 1048574, old.title
    where old.title is not null and old.title is not new.title;
    insert into call_texts (rowid, words)
    select new.id * 1048576 + 1048574, new.title
    where new.title is not null and old.title is not new.title;
    insert into call_texts (call_texts, rowid, words)
    select 'delete', old.id * 1048576 + 1048575, old.summary
    where old.summary is not null and old.summary is not new.summary;
    insert into call_texts (rowid, words)
    select new.id * 1048576 + 1048575, new.summary
    where new.summary is not null and old.summary is not new.summary;
end;

create trigger text_of_deleted_call after delete on calls
when coalesce(old.title, old.summary) is not null and exists (
    select 1 from call_texts_state where old.id <= filled_to or old.id > filled_end
)
begin
    insert into call_texts (call_texts, rowid, words)
    select 'delete', old.id * 1048576 + 1048574, old.title where old.title is not null;
    insert into call_texts (call_texts, rowid, words)
    select 'delete', old.id * 1048576 + 1048575, old.summary where old.summary is not null;
end;

-- The first of the jobs that add what was there before; each adds the next.
insert into outbox (
    job_id, queue, kind, lane, payload, unique_horizon_ms, delay_ms, created_ms, due_ms
)
select 'upkeep-index-texts', 'upkeep', 'upkeep', 'low', cast('{"task":"texts"}' as blob), 0, 0,
    cast(strftime('%s', 'now') as integer) * 1000, 0
where exists (select 1 from calls);
