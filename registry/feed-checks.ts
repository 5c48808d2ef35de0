import { z } from 'zod';
import { type ArticleNews, type ToldNews, tellNews } from './article-events.ts';
import { type ArticleWorker, dueAtHosts, isHost } from './article-hosts.ts';
import { excerptOf, JOBS_CHANNEL } from './article-jobs.ts';
import { type FoundMatch, recordMatches } from './article-matches.ts';
import { type Database, type Queries, rowsOf, type Transaction } from './database.ts';
import { type FeedPolicy, type FeedState, feedSettings } from './feeds.ts';
import { slices } from './slices.ts';
import { jsonOf, msColumn, NOW_MS, textOf, timeOf } from './sql-values.ts';

/** An older content than these many is forgotten: coming back, it is an update. */
const HASHES_KEPT = 8;

export interface KnownArticle {
  readonly id: number;
  /** The newest first. */
  readonly hashes: readonly string[];
}

/** Those of a feed that are there already, by key. */
export async function knownArticles(
  queries: Queries,
  feed: number,
  keys: readonly string[],
): Promise<ReadonlyMap<string, KnownArticle>> {
  const rows = await queries.query(
    'select key, id, hashes from articles where feed = $1 and key = any($2::text[])',
    [feed, keys],
  );
  const known = rowsOf(
    z.object({ key: z.string(), id: z.int(), hashes: z.array(z.string()) }),
    rows,
  );
  return new Map(known.map(({ key, id, hashes }) => [key, { id, hashes }]));
}

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
  return database.transaction(async (transaction) => {
    const held = await holdFeed(transaction, worker, check);
    if (held === undefined) return { saved: false, articles: [], pointsIds: [], points: [] };
    await dueAtHosts(transaction, [
      { host: check.host, dueMs: check.dueMs },
      ...check.articles.flatMap(({ job }) =>
        job !== null && isHost(job.host) ? [{ host: job.host, dueMs: held.nowMs }] : [],
      ),
    ]);
    const { articles, news } = await saveArticles(transaction, check, held);
    const made = articles.filter(({ event }) => event === 'new').length;
    await saveState(transaction, check, made);
    const told = await tellNews(transaction, news);
    return { saved: true, articles: withTimes(articles, told), ...told };
  });
}

const heldFeed = z.object({ store: feedSettings.shape.store, nowMs: z.number() });
type Held = z.infer<typeof heldFeed>;

/** Locks the feed; undefined when it is not the worker's any more. */
async function holdFeed(
  transaction: Transaction,
  worker: ArticleWorker,
  { feed, token }: FeedCheck,
): Promise<Held | undefined> {
  const rows = await transaction.query(
    `select f.settings ->> 'store' as store, ${NOW_MS} as "nowMs"
     from feed_state s join feeds f on f.id = s.feed
     where s.feed = $1 and s.owner = $2 and s.token = $3 for update of s`,
    [feed, worker.id, token],
  );
  return rowsOf(heldFeed, rows)[0];
}

async function saveState(transaction: Transaction, check: FeedCheck, made: number): Promise<void> {
  const text = (value: string | null) => (value === null ? null : textOf(value));
  await transaction.query(
    `update feed_state set owner = null, asked = false, due_ms = $2, state = $3, policy = $4,
       fetch_url = $5, host = $6, etag = $7, last_modified = $8, body_hash = $9, failures = $10,
       reason = $11, message = $12, status = $13, interval_ms = $14, why = $15, pace = $16::jsonb,
       checked_ms = ${NOW_MS}, changed_ms = case when $17 then ${NOW_MS} else changed_ms end,
       checks = checks + 1, unchanged = unchanged + (not $17 and $10::int = 0)::int,
       title = case when $22::int is null then title else $18 end,
       link = case when $22::int is null then link else $19 end,
       format = case when $22::int is null then format else $20 end,
       language = case when $22::int is null then language else $21 end,
       items = coalesce($22, items),
       damage = case when $22::int is null then damage else $23::text[] end,
       articles = articles + $24::int
     where feed = $1`,
    [
      ...[check.feed, Math.ceil(check.dueMs), check.state, check.policy, check.fetchUrl],
      ...[check.host, text(check.etag), text(check.lastModified), text(check.bodyHash)],
      ...[check.failures, text(check.reason), text(check.message), check.status],
      ...[Math.ceil(check.intervalMs), text(check.why), jsonOf(check.pace ?? {}), check.changed],
      ...[text(check.title), text(check.link), text(check.format), text(check.language)],
      ...[check.items, check.damage.map(textOf), made],
    ],
  );
}

