import { z } from 'zod';
import type { ArticleWorker } from './article-hosts.ts';
import { type Database, type Queries, rowsOf, type Transaction } from './database.ts';
import { FEED_POLICIES, FEED_STATES, feedSettings, WATCHED } from './feeds.ts';
import { NOW_MS } from './sql-values.ts';

const ms = z.number();

const held = z.object({ host: z.string(), hostToken: z.int(), token: z.int(), dueMs: ms });

const feedVisit = held.extend({
  kind: z.literal('feed'),
  feed: z.int(),
  version: z.int(),
  /** Where it is asked now. */
  url: z.string(),
  settings: feedSettings,
  asked: z.boolean(),
  policy: z.enum(FEED_POLICIES),
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  bodyHash: z.string().nullable(),
  failures: z.int(),
  pace: z.unknown(),
  checks: z.int(),
  state: z.enum(FEED_STATES),
  title: z.string().nullable(),
});

/** A feed that is the worker's to check. */
export type FeedVisit = z.infer<typeof feedVisit>;

const pageVisit = held.extend({
  kind: z.literal('article'),
  job: z.int(),
  /** This one counts. */
  attempts: z.int(),
  article: z.int(),
  feed: z.int(),
  url: z.string(),
  settings: feedSettings,
  title: z.string(),
  summary: z.string(),
  authors: z.array(z.string()),
  categories: z.array(z.string()),
  symbols: z.array(z.string()),
  language: z.string().nullable(),
  /** Rules that it is known to match. */
  matched: z.array(z.int()),
});

/** The page of an article that is the worker's to fetch. */
export type PageVisit = z.infer<typeof pageVisit>;

export type Visit = FeedVisit | PageVisit;

/** Before this nothing is begun at a host; as the index has it. */
const OPEN = 'greatest(h.free_ms, h.due_ms, h.hop_ms)';

/** Jobs that are to be done, or are being done. */
const OPEN_JOB = "j.state in ('queued', 'failed', 'leased')";

/** Hosts that turn out to have nothing due are corrected, and others are looked at, so often. */
const ROUNDS_MAX = 5;

/**
 * Claims what is due at hosts that are free, one visit a host, the longest due host first. Where a
 * feed and a page wait for the same host, they take turns. The host and the visit are the worker's
 * for its lease; what another did not end in its own is claimed again.
 */
export async function claimVisits(
  database: Database,
  worker: ArticleWorker,
  { limit }: { readonly limit: number },
): Promise<{ readonly nowMs: number; readonly visits: readonly Visit[] }> {
  return database.transaction(async (transaction) => {
    const visits: Visit[] = [];
    let nowMs = 0;
    for (let round = 0; round < ROUNDS_MAX && visits.length < limit; round += 1) {
      const wanted = limit - visits.length;
      const open = await lockHosts(transaction, wanted);
      nowMs = open.nowMs;
      if (open.hosts.length > 0) {
        visits.push(...(await claimAt(transaction, worker, { nowMs, hosts: open.hosts })));
      }
      if (open.hosts.length < wanted) break;
    }
    return { nowMs, visits };
  });
}

const openHost = z.object({ now: ms, host: z.string().nullable() });

/**
 * Locks hosts that may have something due. A statement of its own: what the next one sees of them
 * is then all that was said before, as whoever makes something due holds their rows.
 */
async function lockHosts(
  transaction: Transaction,
  limit: number,
): Promise<{ readonly nowMs: number; readonly hosts: readonly string[] }> {
  const rows = await transaction.query(
    `with clock as materialized (select ${NOW_MS} as now),
     open as materialized (
       select h.host from article_hosts h
       where h.due_ms is not null and ${OPEN} <= (select now from clock)
       order by ${OPEN} limit $1 for update skip locked)
     select clock.now, open.host from clock left join open on true`,
    [limit],
  );
  const parsed = rowsOf(openHost, rows);
  const hosts = parsed.flatMap(({ host }) => (host === null ? [] : [host]));
  return { nowMs: parsed[0]!.now, hosts };
}

