-- Where the codes of a campaign lead, who is told of what changes, and what is watched.

alter table campaigns add column landing_url text check (landing_url glob 'http*://?*');
alter table campaigns add column token text check (token <> '');

create unique index campaigns_by_token on campaigns (token) where token is not null;

-- Who is told of changes.
create table event_endpoints (
    id integer primary key autoincrement,
    url text not null check (url glob 'http*://?*'),
    secret text not null check (length(secret) >= 32),
    kinds text not null check (json_valid(kinds)),
    created_ms integer not null check (created_ms > 0),

    -- The last event that this one is done with; all after it wait, in order.
    delivered_to integer not null,

    -- Attempts in a row that failed.
    failures integer not null default 0 check (failures >= 0),

    -- When the one job that delivers was last heard of; null when there is none.
    announced_ms integer
) strict;

-- What happened, in order; written by the transaction in which it did, while anybody is told.
create table outgoing_events (
    id integer primary key autoincrement,

    -- Null until the end of the transaction.
    at_ms integer,
    kind text not null check (kind in (
        'call.recorded', 'call.changed', 'attribution.changed', 'conversion.added',
        'conversion.withdrawn'
    )),
    call_id integer not null,
    data text not null check (json_valid(data))
) strict;

create index outgoing_events_new on outgoing_events (id) where at_ms is null;

-- Each attempt to tell somebody.
create table event_deliveries (
    id integer primary key autoincrement,
    endpoint_id integer not null references event_endpoints (id) on delete cascade,

    -- Null for a test.
    event_id integer,
    kind text not null check (kind <> ''),
    at_ms integer not null check (at_ms > 0),
    attempt integer not null check (attempt >= 1),
    outcome text not null check (outcome in ('delivered', 'failed', 'given-up')),
    status integer,
    reason text,
    milliseconds integer not null check (milliseconds >= 0)
) strict;

create index event_deliveries_by_endpoint on event_deliveries (endpoint_id, id);
create index event_deliveries_by_time on event_deliveries (at_ms);

create trigger tell_of_new_call after insert on calls
when exists (select 1 from event_endpoints) begin
    insert into outgoing_events (kind, call_id, data)
    values ('call.recorded', new.id, json_object('status', new.status));
end;

create trigger tell_of_changed_call after update on calls
when old.revision is not new.revision and exists (select 1 from event_endpoints) begin
    insert into outgoing_events (kind, call_id, data)
    values (
        'call.changed', new.id, json_object('status', new.status, 'revision', new.revision)
    );
end;

create trigger tell_of_new_attribution after insert on attributions
when new.campaign_id is not null and exists (select 1 from event_endpoints) begin
    insert into outgoing_events (kind, call_id, data)
    values (
        'attribution.changed', new.call_id,
        json_object('campaign', new.campaign_id, 'campaignBefore', null, 'method', new.method)
    );
end;

create trigger tell_of_changed_attribution after update on attributions
when old.campaign_id is not new.campaign_id and exists (select 1 from event_endpoints) begin
    insert into outgoing_events (kind, call_id, data)
    values (
        'attribution.changed', new.call_id,
        json_object(
            'campaign', new.campaign_id, 'campaignBefore', old.campaign_id, 'method', new.method
        )
    );
end;

create trigger tell_of_conversion after insert on conversion_events
when exists (select 1 from event_endpoints) begin
    insert into outgoing_events (kind, call_id, data)
    values (
        iif(new.is_counted, 'conversion.added', 'conversion.withdrawn'), new.call_id,
        json_object('type', new.type)
    );
end;

-- The rules that are broken now, and what was said of them.
create table alert_states (
    rule text primary key check (rule <> ''),
    is_firing integer not null check (is_firing in (0, 1)),
    since_ms integer not null check (since_ms > 0),
    checked_ms integer not null check (checked_ms > 0),
    text text not null,

    -- When it was last said, and how often on that day.
    notified_ms integer,
    notified_count integer not null default 0 check (notified_count >= 0),

    -- Whether somebody was told of what fires now, and is owed the notice that it is over.
    is_told integer not null default 0 check (is_told in (0, 1))
) strict;
