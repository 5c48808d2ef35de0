-- Where alerts are sent to, each under a number for ever.
create table channels (
  id bigint generated always as identity primary key,
  -- Digest of kind and address: asking for the same again finds it.
  key text not null unique,
  kind text not null check (kind in ('webhook', 'slack', 'pagerduty', 'email', 'canary')),
  -- The address as it may be shown: nothing secret in it.
  shown text not null,
  -- The address itself, and what is signed with. Secret.
  secret jsonb not null,
  state text not null default 'unconfirmed'
    check (state in ('unconfirmed', 'active', 'disabled')),
  -- Why it is disabled.
  reason text,
  state_since timestamptz not null default now(),
  -- Attempts in a row that failed, the first of them, and until when it is left alone.
  failures integer not null default 0,
  failing_since_ms bigint,
  open_ms bigint not null default 0,
  -- Nothing of it is due earlier: whoever makes something due earlier says it here, in the same
  -- transaction; who finds nothing corrects it. Null: there is nothing.
  due_ms bigint,
  delivered bigint not null default 0,
  created timestamptz not null default now()
) with (fillfactor = 70);

create index channels_due on channels (greatest(due_ms, open_ms)) where due_ms is not null;

-- What is evaluated, once for all who want it: a Flux task each.
create table alert_rules (
  key text primary key,
  spec jsonb not null,
  created timestamptz not null default now()
);

-- Who wants to be told of what: subscriptions. What is deleted is switched off and keeps its number.
create table alerts (
  id bigint generated always as identity primary key,
  name text not null,
  kind text not null check (kind in ('ratio', 'threshold', 'scan', 'article', 'freshness', 'canary')),
  channel bigint not null references channels (id),
  -- Where it goes when the channel does not take it.
  fallback bigint references channels (id),
  -- What it is about, checked before it comes here.
  spec jsonb not null,
  -- The Flux rules that find it; none for what the registry knows itself.
  rules text[] not null default '{}',
  -- Once in each, per series: windows are multiples of it since the epoch.
  window_ms bigint not null check (window_ms >= 60000),
  active boolean not null default true,
  paused_until_ms bigint,
  version integer not null default 1,
  created timestamptz not null default now(),
  changed timestamptz not null default now()
);

create index alerts_rules on alerts using gin (rules);
create index alerts_channel on alerts (channel);

-- Steps of rules that were looked at: each once.
create table alert_steps (
  rule text not null,
  -- When it ended.
  step_ms bigint not null,
  -- It was evaluated after its time, as nothing had evaluated it in time.
  late boolean not null default false,
  found integer not null default 0,
  -- Series with an incident that had points in this step, none of them remarkable.
  cleared text[] not null default '{}',
  -- False: what it found has not yet come to everybody.
  spread boolean not null default false,
  at timestamptz not null default now(),
  primary key (rule, step_ms)
);

create index alert_steps_open on alert_steps (rule, step_ms) where not spread;

-- What a step found, once for all who want it. `data` has what the message tells besides.
create table alert_firings (
  id bigint generated always as identity primary key,
  rule text not null,
  step_ms bigint not null,
  series text not null,
  exchange text,
  pair text,
  monitor bigint,
  at_ms bigint not null,
  value double precision,
  average double precision,
  samples integer,
  late boolean not null default false,
  data jsonb not null default '{}',
  unique (rule, series, at_ms)
);

create index alert_firings_step on alert_firings (rule, step_ms);

-- One alert: a subscription, a series, a window. Nothing is sent twice, as nothing is here twice.
create table alert_events (
  id bigint generated always as identity primary key,
  alert bigint not null references alerts (id) on delete cascade,
  series text not null,
  window_ms bigint not null,
  firing bigint references alert_firings (id) on delete set null,
  at_ms bigint not null,
  value double precision,
  -- What came of it: sent, or why not.
  outcome text not null
    check (outcome in ('sent', 'digest', 'silenced', 'pending', 'incident', 'unconfirmed')),
  silence bigint,
  delivery bigint,
  resolved_ms bigint,
  created timestamptz not null default clock_timestamp(),
  unique (alert, series, window_ms)
);

