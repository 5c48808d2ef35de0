import type { PageResult } from '../../registry/article-jobs.ts';
import type { PageVisit } from '../../registry/visits.ts';
import { fetchHops, type HopTools } from './fetch-hops.ts';
import { PAGE_BYTES_MAX, type Page, type PageRefusal, type ReadPage } from './pages/page.ts';
import type { PageReader } from './pages/reader.ts';
import type { Failure, Reason } from './poll/reasons.ts';
import { isFinal, retryMs } from './poll/retries.ts';
import type { RuleBook } from './rule-book.ts';
import { recognise } from './rules/symbols.ts';

export interface PageTools extends HopTools {
  readonly random: () => number;
  readonly pages: PageReader;
  readonly rules: RuleBook;
}

export interface VisitedPage {
  readonly result: PageResult;
  readonly reason: Reason;
  readonly bodyBytes: number;
}

const ACCEPT = 'text/html, application/xhtml+xml;q=0.9, */*;q=0.1';

/**
 * Fetches the page of an article and reads it. Nothing that was meant for the feed (its headers,
 * its credentials) is sent: the page may be anybody's.
 * @throws HostBusy, VisitLost, and TidemarkErrors of the registry.
 */
export async function visitPage(visit: PageVisit, tools: PageTools): Promise<VisitedPage> {
  const errand = { url: visit.url, headers: { accept: ACCEPT }, bytesMax: PAGE_BYTES_MAX };
  const found = await fetchHops(errand, tools);
  if (!found.ok) return failedPage(visit, found, tools);
  const { status, headers, body, url } = found.answer;
  if (status === 304) {
    return failedPage(visit, { reason: 'status', message: 'HTTP 304', status }, tools);
  }
  const bodyBytes = body.length;
  const page: Page = { bytes: body, contentType: headers['content-type'], url };
  const read = await tools.pages.read(page, { signal: tools.signal });
  if (!read.ok) {
    const failure = { reason: BY_REFUSAL[read.reason], message: read.message, status };
    return { ...failedPage(visit, failure, tools), bodyBytes };
  }
  return { result: await resultOf(visit, { read, url }, tools), reason: 'ok', bodyBytes };
}

const BY_REFUSAL: Readonly<Record<PageRefusal, Reason>> = {
  empty: 'empty',
  'not-html': 'not-html',
  'too-large': 'too-large',
  'too-complex': 'too-complex',
  'no-article': 'no-article',
  timeout: 'slow',
  failed: 'internal',
};

async function resultOf(
  visit: PageVisit,
  { read, url }: { read: ReadPage; url: string },
  { rules }: PageTools,
): Promise<PageResult> {
  const { title, byline, html, text, excerpt, language } = read;
  const symbols = [...new Set([...visit.symbols, ...recognise(`${visit.title}\n${text}`)])];
  const { feed, summary, categories } = visit;
  const authors = byline === undefined ? visit.authors : [...visit.authors, byline];
  const article = { feed, title: visit.title, summary, body: text, authors, categories, symbols };
  const { matches } = rules.evaluate(article);
  return {
    ...{ ok: true, url, title, content: html, body: text, excerpt },
    ...{ language: language ?? null, symbols, matches },
  };
}

/** Tried again later, or given up. */
export function failedPage(
  { attempts }: PageVisit,
  failure: Failure,
  { nowMs, random }: PageTools,
): VisitedPage {
  const { reason, message, status, retryAfterMs = 0 } = failure;
  const waitMs = isFinal(reason) ? undefined : retryMs(attempts, random);
  const dueMs = waitMs === undefined ? undefined : nowMs() + Math.max(waitMs, retryAfterMs);
  const again = dueMs === undefined ? null : { dueMs };
  return { result: { ok: false, reason, message, status, again }, reason, bodyBytes: 0 };
}