const picked = z.object({ kind: z.enum(['feed', 'article']), host: z.string(), id: z.int() });

/**
 * Rows that others hold are passed over, never waited for. A host says from now on when the next
 * of its feeds and pages is due, at the latest when this claim is over; nothing, if it has none.
 */
async function claimAt(
  transaction: Transaction,
  worker: ArticleWorker,
  { nowMs, hosts }: { readonly nowMs: number; readonly hosts: readonly string[] },
): Promise<Visit[]> {
  const untilMs = nowMs + worker.leaseMs;
  const rows = await transaction.query(
    `with h as materialized (
       select host, last_class from article_hosts where host = any($1::text[])),
     f as materialized (
       select h.host, d.feed, d.due_ms from h cross join lateral (
         select s.feed, s.due_ms from feed_state s
         where s.host = h.host and ${WATCHED} and s.due_ms <= $2
         order by s.due_ms limit 1 for update of s skip locked) d),
     a as materialized (
       select h.host, d.id, d.due_ms from h cross join lateral (
         select j.id, j.due_ms from article_jobs j
         where j.host = h.host and ${OPEN_JOB} and j.due_ms <= $2
         order by j.due_ms limit 1 for update of j skip locked) d),
     p as materialized (
       select h.host,
         case when a.id is null or h.last_class is distinct from 'feed' then f.feed end as feed,
         case when f.feed is null or h.last_class = 'feed' then a.id end as job
       from h left join f on f.host = h.host left join a on a.host = h.host),
     feeds_held as (
       update feed_state s set owner = $4, token = s.token + 1, due_ms = $3
       from p where s.feed = p.feed),
     jobs_held as (
       update article_jobs j set owner = $4, token = j.token + 1, due_ms = $3, state = 'leased',
         attempts = j.attempts + 1, ended = null
       from p where j.id = p.job),
     hosts_held as (
       update article_hosts h set
         due_ms = least(
           (select s.due_ms from feed_state s
            where s.host = p.host and ${WATCHED} and s.feed is distinct from p.feed
            order by s.due_ms limit 1),
           (select j.due_ms from article_jobs j
            where j.host = p.host and ${OPEN_JOB} and j.id is distinct from p.job
            order by j.due_ms limit 1),
           case when coalesce(p.feed, p.job) is not null then $3::bigint end),
         owner = case when coalesce(p.feed, p.job) is null then h.owner else $4 end,
         token = h.token + (coalesce(p.feed, p.job) is not null)::int,
         free_ms = case when coalesce(p.feed, p.job) is null then h.free_ms else $3 end,
         last_class = case when p.feed is not null then 'feed'
           when p.job is not null then 'article' else h.last_class end
       from p where h.host = p.host)
     select 'feed' as kind, f.host, f.feed as id, f.due_ms as due from p join f using (host, feed)
     union all
     select 'article', a.host, a.id, a.due_ms from p join a on a.host = p.host and a.id = p.job
     order by due`,
    [hosts, nowMs, untilMs, worker.id],
  );
  return readVisits(transaction, rowsOf(picked.extend({ due: ms }), rows));
}

type Picked = z.infer<typeof picked> & { readonly due: number };

/** All that the work needs to know, the longest due first. */
async function readVisits(transaction: Transaction, picks: readonly Picked[]): Promise<Visit[]> {
  const found = new Map<string, Visit>();
  const of = (kind: Visit['kind']) => picks.filter((one) => one.kind === kind);
  const parameters = (some: readonly Picked[]) => [
    some.map(({ id }) => id),
    some.map(({ due }) => due),
  ];
  const [feeds, pages] = [of('feed'), of('article')];
  if (feeds.length > 0) {
    const rows = await transaction.query(FEED_VISITS, parameters(feeds));
    for (const visit of rowsOf(feedVisit, rows)) found.set(visit.host, visit);
  }
  if (pages.length > 0) {
    const rows = await transaction.query(PAGE_VISITS, parameters(pages));
    for (const visit of rowsOf(pageVisit, rows)) found.set(visit.host, visit);
  }
  return picks.flatMap(({ host }) => found.get(host) ?? []);
}

