import { z } from 'zod';
import { type Database, type Queries, rowsOf, type Transaction } from './database.ts';
import { slices } from './slices.ts';
import { NOW_MS, timeOf } from './sql-values.ts';

/**
 * What is old goes, some at a time: each function deletes no more than `limit` rows and says how
 * many there were. Rows that others hold are left for the next time, so that nobody waits.
 */
export interface JobsKept {
  /** Of jobs that are done, since their end. */
  readonly doneMs: number;
  /** Of those that are dead. */
  readonly deadMs: number;
}

/**
 * Jobs that ended long ago. One that was cancelled stays as long as its article, or the page would
 * be asked for after all when the article changes.
 */
export async function forgetJobs(
  queries: Queries,
  { doneMs, deadMs }: JobsKept,
  limit: number,
): Promise<number> {
  const rows = await queries.query(
    `delete from article_jobs where id in (
       select id from article_jobs
       where ended < now() - least($1::float8, $2::float8) * interval '1 ms'
         and (state = 'done' and ended < now() - $1::float8 * interval '1 ms'
           or state = 'dead' and ended < now() - $2::float8 * interval '1 ms')
       order by ended limit $3 for update skip locked)
     returning id`,
    [doneMs, deadMs, limit],
  );
  return rows.length;
}

/** A place in the articles by the time at which they were seen. */
export interface ArticlePlace {
  readonly seenMs: number;
  readonly id: number;
}

export interface ForgottenArticles {
  readonly articles: number;
  /** Where to go on; null: all that are old enough were looked at. */
  readonly next: ArticlePlace | null;
}

/**
 * For so long an article may be missing in its feed and still be kept: a body may have been cut.
 * Longer than the time between two marks.
 */
const MISSING = "interval '3 days'";

const candidate = z.object({ id: z.int(), seenMs: z.number(), over: z.boolean() });

/**
 * Articles that were seen long ago and that their feed does not have any more. Those that it has
 * stay: they would come again as new. So do those whose page is still to be fetched.
 */
export async function forgetArticles(
  database: Database,
  { keptMs, after, limit }: { keptMs: number; after: ArticlePlace | null; limit: number },
): Promise<ForgottenArticles> {
  return database.transaction(async (transaction) => {
    const rows = await transaction.query(
      `select a.id, (extract(epoch from a.seen) * 1000)::float8 as "seenMs",
         a.listed < s.listed - ${MISSING} as over
       from articles a join feed_state s on s.feed = a.feed
       where a.seen < now() - $1::float8 * interval '1 ms'
         and (a.seen, a.id) > (coalesce(${timeOf('$2')}, '-infinity'), coalesce($3::bigint, 0))
       order by a.seen, a.id limit $4`,
      [keptMs, after?.seenMs ?? null, after?.id ?? null, limit],
    );
    const found = rowsOf(candidate, rows);
    const ids = found.filter(({ over }) => over).map(({ id }) => id);
    const articles = ids.length === 0 ? 0 : await deleteArticles(transaction, ids);
    const last = found.length < limit ? undefined : found.at(-1);
    return { articles, next: last === undefined ? null : { seenMs: last.seenMs, id: last.id } };
  });
}

/**
 * Their jobs are locked first, as whoever saves one does, and a job that somebody has just begun
 * anew keeps its article: it is seen as it is once the rows are locked.
 */
async function deleteArticles(transaction: Transaction, ids: readonly number[]): Promise<number> {
  const locked = await transaction.query(
    'select id from article_jobs where article = any($1::bigint[]) for update skip locked',
    [ids],
  );
  const jobs = rowsOf(z.object({ id: z.int() }), locked).map(({ id }) => id);
  const kept = await transaction.query(
    'select id from articles where id = any($1::bigint[]) for update skip locked',
    [ids],
  );
  const free = rowsOf(z.object({ id: z.int() }), kept).map(({ id }) => id);
  const gone = await transaction.query(
    `delete from articles a where a.id = any($1::bigint[]) and not exists (
       select from article_jobs j where j.article = a.id
         and (j.state in ('queued', 'failed', 'leased') or j.id <> all($2::bigint[])))
     returning a.id`,
    [free, jobs],
  );
  return gone.length;
}

/** Hosts that nothing was asked of for a day, and of which nothing is due. */
export async function forgetHosts(queries: Queries, limit: number): Promise<number> {
  const rows = await queries.query(
    `delete from article_hosts where host in (
       select host from article_hosts
       where due_ms is null and owner is null
         and greatest(free_ms, hop_ms) < ${NOW_MS} - 86400000
       limit $1 for update skip locked)
     returning host`,
    [limit],
  );
  return rows.length;
}

/** How often is noted what a feed has. */
const MARKED = "interval '1 day'";

/**
 * Notes what the body of a feed has, about once a day: by that `forgetArticles` knows what it has
 * no more.
 */
export async function markListed(
  queries: Queries,
  feed: number,
  keys: readonly string[],
): Promise<void> {
  const due = await queries.query(
    `update feed_state set listed = now() where feed = $1 and listed < now() - ${MARKED}
     returning feed`,
    [feed],
  );
  if (due.length === 0) return;
  for (const some of slices(keys)) {
    await queries.query(
      'update articles set listed = now() where feed = $1 and key = any($2::text[])',
      [feed, some],
    );
  }
}
