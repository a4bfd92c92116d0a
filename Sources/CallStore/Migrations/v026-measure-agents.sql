-- How a call went on the agent's side: how often it was cut short, and how long it took to answer.

alter table calls add column interruptions integer check (interruptions >= 0);

-- Milliseconds of each answer that was measured, in order.
alter table calls add column response_ms text check (
    response_ms is null or json_valid(response_ms)
);

-- What the figures of agents read of a call, without the call's texts beside it.
create index calls_courses
on calls (id, version_id, termination_reason, interruptions, response_ms);

-- Calls that were there before are looked through by jobs, in order: those after filled_to and up to
-- filled_end are still to come.
create table call_courses_state (
    id integer primary key check (id = 1),
    filled_to integer not null,
    filled_end integer not null
) strict;

insert into call_courses_state (id, filled_to, filled_end)
select 1, 0, coalesce(max(id), 0) from calls;

insert into outbox (
    job_id, queue, kind, lane, payload, unique_horizon_ms, delay_ms, created_ms, due_ms
)
select 'upkeep-fill-courses', 'upkeep', 'upkeep', 'low', cast('{"task":"courses"}' as blob), 0, 0,
    cast(strftime('%s', 'now') as integer) * 1000, 0
where exists (select 1 from calls);