const FEED_VISITS = `select 'feed' as kind, s.host, h.token as "hostToken", s.token,
    g.due as "dueMs", s.feed, f.version, s.fetch_url as url, f.settings, s.asked, s.policy, s.etag,
    s.last_modified as "lastModified", s.body_hash as "bodyHash", s.failures, s.pace, s.checks,
    s.state, s.title
  from unnest($1::bigint[], $2::bigint[]) as g (id, due)
  join feed_state s on s.feed = g.id join feeds f on f.id = g.id
  join article_hosts h on h.host = s.host`;

const PAGE_VISITS = `select 'article' as kind, j.host, h.token as "hostToken", j.token,
    g.due as "dueMs", j.id as job, j.attempts, j.article, j.feed, j.url, f.settings, a.title,
    a.summary, a.authors, a.categories, a.symbols, a.language,
    (select coalesce(jsonb_agg(r.rule order by r.rule), '[]') from article_rules r
      where r.article = j.article) as matched
  from unnest($1::bigint[], $2::bigint[]) as g (id, due)
  join article_jobs j on j.id = g.id join feeds f on f.id = j.feed
  join articles a on a.id = j.article join article_hosts h on h.host = j.host`;

/** The row of a visit: its table, and what is the key of it. */
function rowOf(visit: Visit): { readonly table: string; readonly key: string; id: number } {
  return visit.kind === 'feed'
    ? { table: 'feed_state', key: 'feed', id: visit.feed }
    : { table: 'article_jobs', key: 'id', id: visit.job };
}

/**
 * The lease of a visit begins anew, and that of its host when it still has it. False: the visit is
 * not the worker's any more, nothing it finds out will be saved.
 */
export async function renewVisit(
  queries: Queries,
  worker: ArticleWorker,
  visit: Visit,
): Promise<boolean> {
  const { table, key, id } = rowOf(visit);
  const rows = await queries.query(
    `with host as (
       update article_hosts set free_ms = ${NOW_MS} + $3
       where host = $4 and owner = $1 and token = $5)
     update ${table} set due_ms = ${NOW_MS} + $3
     where ${key} = $6 and owner = $1 and token = $2 returning token`,
    [worker.id, visit.token, worker.leaseMs, visit.host, visit.hostToken, id],
  );
  return rows.length > 0;
}

/**
 * Gives back a visit that was not begun: due when it says, which is as before unless told
 * otherwise, no attempt counted, and its host free at once where the worker still has it.
 */
export async function giveBackVisit(
  database: Database,
  worker: ArticleWorker,
  visit: Visit,
): Promise<void> {
  const { table, key, id } = rowOf(visit);
  const dueMs = Math.ceil(visit.dueMs);
  const attempts =
    visit.kind === 'feed'
      ? ''
      : `, attempts = greatest(attempts - 1, 0),
         state = case when attempts > 1 then 'failed' else 'queued' end`;
  await database.transaction(async (transaction) => {
    const rows = await transaction.query(
      `update ${table} set owner = null, due_ms = $4 ${attempts}
       where ${key} = $1 and owner = $2 and token = $3 returning token`,
      [id, worker.id, visit.token, dueMs],
    );
    const due = rows.length === 0 ? null : dueMs;
    await transaction.query(
      `update article_hosts set
         free_ms = case when owner = $2 and token = $3 then ${NOW_MS} else free_ms end,
         owner = case when owner = $2 and token = $3 then null else owner end,
         due_ms = least(due_ms, $4)
       where host = $1`,
      [visit.host, worker.id, visit.hostToken, due],
    );
  });
}

/** The soonest moment at which there could be something to claim; null: never, as it stands. */
export async function nextDueMs(queries: Queries): Promise<number | null> {
  const rows = await queries.query(
    `select ${OPEN} as due from article_hosts h where h.due_ms is not null
     order by ${OPEN} limit 1`,
  );
  return rowsOf(z.object({ due: ms }), rows)[0]?.due ?? null;
}
