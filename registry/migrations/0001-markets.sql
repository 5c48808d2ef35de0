-- Every symbol of every exchange, and the pair (the tag of its series) that it has for ever.
create table markets (
  exchange text not null,
  symbol text not null,
  base text not null,
  quote text not null,
  pair text not null,
  -- Another symbol of the exchange had base || quote already.
  clashed boolean not null,
  first_seen timestamptz not null default now(),
  last_seen timestamptz not null default now(),
  primary key (exchange, symbol),
  constraint markets_series unique (exchange, pair)
);

create index markets_pair on markets (pair);

-- What ingest knows of an exchange, so that an API in another process can say it.
create table exchanges (
  exchange text primary key,
  state text not null check (state in ('starting', 'ok', 'failing', 'paused')),
  last_attempt timestamptz,
  last_success timestamptz,
  paused_until timestamptz,
  lateness_ms double precision,
  rows integer not null,
  dropped jsonb not null,
  consecutive_failures integer not null,
  last_error text,
  saved timestamptz not null default now()
);
