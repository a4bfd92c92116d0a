-- How long a class of what is kept of people stays, where somebody has said otherwise than the settings.

create table retention_settings (
    class text primary key check (class in ('numbers', 'transcripts', 'raw-bodies', 'webhooks')),
    seconds integer not null check (seconds > 0),
    person text not null check (person <> ''),
    changed_ms integer not null check (changed_ms > 0)
) strict, without rowid;

-- What still holds something of people, by age: what is long over is looked for without what went.
create index calls_kept on calls (started_unix) where withheld is null;
create index calls_with_words on calls (started_unix)
where summary is not null or title is not null or collected is not null;
create index recipients_with_number on recipients (created_ms) where raw is not null;
