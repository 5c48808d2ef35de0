import { z } from 'zod';
import type { ArticleNews } from './article-events.ts';
import { isHost } from './article-hosts.ts';
import { excerptOf, JOBS_CHANNEL } from './article-jobs.ts';
import { recordMatches } from './article-matches.ts';
import { type Queries, rowsOf, type Transaction } from './database.ts';
import type { FeedCheck, FoundArticle } from './feed-checks.ts';
import type { FeedSettings } from './feeds.ts';
import { weighedSlices } from './slices.ts';
import { jsonOf, msColumn, NOW_MS, textOf, timeOf } from './sql-values.ts';

/** An older content than these many is forgotten: coming back, it is an update. */
const HASHES_KEPT = 8;

/** A check whose feed is locked, and what is kept of its articles. */
export interface HeldCheck {
  readonly check: FeedCheck;
  readonly store: FeedSettings['store'];
}

const savedArticle = z.object({
  id: z.int(),
  feed: z.int(),
  key: z.string(),
  event: z.enum(['new', 'updated']),
  seenMs: z.number(),
});

type Saved = z.infer<typeof savedArticle> & {
  readonly wanted: Wanted;
  readonly before: readonly string[];
};

/** What was really new or updated, in the order of the checks, and what there is to tell of it. */
export interface SavedNews extends Pick<Saved, 'id' | 'key' | 'event'> {
  readonly check: FeedCheck;
  readonly news: ArticleNews;
}

/** An article that a check brings. */
interface Wanted {
  readonly held: HeldCheck;
  readonly key: string;
  readonly found: FoundArticle;
}

/**
 * Each article once by feed and key: made, or updated when its content is none that it had lately.
 * Those of many checks go together, in statements that hold up nobody for long.
 */
export async function saveArticles(
  transaction: Transaction,
  checks: readonly HeldCheck[],
): Promise<readonly SavedNews[]> {
  const news: SavedNews[] = [];
  for (const some of weighedSlices(checks.flatMap(inOrder), lengthOf, LENGTH_MAX)) {
    const saved = await saveSome(transaction, some);
    news.push(...(await newsOf(transaction, saved)));
  }
  return news;
}

/** Characters of one statement: writing and sending more would hold up everything else. */
const LENGTH_MAX = 200_000;

function lengthOf({ found }: Wanted): number {
  return found.title.length + found.summary.length + (found.content?.length ?? 0);
}

/** The oldest first: by date, without one as feeds have them, the newest on top. */
function inOrder(held: HeldCheck): Wanted[] {
  const found = new Map(held.check.articles.toReversed().map((one) => [textOf(one.key), one]));
  const timed = Array.from(found, ([key, one]) => {
    const timeMs = sane(one.publishedMs) ?? Number.MAX_SAFE_INTEGER;
    return { timeMs, wanted: { held, key, found: one } };
  });
  return timed.sort((one, other) => one.timeMs - other.timeMs).map(({ wanted }) => wanted);
}

/** Beyond these years a time is not one, and PostgreSQL may not hold it. */
const TIME_MAX_MS = Date.UTC(9999, 11, 31);
const TIME_MIN_MS = Date.UTC(1000, 0, 1);

function sane(timeMs: number | null): number | null {
  return timeMs !== null && timeMs >= TIME_MIN_MS && timeMs <= TIME_MAX_MS ? timeMs : null;
}

async function saveSome(
  transaction: Transaction,
  some: readonly Wanted[],
): Promise<readonly Saved[]> {
  const before = await knownSymbols(transaction, some);
  const rows = await transaction.query(UPSERT, [jsonOf(some.map(rowOf))]);
  const wanted = new Map(some.map((one) => [placeOf(one.held.check.feed, one.key), one]));
  const saved = rowsOf(savedArticle, rows).map((row) => {
    const place = placeOf(row.feed, row.key);
    return { ...row, wanted: wanted.get(place)!, before: before.get(place) ?? [] };
  });
  await queueJobs(transaction, saved);
  return saved;
}

function placeOf(feed: number, key: string): string {
  return `${feed} ${key}`;
}

