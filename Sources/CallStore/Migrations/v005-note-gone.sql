-- When the upstream first said that it has a conversation no more; nothing of it is erased here.

alter table calls add column gone_ms integer;
