import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { TidemarkError } from '../core/errors.ts';
import { dueAtHosts, isHost } from './article-hosts.ts';
import { cancelJobsOf } from './article-jobs.ts';
import { type Database, type Queries, rowsOf } from './database.ts';
import { jsonOf, msColumn, NOW_MS, textOf } from './sql-values.ts';

/** By what articles of a feed are told apart, the most exact first. */
export const FEED_POLICIES = ['id', 'link', 'link+date', 'content'] as const;
export type FeedPolicy = (typeof FEED_POLICIES)[number];

export const FEED_STATES = ['new', 'ok', 'failing', 'gone'] as const;
/** How a feed stands. `new`: not checked so far; `gone`: it is not checked any more. */
export type FeedState = (typeof FEED_STATES)[number];

/** How a feed is asked, and what is kept of it. */
export const feedSettings = z.object({
  /** As its user wants it; null: it adapts. */
  intervalMs: z.int().nullable(),
  /** Secret: never logged, never returned. */
  headers: z.record(z.string(), z.string()),
  /** Of the URL, as the header that is sent; secret. */
  authorization: z.string().optional(),
  /** Pages of no article, of those that a rule matches or needs the text of, or of all. */
  fetch: z.enum(['never', 'matched', 'always']),
  /** `excerpt`: link, first 300 characters and hash only. */
  store: z.enum(['full', 'excerpt']),
  /** null: found by itself. */
  policy: z.enum(FEED_POLICIES).nullable(),
  bodyBytesMax: z.int(),
});

export type FeedSettings = z.infer<typeof feedSettings>;

const ms = z.number();

const feed = z.object({
  id: z.int(),
  url: z.string(),
  name: z.string().nullable(),
  settings: feedSettings,
  tags: z.record(z.string(), z.string()),
  active: z.boolean(),
  /** One more with each change of the settings. */
  version: z.int(),
  createdMs: ms,
  changedMs: ms,
  /** Where it is asked now: permanent redirects move it. */
  fetchUrl: z.string(),
  host: z.string(),
  /** null: it is not checked any more. While it is checked: when the check counts as lost. */
  dueMs: ms.nullable(),
  /** Somebody wants it checked now. */
  asked: z.boolean(),
  /** A check is under way. */
  checking: z.boolean(),
  state: z.enum(FEED_STATES),
  policy: z.enum(FEED_POLICIES),
  /** Checks in a row that failed. */
  failures: z.int(),
  reason: z.string().nullable(),
  message: z.string().nullable(),
  status: z.int().nullable(),
  checkedMs: ms.nullable(),
  /** When it last had something new. */
  changedItemsMs: ms.nullable(),
  intervalNowMs: ms.nullable(),
  /** Why it waits as long as it does. */
  why: z.string().nullable(),
  checks: z.int(),
  unchanged: z.int(),
  title: z.string().nullable(),
  link: z.string().nullable(),
  format: z.string().nullable(),
  language: z.string().nullable(),
  /** Of its last body. */
  items: z.int().nullable(),
  damage: z.array(z.string()),
  /** How many it had so far. */
  articles: z.int(),
  /** Requests a second that all active feeds of its host ask for. */
  hostLoad: z.number(),
});

/** A feed, its settings and how it stands. */
export type Feed = z.infer<typeof feed>;

export interface NewFeed {
  /** Without credentials. */
  readonly url: string;
  /** Host and port of the url. */
  readonly host: string;
  readonly name: string | null;
  readonly settings: FeedSettings;
  readonly tags: Readonly<Record<string, string>>;
}

/** What may be changed; what is left out stays. */
export type FeedChange = Partial<
  Pick<NewFeed, 'name' | 'tags'> & {
    readonly settings: Partial<FeedSettings>;
    /** Settings that it has no more. */
    readonly without: readonly 'authorization'[];
    readonly active: boolean;
  }
>;

/** Notified with the id of a feed that is made, changed or to be checked now. */
export const FEEDS_CHANNEL = 'tidemark_feeds';

/** Feeds that are checked at all, as the index has it. */
export const WATCHED = "s.active and (s.state <> 'gone' or s.asked)";

const COLUMNS = `f.id, f.url, f.name, f.settings, f.tags, f.active, f.version,
  ${msColumn('f.created', 'createdMs')}, ${msColumn('f.changed', 'changedMs')},
  s.fetch_url as "fetchUrl", s.host, case when ${WATCHED} then s.due_ms end as "dueMs", s.asked,
  (s.owner is not null and s.due_ms > ${NOW_MS}) as checking, s.state, s.policy, s.failures,
  s.reason, s.message, s.status, s.checked_ms as "checkedMs", s.changed_ms as "changedItemsMs",
  s.interval_ms as "intervalNowMs", s.why, s.checks, s.unchanged, s.title, s.link, s.format,
  s.language, s.items, s.damage, s.articles`;

/** The interval of a feed that was not checked so far. */
const INTERVAL_NEW_MS = 60_000;