create index alert_events_list on alert_events (alert, id);
create index alert_events_firing on alert_events (firing);
-- Made by the transaction that is about to say which delivery tells of them.
create index alert_events_open on alert_events (alert)
  where delivery is null and outcome in ('sent', 'unconfirmed');
create index alert_events_silence on alert_events (silence) where silence is not null;

-- Series that are above (or below) now, of alerts that care how long that lasts.
create table alert_incidents (
  alert bigint not null references alerts (id) on delete cascade,
  rule text not null,
  series text not null,
  -- Ends of the first and of the newest step that found it.
  since_ms bigint not null,
  last_ms bigint not null,
  -- End of the first step since then that did not, though it had points.
  clear_ms bigint,
  -- End of the step that was told last.
  told_ms bigint,
  event bigint,
  primary key (alert, rule, series)
);

create index alert_incidents_rule on alert_incidents (rule, series);

-- How far the events of the registry were read, by whom.
create table alert_cursors (
  name text primary key,
  event bigint not null
);

create table silences (
  id bigint generated always as identity primary key,
  -- All that is named has to fit.
  matcher jsonb not null,
  comment text,
  from_ms bigint not null,
  until_ms bigint not null,
  created timestamptz not null default now()
);

create index silences_until on silences (until_ms);

-- What is to be sent: written in the transaction that says so.
create table deliveries (
  id bigint generated always as identity primary key,
  channel bigint not null references channels (id) on delete cascade,
  -- Null: it is about the channel itself, or about several alerts.
  alert bigint references alerts (id) on delete set null,
  kind text not null
    check (kind in ('fired', 'resolved', 'digest', 'test', 'confirm', 'notice', 'canary')),
  -- The receiver's key against repeats: the same at every attempt, also of a replay.
  message text not null,
  -- Those of one subject go one after the other, in the order of their numbers.
  subject text not null,
  payload jsonb not null,
  state text not null default 'queued'
    check (state in ('queued', 'leased', 'failed', 'delivered', 'dead', 'cancelled')),
  -- All that were made, and those of them that count for when the next one is.
  attempts integer not null default 0,
  step integer not null default 0,
  -- By the clock of the database, like all `_ms` here. While it is leased: when it is due again if
  -- the holder is not heard of.
  due_ms bigint not null,
  expires_ms bigint not null,
  owner text,
  token bigint not null default 0,
  status integer,
  reason text,
  -- Of the firing point, for what the way took.
  fired_ms bigint,
  -- Where it goes besides when this channel does not take it, and its number there.
  fallback bigint references channels (id),
  moved bigint,
  replays integer not null default 0,
  created timestamptz not null default clock_timestamp(),
  ended timestamptz,
  unique (channel, message)
) with (fillfactor = 70);

create index deliveries_due on deliveries (channel, due_ms, id)
  where state in ('queued', 'failed', 'leased');
create index deliveries_subject on deliveries (channel, subject, id)
  where state in ('queued', 'failed', 'leased');
create index deliveries_alert on deliveries (alert, id);
create index deliveries_state on deliveries (state, id);
create index deliveries_expiry on deliveries (expires_ms)
  where state in ('queued', 'failed', 'leased');
create index deliveries_fallback on deliveries (channel, id)
  where fallback is not null and moved is null and state in ('queued', 'failed', 'dead');
create index deliveries_ended on deliveries (ended) where ended is not null;

create table delivery_attempts (
  delivery bigint not null references deliveries (id) on delete cascade,
  nr integer not null,
  at timestamptz not null default clock_timestamp(),
  took_ms double precision not null,
  ok boolean not null,
  status integer,
  reason text,
  -- The begin of the answer, without secrets.
  answer text,
  primary key (delivery, nr)
);