/** Beyond these years a time is not one, and PostgreSQL may not hold it. */
const TIME_MAX_MS = Date.UTC(9999, 11, 31);
const TIME_MIN_MS = Date.UTC(1000, 0, 1);

function sane(timeMs: number | null): number | null {
  return timeMs !== null && timeMs >= TIME_MIN_MS && timeMs <= TIME_MAX_MS ? timeMs : null;
}

const savedArticle = z.object({
  id: z.int(),
  key: z.string(),
  event: z.enum(['new', 'updated']),
  seenMs: z.number(),
});

type Saved = z.infer<typeof savedArticle> & {
  readonly found: FoundArticle;
  readonly before: readonly string[];
};

/** Each article once by key: made, or updated when its content is none that it had lately. */
async function saveArticles(
  transaction: Transaction,
  check: FeedCheck,
  held: Held,
): Promise<{ readonly articles: readonly Saved[]; readonly news: readonly ArticleNews[] }> {
  const articles: Saved[] = [];
  const news: ArticleNews[] = [];
  for (const some of slices(inOrder(check.articles))) {
    const { feed, initial } = check;
    const saved = await saveSome(transaction, { feed, initial, some, ...held });
    articles.push(...saved);
    news.push(...(await newsOf(transaction, check, saved)));
  }
  return { articles, news };
}

/** The oldest first: by date, without one as feeds have them, the newest on top. */
function inOrder(articles: readonly FoundArticle[]): [key: string, one: FoundArticle][] {
  const found = new Map(articles.toReversed().map((one) => [textOf(one.key), one]));
  const timeOfOne = ([, { publishedMs }]: [string, FoundArticle]): number =>
    sane(publishedMs) ?? Number.MAX_SAFE_INTEGER;
  return [...found].sort((one, other) => timeOfOne(one) - timeOfOne(other));
}

interface SomeArticles extends Pick<FeedCheck, 'feed' | 'initial'> {
  readonly some: readonly [string, FoundArticle][];
}

async function saveSome(
  transaction: Transaction,
  { feed, initial, some, store }: SomeArticles & Held,
): Promise<readonly Saved[]> {
  const before = await knownSymbols(
    transaction,
    feed,
    some.map(([key]) => key),
  );
  const whole = store === 'full';
  const given = some.map(([key, one], nr) => ({
    ...{ nr, key, hash: one.contentHash, guid: one.guid, url: one.url, title: one.title },
    summary: whole ? one.summary : excerptOf(one.summary),
    ...{ content: whole ? one.content : null, authors: one.authors, categories: one.categories },
    ...{ symbols: one.symbols, language: one.language },
    ...{ published: sane(one.publishedMs), updated: sane(one.updatedMs) },
    bodyState: wantedJob(one) ? 'queued' : one.bodyState === 'feed' ? 'feed' : 'none',
  }));
  const rows = await transaction.query(UPSERT, [feed, jsonOf(given), initial]);
  const found = new Map(some);
  const saved = rowsOf(savedArticle, rows).map((row) => ({
    ...row,
    found: found.get(row.key)!,
    before: before.get(row.key) ?? [],
  }));
  await queueJobs(transaction, feed, saved);
  return saved;
}

function wantedJob({ job }: FoundArticle): boolean {
  return job !== null && isHost(job.host);
}

