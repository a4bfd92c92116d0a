-- Rules of the alerts that somebody has set otherwise than they are.
create table alert_settings (
    rule text primary key check (rule <> ''),
    is_on integer not null check (is_on in (0, 1)),

    -- In the rule's own unit; null for the standard one.
    threshold real check (threshold > 0),
    person text not null check (person <> ''),
    changed_ms integer not null check (changed_ms > 0)
) strict;
