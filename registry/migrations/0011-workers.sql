-- Workers of any kind, whoever claims what is due: told here, so that everybody can see when there
-- is none. What one holds of scans is free again when it was not heard of until `until_ms`.
alter table scan_workers rename to workers;
alter table workers rename constraint scan_workers_pkey to workers_pkey;
alter table workers add column role text not null default 'scans';
alter table workers alter column role drop default;

-- When an article was last seen in its feed, and when that was last looked for: about once a day.
-- What a feed still has is kept, or it would come again as new.
alter table articles add column listed timestamptz not null default now();
alter table feed_state add column listed timestamptz not null default now();

-- What is old is found by its end, and of events by their kind.
create index article_jobs_ended on article_jobs (ended) where ended is not null;
create index events_prices on events (at) where kind = 'price';
