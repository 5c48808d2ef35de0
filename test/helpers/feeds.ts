import { z } from 'zod';
import { releaseHost } from '../../registry/article-hosts.ts';
import { type Database, rowsOf } from '../../registry/database.ts';
import type { FeedCheck, FoundArticle } from '../../registry/feed-checks.ts';
import type { NewFeed } from '../../registry/feeds.ts';
import { claimVisits, type FeedVisit, type PageVisit, type Visit } from '../../registry/visits.ts';

/** A feed with everything at its default. */
export function newFeed(url: string, more: Partial<NewFeed> = {}): NewFeed {
  return {
    ...{ url, host: new URL(url).host, name: null, tags: {} },
    settings: {
      ...{ intervalMs: null, headers: {}, fetch: 'matched', store: 'full' },
      ...{ policy: null, bodyBytesMax: 1_048_576 },
    },
    ...more,
  };
}

/** A worker whose lease is long enough for a test. */
export const worker = (id: string, leaseMs = 60_000) => ({ id, leaseMs });

/** A check that found nothing new. */
export function feedCheck(visit: FeedVisit, more: Partial<FeedCheck> = {}): FeedCheck {
  return {
    ...{ feed: visit.feed, token: visit.token, state: 'ok', policy: visit.policy },
    ...{ fetchUrl: visit.url, host: visit.host, etag: '"1"', lastModified: null },
    ...{ bodyHash: 'abc', failures: 0, reason: null, message: null, status: 200 },
    ...{ changed: false, intervalMs: 60_000, dueMs: visit.dueMs + 60_000, why: 'floor' },
    ...{ pace: {}, title: 'A feed', link: null, format: 'rss', language: 'en', items: 1 },
    ...{ damage: [], initial: false, articles: [] },
    ...more,
  };
}

/** An item of a feed, without a page to fetch. */
export function foundArticle(key: string, more: Partial<FoundArticle> = {}): FoundArticle {
  return {
    ...{ key, contentHash: `hash of ${key}`, guid: key, url: `http://a.example/${key}` },
    ...{ title: `Title of ${key}`, summary: `Summary of ${key}`, content: null },
    ...{ authors: [], categories: [], symbols: [], language: null, publishedMs: null },
    ...{ updatedMs: null, bodyState: 'none', job: null, matches: [] },
    ...more,
  };
}

/** The same with a page, at a host of its own unless it is said. */
export function withPage(key: string, host = 'pages.example', more: Partial<FoundArticle> = {}) {
  const job = { url: `http://${host}/${key}`, host };
  return foundArticle(key, { bodyState: 'queued', job, ...more });
}

/** What is claimed now, by a worker of its own unless it is said. */
export async function claimed(database: Database, id = 'me', limit = 1_000): Promise<Visit[]> {
  return [...(await claimVisits(database, worker(id), { limit })).visits];
}

export function feedsOf(visits: readonly Visit[]): FeedVisit[] {
  return visits.filter((visit) => visit.kind === 'feed');
}

export function pagesOf(visits: readonly Visit[]): PageVisit[] {
  return visits.filter((visit) => visit.kind === 'article');
}

/** The visit that is due, with its host given back at once. */
export async function nextVisit(database: Database, id = 'me'): Promise<Visit> {
  const [visit] = await claimed(database, id, 1);
  if (visit === undefined) throw new Error('nothing is due');
  await releaseHost(database, worker(id), visit, { spacingMs: 0 });
  return visit;
}

/** The feed that is due, with its host given back at once. */
export async function nextFeed(database: Database, id = 'me'): Promise<FeedVisit> {
  const visit = await nextVisit(database, id);
  if (visit.kind !== 'feed') throw new Error('a page is due');
  return visit;
}

/** The page that is due, with its host given back at once. */
export async function nextPage(database: Database, id = 'me'): Promise<PageVisit> {
  const visit = await nextVisit(database, id);
  if (visit.kind !== 'article') throw new Error('a feed is due');
  return visit;
}

/** As if everybody who holds something had died long ago. */
export async function lapseAll(database: Database): Promise<void> {
  await database.query('update article_hosts set free_ms = 0, due_ms = 0');
  await database.query('update feed_state set due_ms = 0 where owner is not null');
  await database.query("update article_jobs set due_ms = 0 where state = 'leased'");
}

/** As if this time had gone by at every host: what they wait for is so much nearer. */
export async function passTime(database: Database, byMs: number): Promise<void> {
  await database.query(
    'update article_hosts set free_ms = free_ms - $1, due_ms = due_ms - $1, hop_ms = hop_ms - $1',
    [byMs],
  );
  for (const table of ['feed_state', 'article_jobs']) {
    await database.query(`update ${table} set due_ms = due_ms - $1`, [byMs]);
  }
}

/** How many rows a table has. */
export async function countOf(database: Database, table: string): Promise<number> {
  const rows = await database.query(`select count(*) as count from ${table}`);
  return rowsOf(z.object({ count: z.int() }), rows)[0]!.count;
}
