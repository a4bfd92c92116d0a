-- Credits that are written many at a time are counted together: triggers would take each call out
-- of the sums and put it in again, which costs several times the credit itself.

-- 1 inside a transaction that counts its calls' credits itself; 0 at every commit.
alter table change_sequence add column is_batch integer not null default 0
    check (is_batch in (0, 1));

drop trigger facts_of_new_attribution;
create trigger facts_of_new_attribution after insert on attributions
when not (select is_batch from change_sequence)
begin
    insert into refresh_call_facts values (new.call_id);
end;

drop trigger facts_of_changed_attribution;
create trigger facts_of_changed_attribution after update on attributions
when not (select is_batch from change_sequence) and (
    old.revision is not new.revision or old.campaign_id is not new.campaign_id
    or old.recipient_id is not new.recipient_id
)
begin
    insert into refresh_call_facts values (new.call_id);
end;

drop trigger count_changed_facts;
create trigger count_changed_facts after update on call_facts
when not (select is_batch from change_sequence) and (
    old.workspace, old.channel, old.day, old.agent_id, old.campaign_id, old.outcome,
    old.is_excluded, old.connection, old.is_qualified, old.is_converted, old.seconds, old.credits,
    old.microdollars
) is not (
    new.workspace, new.channel, new.day, new.agent_id, new.campaign_id, new.outcome,
    new.is_excluded, new.connection, new.is_qualified, new.is_converted, new.seconds, new.credits,
    new.microdollars
)
begin
    insert into count_call_facts values (
        -1, old.workspace, old.channel, old.day, old.agent_id, old.campaign_id, old.outcome,
        old.is_excluded, old.connection, old.is_qualified, old.is_converted, old.seconds,
        old.credits, old.microdollars
    );
    insert into count_call_facts values (
        1, new.workspace, new.channel, new.day, new.agent_id, new.campaign_id, new.outcome,
        new.is_excluded, new.connection, new.is_qualified, new.is_converted, new.seconds,
        new.credits, new.microdollars
    );
end;

drop trigger rate_changed_facts;
create trigger rate_changed_facts after update on call_facts
when not (select is_batch from change_sequence)
begin
    delete from rated_calls where call_id = old.call_id;
    insert into rated_calls select * from rated_calls_now where call_id = new.call_id;
end;
