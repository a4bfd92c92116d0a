-- When the index of words was last filled on, Unix milliseconds: who stands still is seen by it.

alter table call_texts_state add column moved_ms integer not null default 0;
update call_texts_state set moved_ms = cast(strftime('%s', 'now') as integer) * 1000;