const UPSERT = `
  insert into articles as a (feed, key, hashes, guid, url, title, summary, content, authors,
    categories, symbols, language, published, updated, body_state, initial)
  select $1, key, array[hash], guid, url, title, summary, content, authors, categories, symbols,
    language, ${timeOf('published')}, ${timeOf('updated')}, "bodyState", $3
  from jsonb_to_recordset($2::jsonb) as g (nr int, key text, hash text, guid text, url text,
    title text, summary text, content text, authors text[], categories text[], symbols text[],
    language text, published float8, updated float8, "bodyState" text)
  order by nr
  on conflict (feed, key) do update set
    hashes = (excluded.hashes || a.hashes)[1:${HASHES_KEPT}], revision = a.revision + 1,
    guid = excluded.guid, url = excluded.url, title = excluded.title, summary = excluded.summary,
    content = case when a.body_state = 'page' then a.content else excluded.content end,
    authors = excluded.authors, categories = excluded.categories, symbols = excluded.symbols,
    language = coalesce(excluded.language, a.language),
    published = coalesce(excluded.published, a.published), updated = excluded.updated,
    changed = clock_timestamp(),
    body_state = case when a.body_state = 'none' and excluded.body_state = 'feed' then 'feed'
      else a.body_state end
    where not (excluded.hashes[1] = any (a.hashes))
  returning id, key, case when revision = 1 then 'new' else 'updated' end as event,
    ${msColumn('seen', 'seenMs')}`;

async function knownSymbols(
  queries: Queries,
  feed: number,
  keys: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await queries.query(
    'select key, symbols from articles where feed = $1 and key = any($2::text[])',
    [feed, keys],
  );
  const known = rowsOf(z.object({ key: z.string(), symbols: z.array(z.string()) }), rows);
  return new Map(known.map(({ key, symbols }) => [key, symbols]));
}

/** One job an article, ever: the page of an updated one is not asked for again. */
async function queueJobs(
  transaction: Transaction,
  feed: number,
  saved: readonly Saved[],
): Promise<void> {
  const wanted = saved.filter(({ found }) => wantedJob(found));
  if (wanted.length === 0) return;
  await transaction.query(
    `with made as (
       insert into article_jobs (article, feed, url, host, due_ms)
       select g.article, $1, g.url, g.host, ${NOW_MS}
       from unnest($2::bigint[], $3::text[], $4::text[])
         with ordinality as g (article, url, host, nr)
       -- The job of a page that was read, or given up, may be forgotten by now.
       join articles a on a.id = g.article and a.body_state not in ('page', 'failed') order by nr
       on conflict (article) do nothing returning article),
     waiting as (
       update articles a set body_state = 'queued' from made
       where a.id = made.article and a.body_state <> 'queued')
     select pg_notify($5, '') from made limit 1`,
    [
      feed,
      wanted.map(({ id }) => id),
      wanted.map(({ found }) => textOf(found.job!.url)),
      wanted.map(({ found }) => found.job!.host),
      JOBS_CHANNEL,
    ],
  );
}

async function newsOf(
  transaction: Transaction,
  check: FeedCheck,
  saved: readonly Saved[],
): Promise<readonly ArticleNews[]> {
  const matches = saved.flatMap(({ id, found }) =>
    found.matches.map((match) => ({ ...match, article: id })),
  );
  const fresh = new Map<number, number[]>();
  for (const { article, rule } of await recordMatches(transaction, matches)) {
    fresh.set(article, [...(fresh.get(article) ?? []), rule]);
  }
  return saved.map(({ id, event, found, before, seenMs }) => {
    const { title, url, symbols } = found;
    const publishedMs = sane(found.publishedMs);
    const late = event === 'new' && !check.initial && publishedMs !== null;
    return {
      ...{ article: id, feed: check.feed, title, url, publishedMs, symbols, event },
      mentions: symbols.filter((symbol) => !before.includes(symbol)),
      rules: found.matches.map(({ rule }) => rule),
      matched: fresh.get(id) ?? [],
      lagMs: late ? seenMs - publishedMs : null,
      initial: check.initial,
    };
  });
}

/** Each article with the time of its own point, which is the first of its points. */
function withTimes(saved: readonly Saved[], { points }: ToldNews): SavedArticle[] {
  const times = new Map<number, bigint>();
  for (const { article, ns } of points) if (!times.has(article)) times.set(article, ns);
  return saved.map(({ id, key, event }) => ({ id, key, event, ns: times.get(id)! }));
}
