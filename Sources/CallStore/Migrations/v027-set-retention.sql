-- How long a class of what is kept of people stays, where somebody has said otherwise than the settings.

create table retention_settings (
    class text primary key check (class in ('numbers', 'transcripts', 'raw-bodies', 'webhooks')),
    seconds integer not null check (seconds > 0),
    person text not null check (person <> ''),
    changed_ms integer not null check (changed_ms > 0)
) strict, without rowid;
