-- Words that people put on calls, beside the upstream's own tags.
create table call_tags (
    call_id integer not null references calls (id) on delete cascade,
    tag text not null check (length(tag) between 1 and 40),
    person text not null check (person <> ''),
    tagged_ms integer not null check (tagged_ms > 0),
    primary key (call_id, tag)
) strict, without rowid;

create index call_tags_by_tag on call_tags (tag, call_id);

-- Every word on a call. That a call is a test, internal or spam stands with the exclusions alone.
create view call_words as
select call_id, tag from call_tags
union all
select call_id, reason from call_exclusions where reason <> 'other';

-- Lists that are open learn of a tag as of every other change of a call.
create trigger facts_of_new_tag after insert on call_tags begin
    insert into refresh_call_facts values (new.call_id);
end;

create trigger facts_of_deleted_tag after delete on call_tags begin
    insert into refresh_call_facts values (old.call_id);
end;
