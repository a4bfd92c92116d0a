-- What the dashboard's overview shows without reading calls: ratings and moods by day, touches by
-- campaign. And the views that people keep.

-- The calls that count and have a rating or a mood; what daily_satisfaction sums.
create table rated_calls (
    call_id integer primary key,
    workspace text not null,
    channel text not null,
    day integer not null,
    agent_id text not null,
    campaign_id integer not null,
    rating real,
    sentiment text
) strict;

create view rated_calls_now as
select call_facts.call_id as call_id, call_facts.workspace as workspace,
    call_facts.channel as channel, day, call_facts.agent_id as agent_id, campaign_id,
    calls.rating as rating, calls.sentiment as sentiment
from call_facts join calls on calls.id = call_facts.call_id
where is_excluded = 0 and (calls.rating is not null or calls.sentiment is not null);

create table daily_satisfaction (
    workspace text not null,
    channel text not null,
    day integer not null,
    agent_id text not null,
    campaign_id integer not null,
    calls integer not null,
    ratings integer not null,
    rating_sum real not null,
    moods integer not null,
    positive integer not null,
    primary key (workspace, channel, day, agent_id, campaign_id)
) strict, without rowid;

create view daily_satisfaction_now as
select workspace, channel, day, agent_id, campaign_id,
    count(*) as calls,
    sum(rating is not null) as ratings,
    total(rating) as rating_sum,
    sum(sentiment is not null) as moods,
    coalesce(sum(sentiment = 'positive'), 0) as positive
from rated_calls
group by workspace, channel, day, agent_id, campaign_id;

create trigger sum_new_rating after insert on rated_calls begin
    insert into daily_satisfaction values (
        new.workspace, new.channel, new.day, new.agent_id, new.campaign_id, 1,
        new.rating is not null, coalesce(new.rating, 0.0), new.sentiment is not null,
        coalesce(new.sentiment = 'positive', 0)
    )
    on conflict (workspace, channel, day, agent_id, campaign_id) do update set
        calls = calls + 1,
        ratings = ratings + excluded.ratings,
        rating_sum = rating_sum + excluded.rating_sum,
        moods = moods + excluded.moods,
        positive = positive + excluded.positive;
end;

create trigger sum_deleted_rating after delete on rated_calls begin
    update daily_satisfaction set
        calls = calls - 1,
        ratings = ratings - (old.rating is not null),
        rating_sum = rating_sum - coalesce(old.rating, 0.0),
        moods = moods - (old.sentiment is not null),
        positive = positive - coalesce(old.sentiment = 'positive', 0)
    where workspace = old.workspace and channel = old.channel and day = old.day
    and agent_id = old.agent_id and campaign_id = old.campaign_id;
    delete from daily_satisfaction
    where workspace = old.workspace and channel = old.channel and day = old.day
    and agent_id = old.agent_id and campaign_id = old.campaign_id and calls = 0;
end;

insert into rated_calls select * from rated_calls_now;

create trigger rate_new_facts after insert on call_facts begin
    insert into rated_calls select * from rated_calls_now where call_id = new.call_id;
end;

create trigger rate_changed_facts after update on call_facts begin
    delete from rated_calls where call_id = old.call_id;
    insert into rated_calls select * from rated_calls_now where call_id = new.call_id;
end;

create trigger rate_deleted_facts after delete on call_facts begin
    delete from rated_calls where call_id = old.call_id;
end;

create trigger facts_of_changed_rating after update on calls
when old.rating is not new.rating or old.sentiment is not new.sentiment
begin
    insert into refresh_call_facts values (new.id);
end;

-- Touches of a campaign by kind, over all days.
create table touch_figures (
    campaign_id integer not null,
    kind text not null,
    touches integer not null,
    primary key (campaign_id, kind)
) strict, without rowid;

insert into touch_figures select campaign_id, kind, count(*) from touches group by 1, 2;

create trigger sum_new_touch after insert on touches begin
    insert into touch_figures values (new.campaign_id, new.kind, 1)
    on conflict (campaign_id, kind) do update set touches = touches + 1;
end;

create trigger sum_deleted_touch after delete on touches begin
    update touch_figures set touches = touches - 1
    where campaign_id = old.campaign_id and kind = old.kind;
    delete from touch_figures
    where campaign_id = old.campaign_id and kind = old.kind and touches = 0;
end;

-- A page with its filters under a name; the cards of the overview are part of its address.
create table saved_views (
    token text primary key check (length(token) >= 16),
    name text not null check (trim(name) <> ''),
    path text not null check (path glob '/*'),
    query text not null,
    person text not null check (person <> ''),
    created_ms integer not null check (created_ms > 0)
) strict, without rowid;
