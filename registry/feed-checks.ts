import { z } from 'zod';
import { type ToldNews, tellAllNews } from './article-events.ts';
import { type ArticleWorker, dueAtHosts, isHost } from './article-hosts.ts';
import type { FoundMatch } from './article-matches.ts';
import { type HeldCheck, type SavedNews, saveArticles } from './article-saves.ts';
import { type Database, type Queries, rowsOf, type Transaction } from './database.ts';
import { type FeedPolicy, type FeedState, feedSettings } from './feeds.ts';
import { jsonOf, NOW_MS } from './sql-values.ts';

export interface KnownArticle {
  readonly id: number;
  /** The newest first. */
  readonly hashes: readonly string[];
}

/** Articles of a feed, by their keys. */
export interface ArticleKeys {
  readonly feed: number;
  readonly keys: readonly string[];
}

/** Those that are there already, by key; of each feed that is asked about, in its order. */
export async function knownArticles(
  queries: Queries,
  asked: readonly ArticleKeys[],
): Promise<readonly ReadonlyMap<string, KnownArticle>[]> {
  const rows = await queries.query(
    `select g.nr, a.key, a.id, a.hashes
     from json_to_recordset($1::json) as g (nr int, feed bigint, keys json)
     cross join lateral json_array_elements_text(g.keys) as k (key)
     join articles a on a.feed = g.feed and a.key = k.key`,
    [jsonOf(asked.map(({ feed, keys }, nr) => ({ nr, feed, keys })))],
  );
  const found = asked.map(() => new Map<string, KnownArticle>());
  for (const { nr, key, id, hashes } of rowsOf(knownArticle, rows))
    found[nr]!.set(key, { id, hashes });
  return found;
}

const knownArticle = z.object({
  ...{ nr: z.int(), key: z.string(), id: z.int(), hashes: z.array(z.string()) },
});

/** An item of a feed that is new, or not what it was. */
export interface FoundArticle {
  readonly key: string;
  readonly contentHash: string;
  readonly guid: string | null;
  readonly url: string | null;
  readonly title: string;
  /** Plain text. */
  readonly summary: string;
  /** Markup made harmless. */
  readonly content: string | null;
  readonly authors: readonly string[];
  readonly categories: readonly string[];
  readonly symbols: readonly string[];
  readonly language: string | null;
  readonly publishedMs: number | null;
  readonly updatedMs: number | null;
  /** `feed`: its text is whole in the feed; `queued`: the page is wanted. */
  readonly bodyState: 'none' | 'queued' | 'feed';
  readonly job: { readonly url: string; readonly host: string } | null;
  readonly matches: readonly FoundMatch[];
}

/** How a check ended, and how its feed stands after it. */
export interface FeedCheck {
  readonly feed: number;
  readonly token: number;
  readonly state: FeedState;
  readonly policy: FeedPolicy;
  /** Where it is asked from now on. */
  readonly fetchUrl: string;
  readonly host: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly bodyHash: string | null;
  readonly failures: number;
  readonly reason: string | null;
  readonly message: string | null;
  readonly status: number | null;
  /** There was something new. */
  readonly changed: boolean;
  readonly intervalMs: number;
  readonly dueMs: number;
  readonly why: string | null;
  readonly pace: unknown;
  /** What it says of itself; `items` null: no body was read, what it said before stays. */
  readonly title: string | null;
  readonly link: string | null;
  readonly format: string | null;
  readonly language: string | null;
  readonly items: number | null;
  readonly damage: readonly string[];
  /** The first check that gave articles. */
  readonly initial: boolean;
  /** New and updated ones alone. */
  readonly articles: readonly FoundArticle[];
}

export interface SavedArticle {
  readonly id: number;
  readonly key: string;
  readonly event: 'new' | 'updated';
  /** Of its point. */
  readonly ns: bigint;
}

export interface SavedCheck extends ToldNews {
  /** False: the feed was not the worker's any more, nothing was changed. */
  readonly saved: boolean;
  /** What was really new or updated. */
  readonly articles: readonly SavedArticle[];
}

/** Saves a check with all that follows from it, in one transaction, or nothing. */
export async function saveFeedCheck(
  database: Database,
  worker: ArticleWorker,
  check: FeedCheck,
): Promise<SavedCheck> {
  return (await saveFeedChecks(database, worker, [check]))[0]!;
}

/**
 * The same of several feeds, each at most once, in one transaction: a commit is waited for once. In
 * the order of the checks; those whose feed is not the worker's any more change nothing.
 */
