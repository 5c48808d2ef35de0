import { z } from 'zod';
import { type ToldNews, tellNews } from './article-events.ts';
import { type ArticleWorker, dueAtHosts } from './article-hosts.ts';
import { type FoundMatch, recordMatches } from './article-matches.ts';
import { type Database, type Queries, rowsOf, type Transaction } from './database.ts';
import { byNumber, type ListOrder } from './list-order.ts';
import { msColumn, NOW_MS, textOf } from './sql-values.ts';
import type { PageVisit } from './visits.ts';

export const JOB_STATES = ['queued', 'leased', 'done', 'failed', 'dead', 'cancelled'] as const;
/** `failed`: to be tried again; `dead`: not any more. */
export type JobState = (typeof JOB_STATES)[number];

const ms = z.number();

/** As it is read with its article and host. */
export const articleJob = z.object({
  id: z.int(),
  article: z.int(),
  feed: z.int(),
  url: z.string(),
  host: z.string(),
  state: z.enum(JOB_STATES),
  attempts: z.int(),
  dueMs: ms,
  /** How long it is its owner's; null: it is nobody's. */
  untilMs: ms.nullable(),
  owner: z.string().nullable(),
  reason: z.string().nullable(),
  message: z.string().nullable(),
  status: z.int().nullable(),
  createdMs: ms,
  endedMs: ms.nullable(),
  title: z.string(),
  /** What it waits for, for people; null: for nothing, or it is over. */
  waits: z.string().nullable(),
});

/** The page of an article that is to be fetched, or was. */
export type Job = z.infer<typeof articleJob>;

/** Notified when there are new jobs. */
export const JOBS_CHANNEL = 'tidemark_jobs';

/** Selects jobs `j`. */
export const SELECT_JOBS = `select j.id, j.article, j.feed, j.url, j.host, j.state, j.attempts,
    j.due_ms as "dueMs", case when j.state = 'leased' then j.due_ms end as "untilMs",
    case when j.state = 'leased' then j.owner end as owner, j.reason, j.message, j.status,
    ${msColumn('j.created', 'createdMs')}, ${msColumn('j.ended', 'endedMs')}, a.title,
    case
      when j.state not in ('queued', 'failed') then null
      when j.due_ms > ${NOW_MS} then case when j.attempts = 0 then 'host budget' else 'retry' end
      when h.free_ms > ${NOW_MS} then coalesce('host paused: ' || h.why, 'host budget')
    end as waits
  from article_jobs j join articles a on a.id = j.article
  left join article_hosts h on h.host = j.host`;

export interface JobFilter {
  readonly order?: ListOrder | undefined;
  /** The last id of the page before; default: from the begin. */
  readonly after?: number | undefined;
  readonly limit: number;
  readonly state?: JobState | undefined;
  readonly host?: string | undefined;
  readonly feed?: number | undefined;
}

/** By id. */
export async function listJobs(queries: Queries, filter: JobFilter): Promise<Job[]> {
  const { limit, state, host, feed } = filter;
  const { beyond, way, from } = byNumber('j.id', filter);
  const rows = await queries.query(
    `${SELECT_JOBS} where ${beyond} and ($3::text is null or j.state = $3)
       and ($4::text is null or j.host = $4) and ($5::bigint is null or j.feed = $5)
     ${way} limit $2`,
    [from, limit, state ?? null, host ?? null, feed ?? null],
  );
  return rowsOf(articleJob, rows);
}

export async function findJob(queries: Queries, id: number): Promise<Job | undefined> {
  const rows = await queries.query(`${SELECT_JOBS} where j.id = $1`, [id]);
  return rowsOf(articleJob, rows)[0];
}

/** How many there are in each state. */
export async function jobCounts(queries: Queries): Promise<Readonly<Record<JobState, number>>> {
  const rows = await queries.query(
    'select state, count(*) as count from article_jobs group by state',
  );
  const counted = rowsOf(z.object({ state: z.enum(JOB_STATES), count: z.int() }), rows);
  const counts = { queued: 0, leased: 0, done: 0, failed: 0, dead: 0, cancelled: 0 };
  for (const { state, count } of counted) counts[state] = count;
  return counts;
}

