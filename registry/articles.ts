import { z } from 'zod';
import { articleJob, SELECT_JOBS } from './article-jobs.ts';
import { type Database, type Queries, rowsOf } from './database.ts';
import { msColumn, textOf, timeOf } from './sql-values.ts';

const ms = z.number();

const article = z.object({
  id: z.int(),
  feed: z.int(),
  /** As its user calls it, or it calls itself. */
  feedName: z.string().nullable(),
  guid: z.string().nullable(),
  url: z.string().nullable(),
  /** Where its page was in the end. */
  pageUrl: z.string().nullable(),
  title: z.string(),
  /** Plain text. */
  summary: z.string(),
  authors: z.array(z.string()),
  categories: z.array(z.string()),
  /** Currencies that it speaks of. */
  symbols: z.array(z.string()),
  language: z.string().nullable(),
  /** As the publisher says; null: he does not. */
  publishedMs: ms.nullable(),
  updatedMs: ms.nullable(),
  seenMs: ms,
  changedMs: ms,
  /** 1, and one more with each update. */
  revision: z.int(),
  bodyState: z.enum(['none', 'queued', 'feed', 'page', 'failed']),
  /** What it is matched by, and which clauses matched where. */
  rules: z.array(z.object({ rule: z.int(), name: z.string(), clauses: z.array(z.unknown()) })),
});

/** A story of a feed. */
export type Article = z.infer<typeof article>;

const COLUMNS = `a.id, a.feed, coalesce(f.name, s.title) as "feedName", a.guid, a.url,
  a.page_url as "pageUrl", a.title, a.summary, a.authors, a.categories, a.symbols, a.language,
  ${msColumn('a.published', 'publishedMs')}, ${msColumn('a.updated', 'updatedMs')},
  ${msColumn('a.seen', 'seenMs')}, ${msColumn('a.changed', 'changedMs')}, a.revision,
  a.body_state as "bodyState",
  (select coalesce(jsonb_agg(jsonb_build_object('rule', m.rule, 'name', r.name,
      'clauses', m.clauses) order by m.rule), '[]')
    from article_rules m join rules r on r.id = m.rule where m.article = a.id) as rules`;

const FROM = 'from articles a join feeds f on f.id = a.feed join feed_state s on s.feed = a.feed';

export interface ArticleFilter {
  readonly limit: number;
  readonly feed?: number | undefined;
  readonly rule?: number | undefined;
  /** By any rule, or by none. */
  readonly matched?: boolean | undefined;
  readonly symbol?: string | undefined;
  /** Words, "phrases", `or`, `-without`, over title, summary and text of the page. */
  readonly text?: string | undefined;
  /** Seen from this time on. */
  readonly fromMs?: number | undefined;
  /** Seen before this time. */
  readonly toMs?: number | undefined;
  /** Older than this one: where the last page ended. */
  readonly before?: { readonly seenMs: number; readonly id: number } | undefined;
}

/** The newest first. What comes in meanwhile moves nothing from one page to another. */
export async function listArticles(queries: Queries, filter: ArticleFilter): Promise<Article[]> {
  const { limit, feed, rule, matched, symbol, text, fromMs, toMs, before } = filter;
  const rows = await queries.query(
    `select ${COLUMNS} ${FROM}
     where ($2::bigint is null or a.feed = $2)
       and ($3::bigint is null
         or exists (select from article_rules m where m.article = a.id and m.rule = $3))
       and ($4::boolean is null
         or exists (select from article_rules m where m.article = a.id) = $4)
       and ($5::text is null or a.symbols @> array[$5::text])
       and ($6::text is null or a.search @@ websearch_to_tsquery('simple', $6))
       and ($7::float8 is null or a.seen >= ${timeOf('$7')})
       and ($8::float8 is null or a.seen < ${timeOf('$8')})
       and ($9::float8 is null or (a.seen, a.id) < (${timeOf('$9')}, $10::bigint))
     order by a.seen desc, a.id desc limit $1`,
    [
      ...[limit, feed ?? null, rule ?? null, matched ?? null],
      ...[symbol === undefined ? null : textOf(symbol), text === undefined ? null : textOf(text)],
      ...[fromMs ?? null, toMs ?? null, before?.seenMs ?? null, before?.id ?? null],
    ],
  );
  return rowsOf(article, rows);
}

const texts = z.object({ content: z.string().nullable(), body: z.string().nullable() });
const whole = article.extend(texts.shape).extend({ job: articleJob.nullable() });

/** An article with markup and text, where they are kept, and the job of its page. */
export type WholeArticle = z.infer<typeof whole>;

export async function findArticle(queries: Queries, id: number): Promise<WholeArticle | undefined> {
  const rows = await queries.query(`select ${COLUMNS}, a.content, a.body ${FROM} where a.id = $1`, [
    id,
  ]);
  const found = rowsOf(article.extend(texts.shape), rows)[0];
  if (found === undefined) return undefined;
  const jobs = await queries.query(`${SELECT_JOBS} where j.article = $1`, [id]);
  return { ...found, job: rowsOf(articleJob, jobs)[0] ?? null };
}

const recent = texts.extend({
  id: z.int(),
  feed: z.int(),
  url: z.string().nullable(),
  title: z.string(),
  summary: z.string(),
  authors: z.array(z.string()),
  categories: z.array(z.string()),
  symbols: z.array(z.string()),
  bodyState: article.shape.bodyState,
  publishedMs: ms.nullable(),
  seenMs: ms,
});

/** What a rule looks at. */
export type RecentArticle = z.infer<typeof recent>;

/** The newest articles, of these feeds or all: to try a rule on. */
export async function recentArticles(
  queries: Queries,
  { limit, feeds }: { readonly limit: number; readonly feeds?: readonly number[] | undefined },
): Promise<RecentArticle[]> {
  const rows = await queries.query(
    `select a.id, a.feed, a.url, a.title, a.summary, a.content, a.body, a.authors, a.categories,
       a.symbols, a.body_state as "bodyState", ${msColumn('a.published', 'publishedMs')},
       ${msColumn('a.seen', 'seenMs')}
     from articles a where ($2::bigint[] is null or a.feed = any($2))
     order by a.seen desc, a.id desc limit $1`,
    [limit, feeds ?? null],
  );
  return rowsOf(recent, rows);
}

/** Tables that are written with every check. */
const BUSY_TABLES = ['feed_state', 'article_hosts', 'article_jobs', 'article_points', 'articles'];

/**
 * The embedded PostgreSQL has no autovacuum: the room of old rows is used again after this, and
 * the planner knows how many there are.
 */
export async function reclaimArticleRoom(database: Database): Promise<void> {
  if (database.kind !== 'pglite') return;
  for (const table of BUSY_TABLES) await database.query(`vacuum (analyze) ${table}`);
}
