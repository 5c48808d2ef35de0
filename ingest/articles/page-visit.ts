import { TidemarkError } from '../../core/errors.ts';
import type { PageResult } from '../../registry/article-jobs.ts';
import type { PageVisit } from '../../registry/visits.ts';
import { fetchHops, type HopTools } from './fetch-hops.ts';
import { PAGE_BYTES_MAX, type Page, type PageRefusal, type ReadPage } from './pages/page.ts';
import type { PageReader } from './pages/reader.ts';
import type { Failure, Reason } from './poll/reasons.ts';
import { isFinal, retryMs } from './poll/retries.ts';
import { ItemsRefused, type Preparer } from './preparer.ts';

export interface PageTools extends HopTools {
  readonly random: () => number;
  readonly pages: PageReader;
  readonly preparer: Pick<Preparer, 'judgePage'>;
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
 * @throws HostBusy, VisitLost, TidemarkErrors of the registry, and `cancelled` when it is given up.
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
    // Whoever gave it up: that says nothing of the page.
    if (tools.signal.aborted) throw new TidemarkError('cancelled', 'a page was given up');
    const failure = { reason: BY_REFUSAL[read.reason], message: read.message, status };
    return { ...failedPage(visit, failure, tools), bodyBytes };
  }
  try {
    const result = await resultOf(visit, { read, url, status }, tools);
    return { result, reason: 'ok', bodyBytes };
  } catch (error) {
    if (!(error instanceof ItemsRefused) || tools.signal.aborted) throw error;
    const { reason, message } = error;
    return { ...failedPage(visit, { reason, message, status }, tools), bodyBytes };
  }
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
  { read, url, status }: { read: ReadPage; url: string; status: number },
  { preparer, signal }: PageTools,
): Promise<PageResult> {
  const { title, byline, html, text, excerpt, language } = read;
  const { feed, summary, categories, symbols: before } = visit;
  const authors = byline === undefined ? visit.authors : [...visit.authors, byline];
  const about = { feed, title: visit.title, summary, authors, categories, symbols: before };
  const { symbols, matches } = await preparer.judgePage({ ...about, body: text }, { signal });
  return {
    ...{ ok: true, status, url, title, content: html, body: text, excerpt },
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