/** What was done with a job; `changed`: false when its state does not allow it. */
export interface JobChanged {
  readonly job: Job;
  readonly changed: boolean;
}

/** One that failed, is dead or was cancelled is due now, as new. Undefined: there is none. */
export async function retryJob(database: Database, id: number): Promise<JobChanged | undefined> {
  return database.transaction(async (transaction) => {
    const rows = await transaction.query(
      `update article_jobs set state = 'queued', attempts = 0, due_ms = ${NOW_MS}, ended = null
       where id = $1 and state in ('failed', 'dead', 'cancelled')
       returning article, host, due_ms as "dueMs"`,
      [id],
    );
    const retried = rowsOf(z.object({ article: z.int(), host: z.string(), dueMs: ms }), rows);
    await dueAtHosts(transaction, retried);
    await waitForPages(
      transaction,
      retried.map(({ article }) => article),
    );
    await transaction.query('select pg_notify($1, $2)', [JOBS_CHANNEL, String(id)]);
    return changedJob(transaction, id, retried.length > 0);
  });
}

/** One that is not over is never fetched, also when it is under way. Undefined: there is none. */
export async function cancelJob(database: Database, id: number): Promise<JobChanged | undefined> {
  return database.transaction(async (transaction) => {
    const cancelled = await cancelJobs(transaction, 'id', id);
    return changedJob(transaction, id, cancelled > 0);
  });
}

/** All jobs of a feed that are not over. In a transaction, after the rows of the feed. */
export async function cancelJobsOf(queries: Queries, feed: number): Promise<void> {
  await cancelJobs(queries, 'feed', feed);
}

async function cancelJobs(queries: Queries, column: 'id' | 'feed', id: number): Promise<number> {
  const rows = await queries.query(
    `update article_jobs set state = 'cancelled', owner = null, token = token + 1,
       ended = clock_timestamp()
     where ${column} = $1 and state in ('queued', 'failed', 'leased') returning article`,
    [id],
  );
  const articles = rowsOf(z.object({ article: z.int() }), rows).map(({ article }) => article);
  await queries.query(
    `update articles set body_state = case when content is null then 'none' else 'feed' end
     where id = any($1::bigint[]) and body_state = 'queued'`,
    [articles],
  );
  return articles.length;
}

async function waitForPages(queries: Queries, articles: readonly number[]): Promise<void> {
  await queries.query(
    `update articles set body_state = 'queued'
     where id = any($1::bigint[]) and body_state <> 'page'`,
    [articles],
  );
}

async function changedJob(
  queries: Queries,
  id: number,
  changed: boolean,
): Promise<JobChanged | undefined> {
  const job = await findJob(queries, id);
  return job && { job, changed };
}

/** How the fetching of a page ended. */
export type PageResult =
  | {
      readonly ok: true;
      /** Of the answer. */
      readonly status: number;
      /** Where it was in the end. */
      readonly url: string;
      readonly title?: string | undefined;
      /** Markup made harmless. */
      readonly content: string;
      /** Plain text. */
      readonly body: string;
      readonly excerpt: string;
      readonly language: string | null;
      readonly symbols: readonly string[];
      readonly matches: readonly FoundMatch[];
    }
  | {
      readonly ok: false;
      readonly reason: string;
      readonly message: string;
      readonly status: number | null;
      /** When to try again; null: never. */
      readonly again: { readonly dueMs: number } | null;
      /** It was not really tried: it does not count as an attempt. */
      readonly keepAttempt?: boolean | undefined;
    };

export interface SavedJob extends ToldNews {
  /** False: the job was not the worker's any more, nothing was changed. */
  readonly saved: boolean;
}

/** Saves how a job ended, with all that follows from it, or nothing. */
export async function saveJob(
  database: Database,
  worker: ArticleWorker,
  visit: PageVisit,
  result: PageResult,
): Promise<SavedJob> {
  return database.transaction(async (transaction) => {
    const saved = await endJob(transaction, worker, visit, result);
    if (!saved) return { saved, pointsIds: [], points: [] };
    if (!result.ok) return { saved, ...(await saveFailure(transaction, visit, result)) };
    return { saved, ...(await savePage(transaction, visit, result)) };
  });
}

