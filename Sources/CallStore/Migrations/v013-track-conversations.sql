-- Conversations that a page reports itself, the tokens of programs that call the API, and indexes
-- for the figures of conversations.

-- What a page says of a conversation, until the upstream's record of it is here.
--
-- One that has met its call is not counted any more; what only the page knew stays beside it.
create table tracked_conversations (
    id integer primary key,
    workspace text not null check (workspace <> ''),
    conversation_id text not null check (conversation_id <> ''),
    agent_id text not null check (agent_id <> ''),
    user_id text,
    start_unix integer not null,
    end_unix integer,
    duration_seconds integer check (duration_seconds >= 0),
    messages_count integer not null check (messages_count >= 0),
    status text not null check (status in ('active', 'completed', 'abandoned')),
    metadata text check (metadata is null or json_valid(metadata)),
    call_id integer references calls (id) on delete set null,
    created_ms integer not null check (created_ms > 0),
    changed_ms integer not null check (changed_ms >= created_ms),
    check (end_unix is null or end_unix >= start_unix),
    unique (workspace, conversation_id)
) strict;

create index tracked_conversations_unmet on tracked_conversations (start_unix, id)
where call_id is null;
create index tracked_conversations_by_call on tracked_conversations (call_id)
where call_id is not null;

-- A page that did not learn the upstream's id passes its own as a dynamic variable.
create index calls_by_client_id on calls (
    json_extract(dynamic_variables, '$.ringback_conversation')
)
where json_extract(dynamic_variables, '$.ringback_conversation') is not null;

create trigger tracked_meets_new_call after insert on calls begin
    update tracked_conversations set call_id = new.id
    where workspace = new.workspace and conversation_id = new.conversation_id
    and call_id is null;
    update tracked_conversations set call_id = new.id
    where workspace = new.workspace and call_id is null
    and conversation_id = json_extract(new.dynamic_variables, '$.ringback_conversation');
end;

create trigger tracked_meets_changed_call after update of dynamic_variables on calls
when new.dynamic_variables is not null and new.dynamic_variables is not old.dynamic_variables
begin
    update tracked_conversations set call_id = new.id
    where workspace = new.workspace and call_id is null
    and conversation_id = json_extract(new.dynamic_variables, '$.ringback_conversation');
end;

-- Seconds of the conversations that the sums by day leave out, and ratings.
create index call_facts_left_out on call_facts (workspace, seconds)
where connection <> 'connected' or is_excluded = 1;
create index calls_rated on calls (workspace, rating) where rating is not null;

-- What programs show instead of signing in; the token itself is nowhere.
create table api_tokens (
    name text primary key check (name <> ''),
    scope text not null check (scope in ('read', 'write', 'admin')),
    hash blob not null unique check (length(hash) = 32),
    created_by text not null check (created_by <> ''),
    created_ms integer not null check (created_ms > 0)
) strict, without rowid;

-- Whether a recipient has called.
create index attributions_by_recipient on attributions (recipient_id)
where recipient_id is not null;
