-- Where the codes of a campaign lead, and what a code that stands for all of it carries.

alter table campaigns add column landing_url text check (landing_url glob 'http*://?*');
alter table campaigns add column token text check (token <> '');

create unique index campaigns_by_token on campaigns (token) where token is not null;