function rowOf({ held: { check, store }, key, found: one }: Wanted, nr: number) {
  const { feed, initial } = check;
  const whole = store === 'full';
  return {
    ...{ nr, feed, initial, key, hash: one.contentHash, guid: one.guid, url: one.url },
    ...{ title: one.title, summary: whole ? one.summary : excerptOf(one.summary) },
    ...{ content: whole ? one.content : null, authors: one.authors, categories: one.categories },
    ...{ symbols: one.symbols, language: one.language },
    ...{ published: sane(one.publishedMs), updated: sane(one.updatedMs) },
    bodyState: wantsPage(one) ? 'queued' : one.bodyState === 'feed' ? 'feed' : 'none',
  };
}

function wantsPage({ job }: FoundArticle): boolean {
  return job !== null && isHost(job.host);
}

const UPSERT = `
  insert into articles as a (feed, key, hashes, guid, url, title, summary, content, authors,
    categories, symbols, language, published, updated, body_state, initial)
  select feed, key, array[hash], guid, url, title, summary, content, authors, categories, symbols,
    language, ${timeOf('published')}, ${timeOf('updated')}, "bodyState", initial
  from json_to_recordset($1::json) as g (nr int, feed bigint, key text, hash text, guid text,
    url text, title text, summary text, content text, authors text[], categories text[],
    symbols text[], language text, published float8, updated float8, "bodyState" text,
    initial boolean)
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
  returning id, feed, key, case when revision = 1 then 'new' else 'updated' end as event,
    ${msColumn('seen', 'seenMs')}`;

const knownSymbol = z.object({ feed: z.int(), key: z.string(), symbols: z.array(z.string()) });

async function knownSymbols(
  queries: Queries,
  some: readonly Wanted[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await queries.query(
    `select a.feed, a.key, a.symbols from unnest($1::bigint[], $2::text[]) as g (feed, key)
     join articles a on a.feed = g.feed and a.key = g.key`,
    [some.map(({ held }) => held.check.feed), some.map(({ key }) => key)],
  );
  const known = rowsOf(knownSymbol, rows);
  return new Map(known.map(({ feed, key, symbols }) => [placeOf(feed, key), symbols]));
}

/** One job an article, ever: the page of an updated one is not asked for again. */
async function queueJobs(transaction: Transaction, saved: readonly Saved[]): Promise<void> {
  const wanted = saved.filter((one) => wantsPage(one.wanted.found));
  if (wanted.length === 0) return;
  await transaction.query(
    `with made as (
       insert into article_jobs (article, feed, url, host, due_ms)
       select g.article, g.feed, g.url, g.host, ${NOW_MS}
       from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])
         with ordinality as g (article, feed, url, host, nr)
       -- The job of a page that was read, or given up, may be forgotten by now.
       join articles a on a.id = g.article and a.body_state not in ('page', 'failed')
       -- A conflict would wait for whoever changes the job, and he for the hosts that are locked.
       where not exists (select from article_jobs j where j.article = g.article) order by nr
       on conflict (article) do nothing returning article),
     waiting as (
       update articles a set body_state = 'queued' from made
       where a.id = made.article and a.body_state <> 'queued')
     select pg_notify($5, '') from made limit 1`,
    [
      wanted.map(({ id }) => id),
      wanted.map(({ feed }) => feed),
      wanted.map((one) => textOf(one.wanted.found.job!.url)),
      wanted.map((one) => one.wanted.found.job!.host),
      JOBS_CHANNEL,
    ],
  );
}

async function newsOf(
  transaction: Transaction,
  saved: readonly Saved[],
): Promise<readonly SavedNews[]> {
  const matches = saved.flatMap(({ id, wanted }) =>
    wanted.found.matches.map((match) => ({ ...match, article: id })),
  );
  const fresh = new Map<number, number[]>();
  for (const { article, rule } of await recordMatches(transaction, matches)) {
    fresh.set(article, [...(fresh.get(article) ?? []), rule]);
  }
  return saved.map(({ id, key, event, wanted, before, seenMs }) => {
    const { check } = wanted.held;
    const { title, url, symbols, matches: own, publishedMs: said } = wanted.found;
    const publishedMs = sane(said);
    const late = event === 'new' && !check.initial && publishedMs !== null;
    const news: ArticleNews = {
      ...{ article: id, feed: check.feed, title, url, publishedMs, symbols, event },
      mentions: symbols.filter((symbol) => !before.includes(symbol)),
      rules: own.map(({ rule }) => rule),
      matched: fresh.get(id) ?? [],
      lagMs: late ? seenMs - publishedMs : null,
      initial: check.initial,
    };
    return { id, key, event, check, news };
  });
}
