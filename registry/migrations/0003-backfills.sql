-- What is to be filled from candles: a range over some markets, asked by a person or found as a gap.
create table backfills (
  id bigint generated always as identity primary key,
  -- One spelling of what was asked: asking it again goes on with the one that is open.
  key text not null,
  cause text not null check (cause in ('request', 'gap')),
  from_time timestamptz not null,
  to_time timestamptz not null,
  state text not null check (state in ('open', 'done', 'cancelled')),
  -- What is not asked, and why, for people.
  notes jsonb not null default '[]',
  created timestamptz not null default now(),
  finished timestamptz
);

create unique index backfills_open on backfills (key) where state = 'open';

-- One market of a backfill: how far it is, and who works on it.
create table backfill_parts (
  backfill bigint not null references backfills (id) on delete cascade,
  exchange text not null,
  symbol text not null,
  -- Whose candles are asked: the exchange, or a source that speaks for several.
  adapter text not null,
  base text not null,
  quote text not null,
  pair text not null,
  -- Parts are worked on in this order.
  position integer not null,
  step_ms bigint not null,
  from_time timestamptz not null,
  to_time timestamptz not null,
  -- Everything before is in the spool of the writer, or was there already.
  done_until timestamptz not null,
  -- The market's last price then, as text.
  carry text,
  state text not null check (state in ('open', 'done', 'failed', 'cancelled')),
  requests integer not null default 0,
  candles integer not null default 0,
  rows integer not null default 0,
  error text,
  lease_owner text,
  lease_until timestamptz,
  primary key (backfill, exchange, symbol)
);

create index backfill_parts_open on backfill_parts (adapter, position) where state = 'open';