/** Fenced: false when somebody else has it, or nobody wants it any more. */
async function endJob(
  transaction: Transaction,
  worker: ArticleWorker,
  visit: PageVisit,
  result: PageResult,
): Promise<boolean> {
  const again = result.ok ? null : result.again;
  const kept = !result.ok && result.keepAttempt === true && again !== null;
  const attempts = Math.max(0, visit.attempts - (kept ? 1 : 0));
  const ended = result.ok ? 'done' : 'dead';
  const state = again === null ? ended : attempts === 0 ? 'queued' : 'failed';
  const rows = await transaction.query(
    `update article_jobs set state = $4, owner = null, attempts = $5,
       due_ms = coalesce($6, due_ms), reason = $7, message = $8, status = $9,
       ended = case when $6::bigint is null then clock_timestamp() end
     where id = $1 and owner = $2 and token = $3 and state = 'leased' returning id`,
    [
      ...[visit.job, worker.id, visit.token, state, attempts],
      again === null ? null : Math.ceil(again.dueMs),
      result.ok ? null : textOf(result.reason),
      result.ok ? null : textOf(result.message),
      result.status,
    ],
  );
  return rows.length > 0;
}

async function saveFailure(
  transaction: Transaction,
  visit: PageVisit,
  result: Extract<PageResult, { ok: false }>,
): Promise<ToldNews> {
  if (result.again !== null) {
    await dueAtHosts(transaction, [{ host: visit.host, dueMs: result.again.dueMs }]);
  } else {
    await transaction.query(
      "update articles set body_state = 'failed' where id = $1 and body_state = 'queued'",
      [visit.article],
    );
  }
  return { pointsIds: [], points: [] };
}

/** Characters of the text that stay of an article that is not to be kept whole. */
const EXCERPT_LENGTH = 300;

export function excerptOf(text: string): string {
  return [...text.slice(0, 2 * EXCERPT_LENGTH)].slice(0, EXCERPT_LENGTH).join('');
}

const readArticle = z.object({
  title: z.string(),
  url: z.string().nullable(),
  symbols: z.array(z.string()),
  publishedMs: ms.nullable(),
  initial: z.boolean(),
  lagMs: ms.nullable(),
});

async function savePage(
  transaction: Transaction,
  visit: PageVisit,
  page: Extract<PageResult, { ok: true }>,
): Promise<ToldNews> {
  const excerpt = visit.settings.store === 'excerpt';
  const rows = await transaction.query(
    `update articles set body_state = 'page', page_url = $2,
       title = case when title = '' then $3 else title end,
       summary = case when summary = '' then $4 when $5 then left(summary, ${EXCERPT_LENGTH})
         else summary end,
       content = case when not $5 then $6 end, body = case when not $5 then $7 end,
       language = coalesce(language, $8),
       symbols = array(select distinct s from unnest(symbols || $9::text[]) as s order by s)
     where id = $1
     returning title, url, symbols, ${msColumn('published', 'publishedMs')}, initial,
       case when not initial
         then (extract(epoch from seen - published) * 1000)::float8 end as "lagMs"`,
    [
      ...[visit.article, textOf(page.url), textOf(page.title ?? '')],
      ...[excerptOf(textOf(page.excerpt)), excerpt, textOf(page.content), textOf(page.body)],
      page.language === null ? null : textOf(page.language),
      page.symbols.map(textOf),
    ],
  );
  const { title, url, symbols, publishedMs, initial, lagMs } = rowsOf(readArticle, rows)[0]!;
  const { article, feed } = visit;
  const matches = page.matches.map((match) => ({ ...match, article }));
  const fresh = (await recordMatches(transaction, matches)).map(({ rule }) => rule);
  const mentions = page.symbols.filter((symbol) => !visit.symbols.includes(symbol));
  const about = { article, feed, title, url, publishedMs, symbols, mentions, lagMs };
  const rules = [...visit.matched, ...fresh];
  return tellNews(transaction, [{ ...about, rules, matched: fresh, initial }]);
}