export async function saveFeedChecks(
  database: Database,
  worker: ArticleWorker,
  checks: readonly FeedCheck[],
): Promise<readonly SavedCheck[]> {
  return database.transaction(async (transaction) => {
    const held = await holdFeeds(transaction, worker, checks);
    if (held.length === 0) return checks.map(() => LOST);
    await dueAtHosts(transaction, held.flatMap(duesOf));
    const news = await saveArticles(transaction, held);
    await saveStates(transaction, held, news);
    const ofChecks = held.map(({ check }) => news.filter((one) => one.check === check));
    const told = await tellAllNews(
      transaction,
      ofChecks.map((some) => some.map((one) => one.news)),
    );
    return checks.map((check) => {
      const at = held.findIndex((one) => one.check === check);
      if (at === -1) return LOST;
      return { saved: true, articles: withTimes(ofChecks[at]!, told[at]!), ...told[at]! };
    });
  });
}

const LOST: SavedCheck = { saved: false, articles: [], pointsIds: [], points: [] };

const heldFeed = z.object({
  feed: z.int(),
  token: z.int(),
  store: feedSettings.shape.store,
  nowMs: z.number(),
});

type Held = HeldCheck & { readonly nowMs: number };

/** Locks the feeds, by number; those that are still the worker's. */
async function holdFeeds(
  transaction: Transaction,
  worker: ArticleWorker,
  checks: readonly FeedCheck[],
): Promise<readonly Held[]> {
  const rows = await transaction.query(
    `select s.feed, s.token, f.settings ->> 'store' as store, ${NOW_MS} as "nowMs"
     from unnest($1::bigint[], $2::bigint[]) as g (feed, token)
     join feed_state s on s.feed = g.feed and s.token = g.token join feeds f on f.id = s.feed
     where s.owner = $3 order by s.feed for update of s`,
    [checks.map(({ feed }) => feed), checks.map(({ token }) => token), worker.id],
  );
  const found = new Map(rowsOf(heldFeed, rows).map((row) => [row.feed, row]));
  return checks.flatMap((check) => {
    const row = found.get(check.feed);
    return row?.token !== check.token ? [] : [{ check, store: row.store, nowMs: row.nowMs }];
  });
}

function duesOf({ check, nowMs }: Held) {
  const pages = check.articles.flatMap(({ job }) =>
    job !== null && isHost(job.host) ? [{ host: job.host, dueMs: nowMs }] : [],
  );
  return [{ host: check.host, dueMs: check.dueMs }, ...pages];
}

const STATES = `
  update feed_state s set owner = null, asked = false, due_ms = g."dueMs", state = g.state,
    policy = g.policy, fetch_url = g."fetchUrl", host = g.host, etag = g.etag,
    last_modified = g."lastModified", body_hash = g."bodyHash", failures = g.failures,
    reason = g.reason, message = g.message, status = g.status, interval_ms = g."intervalMs",
    why = g.why, pace = g.pace, checked_ms = ${NOW_MS},
    changed_ms = case when g.changed then ${NOW_MS} else changed_ms end, checks = checks + 1,
    unchanged = unchanged + (not g.changed and g.failures = 0)::int,
    title = case when g.items is null then s.title else g.title end,
    link = case when g.items is null then s.link else g.link end,
    format = case when g.items is null then s.format else g.format end,
    language = case when g.items is null then s.language else g.language end,
    items = coalesce(g.items, s.items),
    damage = case when g.items is null then s.damage else g.damage end,
    articles = s.articles + g.made
  from jsonb_to_recordset($1::jsonb) as g (feed bigint, "dueMs" bigint, state text, policy text,
    "fetchUrl" text, host text, etag text, "lastModified" text, "bodyHash" text, failures int,
    reason text, message text, status int, "intervalMs" bigint, why text, pace jsonb,
    changed boolean, title text, link text, format text, language text, items int, damage text[],
    made int)
  where s.feed = g.feed`;

async function saveStates(
  transaction: Transaction,
  held: readonly Held[],
  news: readonly SavedNews[],
): Promise<void> {
  const given = held.map(({ check: { articles: _, ...check } }) => ({
    ...check,
    dueMs: Math.ceil(check.dueMs),
    intervalMs: Math.ceil(check.intervalMs),
    pace: check.pace ?? {},
    made: news.filter((one) => one.check.feed === check.feed && one.event === 'new').length,
  }));
  await transaction.query(STATES, [jsonOf(given)]);
}

/** Each article with the time of its own point, which is the first of its points. */
function withTimes(saved: readonly SavedNews[], { points }: ToldNews): SavedArticle[] {
  const times = new Map<number, bigint>();
  for (const { article, ns } of points) if (!times.has(article)) times.set(article, ns);
  return saved.map(({ id, key, event }) => ({ id, key, event, ns: times.get(id)! }));
}
