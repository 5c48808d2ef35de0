import type { z } from 'zod';
import type { Article, ArticleFilter, WholeArticle } from '../../registry/articles.ts';
import { isoOf, isoOrNull, readMoment } from '../http/moment.ts';
import { page } from '../http/page.ts';
import { invalidParameter } from '../http/parameter.ts';
import type { ArrayPage } from '../rows/parts.ts';
import type { ArticleDesk } from './desk.ts';
import { shownJob } from './job-views.ts';
import type { articlesQuery } from './schemas.ts';

type Query = z.output<typeof articlesQuery>;
export type ArticlesAsked = Omit<ArticleFilter, 'limit'>;
type Lister = Pick<ArticleDesk, 'list'>;

/** Articles of one query: their summaries may be long. */
const PART = 200;

/** An article as it is told. */
export function shownArticle(article: Article) {
  const { id, feed, feedName, guid, url, pageUrl, title, summary, authors, categories } = article;
  const { symbols, language, revision, bodyState, rules } = article;
  return {
    ...{ id, feed, feedName, guid, url, pageUrl, title, summary, authors, categories },
    ...{ symbols, language },
    published: isoOrNull(article.publishedMs),
    updated: isoOrNull(article.updatedMs),
    seen: isoOf(article.seenMs),
    changed: isoOf(article.changedMs),
    ...{ revision, bodyState, rules },
  };
}

export function shownWhole(article: WholeArticle) {
  const { content, body, job } = article;
  return { ...shownArticle(article), content, body, job: job && shownJob(job) };
}

/** What is asked for. @throws TidemarkError `invalid` naming the parameter */
export function readAsked(query: Query, nowMs: number): ArticlesAsked {
  const { feed, rule, matched, symbol, text, start, stop, cursor } = query;
  const fromMs = momentOf('start', start, nowMs);
  const toMs = momentOf('stop', stop, nowMs);
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) {
    throw invalidParameter('start', 'it is not before stop');
  }
  return {
    ...{ feed, rule, symbol, text, fromMs, toMs },
    matched: matched === undefined ? undefined : matched === 'true',
    before: cursor === undefined ? undefined : placeOf(cursor),
  };
}

/** Not before the epoch: PostgreSQL's times begin later than JavaScript's. */
function momentOf(name: string, text: string | undefined, nowMs: number): number | undefined {
  return text === undefined ? undefined : Math.max(0, readMoment(name, text, nowMs));
}

function placeOf(cursor: string): { readonly seenMs: number; readonly id: number } {
  const [seenMs, id] = cursor.split('_').map(Number);
  if (seenMs! <= MS_MAX) return { seenMs: seenMs!, id: id! };
  throw invalidParameter('cursor', 'expected the `next` of the page before');
}

/** What a JavaScript date reaches. */
const MS_MAX = 8.64e15;

function cursorOf({ seenMs, id }: Article): string {
  return `${seenMs}_${id}`;
}

/** One page. */
export async function readArticles(desk: Lister, asked: ArticlesAsked, limit: number) {
  const found = await desk.list({ ...asked, limit: limit + 1 });
  const { items, next } = page(found, limit, cursorOf);
  return { items: items.map(shownArticle), next };
}

/** A line each; without a limit all, of which no more than some are ever held. */
export async function streamArticles(
  desk: Lister,
  asked: ArticlesAsked,
  { limit, signal }: { readonly limit: number | undefined; readonly signal: AbortSignal },
): Promise<ArrayPage> {
  if (limit !== undefined) {
    const { items, next } = await readArticles(desk, asked, limit);
    return { next, pieces: piecesOf([linesOf(items)]) };
  }
  // Read before the answer begins: until then what goes wrong is still a clean answer.
  const first = await desk.list({ ...asked, limit: PART });
  return { next: null, pieces: allOf(desk, asked, first, signal) };
}

async function* piecesOf(texts: readonly string[]): AsyncGenerator<Buffer, void> {
  for (const text of texts) if (text !== '') yield Buffer.from(text);
}

async function* allOf(
  desk: Lister,
  asked: ArticlesAsked,
  first: readonly Article[],
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  for (let found = first; ; ) {
    signal.throwIfAborted();
    yield* piecesOf([linesOf(found.map(shownArticle))]);
    const last = found.at(-1);
    if (last === undefined || found.length < PART) return;
    found = await desk.list({ ...asked, before: last, limit: PART });
  }
}

function linesOf(items: readonly object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}
