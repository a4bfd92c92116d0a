-- When a campaign reached each recipient, by the kind of touch, from the index alone.
create index touches_by_recipient on touches (campaign_id, kind, recipient_id, at_unix)
where recipient_id is not null;
