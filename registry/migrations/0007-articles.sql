-- Feeds that are watched, each under a number of its own for ever. What is switched off keeps its
-- number, its settings and its articles.
create table feeds (
  id bigint generated always as identity primary key,
  -- Digest of the address: asking for the same again finds it.
  key text not null unique,
  -- As it was asked for, without credentials.
  url text not null,
  name text,
  -- How it is asked and what is kept of it. Headers and credentials in it are secret.
  settings jsonb not null,
  tags jsonb not null default '{}',
  active boolean not null default true,
  -- One more with each change of what is asked, so that workers notice.
  version integer not null default 1,
  created timestamptz not null default now(),
  changed timestamptz not null default now()
);

-- When each feed is due, who holds it, and how it stands. All `_ms` are by the clock of the
-- database, milliseconds since the epoch.
create table feed_state (
  feed bigint primary key references feeds (id) on delete cascade,
  active boolean not null default true,
  -- Where it is asked now: 301 and 308 move it.
  fetch_url text not null,
  host text not null,
  -- While somebody holds it: when it is due again if he is not heard of.
  due_ms bigint not null,
  -- Asked for by somebody: not to be put off by what the feed says of itself.
  asked boolean not null default false,
  owner text,
  -- Fencing: one more with each claim; what was learned under an older one is refused.
  token bigint not null default 0,
  state text not null default 'new' check (state in ('new', 'ok', 'failing', 'gone')),
  -- By what its articles are told apart; never goes back to a more exact one.
  policy text not null default 'id' check (policy in ('id', 'link', 'link+date', 'content')),
  etag text,
  last_modified text,
  -- Of the last body that was read: the same again is not read again.
  body_hash text,
  -- Checks in a row that failed, and how the last one ended.
  failures integer not null default 0,
  reason text,
  message text,
  status integer,
  checked_ms bigint,
  -- When it last had something new.
  changed_ms bigint,
  interval_ms bigint,
  -- Why it waits as long as it does.
  why text,
  -- What the next interval is worked out from, in the poller's own shape.
  pace jsonb not null default '{}',
  checks bigint not null default 0,
  unchanged bigint not null default 0,
  -- How many it had so far.
  articles bigint not null default 0,
  -- What the feed says of itself.
  title text,
  link text,
  format text,
  language text,
  items integer,
  damage text[] not null default '{}'
) with (fillfactor = 70);

create index feed_state_due on feed_state (host, due_ms)
  where active and (state <> 'gone' or asked);

-- One row a host that feeds or articles are asked from: one request at a time, and none before
-- `free_ms`. A holder that was not heard of until then has lost it.
create table article_hosts (
  host text primary key,
  free_ms bigint not null default 0,
  -- Nothing of it is due earlier: whoever makes something due earlier says it here, in the same
  -- transaction; who finds nothing corrects it. Null: there is nothing.
  due_ms bigint,
  -- A redirect waits for the host: no visit begins there before this.
  hop_ms bigint not null default 0,
  owner text,
  token bigint not null default 0,
  -- Whose turn it was: a host that both wait for takes them in turn.
  last_class text check (last_class in ('feed', 'article')),
  -- Why it is left alone for longer than usual.
  why text,
  requests bigint not null default 0
) with (fillfactor = 70);

create index article_hosts_due on article_hosts (greatest(free_ms, due_ms, hop_ms))
  where due_ms is not null;

-- Each story of a feed once.
create table articles (
  id bigint generated always as identity primary key,
  feed bigint not null references feeds (id) on delete cascade,
  -- What tells it from the others of its feed.
  key text not null,
  -- The last hashes of what a reader sees, the newest first: an older one is not an update.
  hashes text[] not null,
  revision integer not null default 1,
  guid text,
  url text,
  -- Where its page was in the end.
  page_url text,
  title text not null,
  -- Plain text.
  summary text not null,
  -- Markup made harmless: of the feed, or of the page once that was read.
  content text,
  -- Plain text of the page.
  body text,
  body_state text not null default 'none'
    check (body_state in ('none', 'queued', 'feed', 'page', 'failed')),
  authors text[] not null default '{}',
  categories text[] not null default '{}',
  -- Currencies that it speaks of: BTC, ETH.
  symbols text[] not null default '{}',
  language text,
  -- As the publisher says; null: he does not.
  published timestamptz,
  updated timestamptz,
  -- In whole milliseconds, so that a place in a list can be said with them.
  seen timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  changed timestamptz not null default clock_timestamp(),
  -- A tsvector has 1 MB at most; beyond these lengths a hostile text could need more.
  search tsvector generated always as (
    to_tsvector('simple', left(title, 1000) || ' ' || left(summary, 10000) || ' '
      || left(coalesce(body, ''), 60000))
  ) stored,
  unique (feed, key)
);

create index articles_feed on articles (feed, seen, id);
create index articles_seen on articles (seen, id);
create index articles_search on articles using gin (search);
create index articles_symbols on articles using gin (symbols);

-- What articles are matched by, each under a number for ever; changed at run time.
create table rules (
  id bigint generated always as identity primary key,
  name text not null,
  -- Only of these feeds; null: of all.
  feeds bigint[],
  -- Terms and the query text, checked before they come here.
  spec jsonb not null,
  active boolean not null default true,
  version integer not null default 1,
  created timestamptz not null default now(),
  changed timestamptz not null default now()
);

create table article_rules (
  article bigint not null references articles (id) on delete cascade,
  rule bigint not null references rules (id) on delete cascade,
  at timestamptz not null default clock_timestamp(),
  -- Which clause matched where.
  clauses jsonb not null default '[]',
  primary key (article, rule)
);

create index article_rules_rule on article_rules (rule, article);

-- Pages to be fetched, one an article.
create table article_jobs (
  id bigint generated always as identity primary key,
  article bigint not null unique references articles (id) on delete cascade,
  feed bigint not null references feeds (id) on delete cascade,
  url text not null,
  host text not null,
  state text not null default 'queued'
    check (state in ('queued', 'leased', 'done', 'failed', 'dead', 'cancelled')),
  -- Counted when one begins.
  attempts integer not null default 0,
  -- While somebody holds it: when it is due again if he is not heard of.
  due_ms bigint not null,
  owner text,
  token bigint not null default 0,
  reason text,
  message text,
  status integer,
  created timestamptz not null default clock_timestamp(),
  ended timestamptz
);

create index article_jobs_due on article_jobs (host, due_ms)
  where state in ('queued', 'failed', 'leased');
create index article_jobs_feed on article_jobs (feed)
  where state in ('queued', 'failed', 'leased');
create index article_jobs_state on article_jobs (state, id);

-- Points on their way into a worker's spool: gone as soon as they are there. The same point twice
-- is the same point, so whoever finds one that was left writes it.
create table article_points (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  points jsonb not null
);

-- Two articles never share a nanosecond.
create sequence article_moments maxvalue 999999 cycle;

-- Events get their numbers in the order in which they can be seen: who has read up to a number
-- misses none below it. The lock is held until the transaction ends.
alter table events alter column id drop identity;
create sequence event_numbers owned by events.id;
select setval('event_numbers', coalesce((select max(id) from events), 0) + 1, false);

create function events_in_order() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(7433627);
  new.id := nextval('event_numbers');
  return new;
end $$;

create trigger events_in_order before insert on events
  for each row execute function events_in_order();

-- Kinds are named after what is measured.
update events set kind = 'scan' where kind = 'monitor';