/** Feeds by id; the load of each of their hosts is summed up once. */
async function selectFeeds(
  queries: Queries,
  where: string,
  parameters: readonly (string | number | boolean | null)[],
): Promise<Feed[]> {
  const rows = await queries.query(
    `with page as materialized (
       select ${COLUMNS} from feeds f join feed_state s on s.feed = f.id where ${where}),
     loads as (
       select s.host, sum(1000.0 / coalesce(s.interval_ms, ${INTERVAL_NEW_MS})) as load
       from feed_state s
       where s.host in (select host from page) and ${WATCHED} group by s.host)
     select page.*, coalesce(loads.load, 0)::float8 as "hostLoad"
     from page left join loads on loads.host = page.host order by page.id`,
    parameters,
  );
  return rowsOf(feed, rows);
}

/** The same for the same url. */
export function feedKey(url: string): string {
  return createHash('sha256').update(url).digest('hex');
}

/**
 * Makes a feed, due at once, or finds the one of the same url, as it is: that one is switched on,
 * and checked again if it was off or gone.
 */
export async function addFeed(
  database: Database,
  wanted: NewFeed,
): Promise<{ readonly feed: Feed; readonly made: boolean }> {
  return database.transaction(async (transaction) => {
    const made = await insertFeeds(transaction, [wanted]);
    const id = made[0] ?? (await idOf(transaction, wanted.url));
    if (made.length === 0) await changeIn(transaction, id, { active: true });
    await notify(transaction, id);
    return { feed: (await findFeed(transaction, id))!, made: made.length > 0 };
  });
}

/** Makes those that are not there, due at once; how many that were. */
export async function addFeeds(database: Database, wanted: readonly NewFeed[]): Promise<number> {
  return database.transaction(async (transaction) => {
    // Two with the same feeds in another order would wait for each other.
    await transaction.query('lock table feeds in share row exclusive mode');
    const made = await insertFeeds(transaction, wanted);
    await transaction.query("select pg_notify($1, '')", [FEEDS_CHANNEL]);
    return made.length;
  });
}

async function notify(queries: Queries, id: number): Promise<void> {
  await queries.query('select pg_notify($1, $2)', [FEEDS_CHANNEL, String(id)]);
}

const identified = z.object({ id: z.int() });

async function idOf(queries: Queries, url: string): Promise<number> {
  const rows = await queries.query('select id from feeds where key = $1', [feedKey(url)]);
  return rowsOf(identified, rows)[0]!.id;
}

/** Ids of those that were not there. */
async function insertFeeds(queries: Queries, wanted: readonly NewFeed[]): Promise<number[]> {
  const column = <T>(read: (feed: NewFeed) => T) => wanted.map(read);
  for (const { url, host } of wanted) {
    if (!isHost(host)) throw new TidemarkError('invalid', `no host has such a long name: ${url}`);
  }
  const rows = await queries.query(
    `with g as materialized (
       select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
         $7::text[]) with ordinality as g (key, url, name, settings, tags, host, policy, nr)),
     made as (
       insert into feeds (key, url, name, settings, tags)
       select key, url, name, settings::jsonb, tags::jsonb from g
       -- Asking again takes no number; the conflict is for who asks at the same moment.
       where not exists (select from feeds f where f.key = g.key) order by nr
       on conflict (key) do nothing returning id, key),
     -- Of two that are the same here, the first one was made.
     first as (select distinct on (key) * from g order by key, nr)
     insert into feed_state (feed, fetch_url, host, policy, due_ms)
     select made.id, first.url, first.host, first.policy, ${NOW_MS}
     from made join first using (key) returning feed as id, host, due_ms as "dueMs"`,
    [
      column(({ url }) => feedKey(url)),
      column(({ url }) => url),
      column(({ name }) => (name === null ? null : textOf(name))),
      column(({ settings }) => jsonOf(settings)),
      column(({ tags }) => jsonOf(tags)),
      column(({ host }) => host),
      column(({ settings }) => settings.policy ?? FEED_POLICIES[0]),
    ],
  );
  const made = rowsOf(identified.extend({ host: z.string(), dueMs: ms }), rows);
  await dueAtHosts(queries, made);
  return made.map(({ id }) => id);
}

/** Changes a feed; undefined: there is none. */
export async function changeFeed(
  database: Database,
  id: number,
  change: FeedChange,
): Promise<Feed | undefined> {
  return database.transaction(async (transaction) => {
    await changeIn(transaction, id, change);
    await notify(transaction, id);
    return findFeed(transaction, id);
  });
}

/** Switches a feed off; undefined: there is none. Articles stay, page jobs are cancelled. */
export function removeFeed(database: Database, id: number): Promise<Feed | undefined> {
  return changeFeed(database, id, { active: false });
}

const heldFeed = z.object({ settings: feedSettings, active: z.boolean(), gone: z.boolean() });

/**
 * Other settings, or a feed that is switched on, are checked at once, from the beginning: what is
 * under way is refused at saving. What is as it was changes nothing.
 */
