-- What somebody chose for an exchange while it runs. Null: the settings decide.
create table exchange_choices (
  exchange text primary key,
  enabled boolean,
  interval_ms integer check (interval_ms between 1000 and 3600000),
  mode text check (mode in ('poll', 'stream')),
  changed timestamptz not null default now()
);

-- The settings of the process that takes prices, so that an API in another process can say them.
create table price_defaults (
  only_one boolean primary key default true check (only_one),
  exchanges text[] not null,
  interval_ms integer not null,
  mode text not null
);

-- What can be asked of a pair, each under a number of its own for ever. Rows are never deleted: what
-- is switched off comes back under its number. A pair whose `price` is off is not recorded.
create table metrics (
  id integer generated always as identity primary key,
  pair text not null,
  -- As it was first seen; two exchanges may cut one pair differently.
  base text not null,
  quote text not null,
  metric text not null check (metric in ('price', 'volume', 'bid', 'ask', 'spread')),
  enabled boolean not null default true,
  created timestamptz not null default now(),
  constraint metrics_series unique (pair, metric)
);

create index metrics_off on metrics (pair) where metric = 'price' and not enabled;

insert into metrics (pair, base, quote, metric)
select pair, base, quote, 'price'
from (
  select distinct on (pair) pair, base, quote, first_seen
  from markets
  order by pair, first_seen, exchange
) as first_markets
order by first_seen, pair;
