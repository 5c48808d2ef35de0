-- URLs that are scanned, each under a number of its own for ever. What is switched off keeps its
-- number, its settings and its scans.
create table monitors (
  id bigint generated always as identity primary key,
  -- Digest of url and pattern: asking for the same again finds it.
  key text not null unique,
  -- Without credentials.
  url text not null,
  regexp text,
  name text,
  -- How it is asked and judged. Headers and credentials in it are secret.
  settings jsonb not null,
  tags jsonb not null default '{}',
  active boolean not null default true,
  -- One more with each change of what is scanned, so that workers notice.
  version integer not null default 1,
  created timestamptz not null default now(),
  changed timestamptz not null default now()
);

-- Workers that scan. What one holds is free again when it has not been heard of until `until_ms`.
create table scan_workers (
  id text primary key,
  host text not null,
  -- How many scans it has under way at most.
  slots integer not null,
  started timestamptz not null default now(),
  -- By the clock of the database, like all `_ms` below: milliseconds since the epoch.
  until_ms bigint not null
);

-- When each monitor is due, who holds it, and how it stands. Changed with every scan, hence apart.
create table monitor_schedule (
  monitor bigint primary key references monitors (id) on delete cascade,
  active boolean not null default true,
  host text not null,
  interval_ms bigint not null check (interval_ms >= 1000),
  timeout_ms integer not null,
  -- Slots are k x interval + phase, save the first one, which is when it was asked for.
  phase_ms bigint not null,
  due_ms bigint not null,
  -- The worker that holds it, and for which slot.
  owner text,
  slot_ms bigint,
  -- Fencing: one more with each claim; what was learned under an older one is refused.
  token bigint not null default 0,
  state text not null default 'new' check (state in ('new', 'up', 'down', 'unknown')),
  state_since_ms bigint,
  -- Scans in a row that said up, and that said down.
  successes integer not null default 0,
  failures integer not null default 0,
  reason text,
  status integer,
  last_slot_ms bigint,
  last_total_ms double precision,
  -- Slots that nobody began in their time, and scans that may have been made twice.
  missed bigint not null default 0,
  reprobed bigint not null default 0
) with (fillfactor = 70);

create index monitor_schedule_due on monitor_schedule (due_ms) where active;
create index monitor_schedule_host on monitor_schedule (host) where active;

-- The last evidence of each monitor: the begin of the body, the redirects, the certificate.
create table monitor_evidence (
  monitor bigint primary key references monitors (id) on delete cascade,
  slot_ms bigint not null,
  evidence jsonb not null
);

-- Results on their way into a worker's spool: gone as soon as they are there.
create table scan_results (
  monitor bigint not null,
  slot_ms bigint not null,
  owner text not null,
  fields jsonb not null,
  primary key (monitor, slot_ms)
);

create index scan_results_owner on scan_results (owner);

-- What happened, in order, for whoever listens or asks later.
create table events (
  id bigint generated always as identity primary key,
  kind text not null,
  at timestamptz not null default now(),
  data jsonb not null
);

create index events_at on events (at);