async function changeIn(queries: Queries, id: number, change: FeedChange): Promise<void> {
  const rows = await queries.query(
    `select f.settings, f.active, s.state = 'gone' as gone
     from feeds f join feed_state s on s.feed = f.id where f.id = $1 for no key update`,
    [id],
  );
  const held = rowsOf(heldFeed, rows)[0];
  if (held === undefined) return;
  const { name, tags, active = held.active, without = [] } = change;
  const merged = Object.entries({ ...held.settings, ...change.settings });
  const settings = Object.fromEntries(
    merged.filter(([key, value]) => value !== undefined && !without.some((one) => one === key)),
  );
  const other = !isDeepStrictEqual(settings, { ...held.settings });
  await queries.query(
    `update feeds set name = case when $2 then $3 else name end, tags = coalesce($4::jsonb, tags),
       settings = $5::jsonb, active = $6, version = version + $7::int, changed = now()
     where id = $1`,
    [
      id,
      name !== undefined,
      name == null ? null : textOf(name),
      tags === undefined ? null : jsonOf(tags),
      jsonOf(settings),
      active,
      other ? 1 : 0,
    ],
  );
  const on = change.active === true && (!held.active || held.gone);
  // Jobs are locked before hosts.
  if (held.active && !active) await switchOff(queries, id);
  if (other || on) await beginAnew(queries, id);
}

async function beginAnew(queries: Queries, id: number): Promise<void> {
  const rows = await queries.query(
    `update feed_state s set active = f.active, owner = null, token = s.token + 1,
       due_ms = ${NOW_MS}, etag = null, last_modified = null, body_hash = null,
       policy = coalesce(f.settings ->> 'policy', s.policy),
       fetch_url = case when s.state = 'gone' then f.url else s.fetch_url end,
       state = case when s.state = 'gone' then 'new' else s.state end
     from feeds f where f.id = s.feed and s.feed = $1
     returning s.fetch_url as url, s.due_ms as due`,
    [id],
  );
  const { url, due } = rowsOf(z.object({ url: z.string(), due: ms }), rows)[0]!;
  const { host } = new URL(url);
  await queries.query('update feed_state set host = $2 where feed = $1', [id, host]);
  await dueAtHosts(queries, [{ host, dueMs: due }]);
}

async function switchOff(queries: Queries, id: number): Promise<void> {
  await queries.query(
    `update feed_state set active = false, asked = false, owner = null, token = token + 1
     where feed = $1`,
    [id],
  );
  await cancelJobsOf(queries, id);
}

/**
 * Due now, also one that is gone; one that is checked at the moment is not checked twice.
 * Undefined: there is none. @throws TidemarkError `conflict` when it is switched off.
 */
export async function checkFeedNow(database: Database, id: number): Promise<Feed | undefined> {
  return database.transaction(async (transaction) => {
    const rows = await transaction.query(
      `update feed_state set asked = true,
         due_ms = case when owner is not null and due_ms > ${NOW_MS} then due_ms
           else least(due_ms, ${NOW_MS}) end
       where feed = $1 and active returning host, due_ms as "dueMs"`,
      [id],
    );
    const dues = rowsOf(z.object({ host: z.string(), dueMs: ms }), rows);
    await dueAtHosts(transaction, dues);
    await notify(transaction, id);
    const found = await findFeed(transaction, id);
    if (found !== undefined && dues.length === 0) {
      throw new TidemarkError('conflict', `feed ${id} is switched off: switch it on first`);
    }
    return found;
  });
}

export async function findFeed(queries: Queries, id: number): Promise<Feed | undefined> {
  return (await selectFeeds(queries, 'f.id = $1', [id]))[0];
}

/** The one of the same url. */
export async function findSameFeed(queries: Queries, url: string): Promise<Feed | undefined> {
  return (await selectFeeds(queries, 'f.key = $1', [feedKey(url)]))[0];
}

export interface FeedFilter {
  /** Ids above this one; default: all. */
  readonly after?: number | undefined;
  readonly limit: number;
  readonly active?: boolean | undefined;
  readonly state?: FeedState | undefined;
  readonly host?: string | undefined;
  /** Letters of the url, name or title, in any case. */
  readonly text?: string | undefined;
  readonly tag?: { readonly name: string; readonly value: string } | undefined;
}

/** By id. */
export async function listFeeds(queries: Queries, filter: FeedFilter): Promise<Feed[]> {
  const { after = 0, limit, active, state, host, text, tag } = filter;
  return selectFeeds(
    queries,
    `f.id > $1 and ($3::boolean is null or f.active = $3) and ($4::text is null or s.state = $4)
       and ($5::text is null or s.host = $5)
       and ($6::text is null or strpos(lower(f.url || ' ' || coalesce(f.name, '') || ' '
         || coalesce(s.title, '')), lower($6)) > 0)
       and ($7::text is null or f.tags ->> $7 = $8)
     order by f.id limit $2`,
    [
      ...[after, limit, active ?? null, state ?? null, host ?? null],
      ...[text === undefined ? null : textOf(text), tag?.name ?? null, tag?.value ?? ''],
    ],
  );
}
