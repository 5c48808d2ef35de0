/** A stage for visits: a web of answers, hosts that are held or busy, and no threads. */
import { childAbort } from '../../../core/abort.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../../../core/http.ts';
import type { HttpError } from '../../../core/http-error.ts';
import type { FeedTools } from '../../../ingest/articles/feed-visit.ts';
import { foundArticle } from '../../../ingest/articles/found-articles.ts';
import { HostHold } from '../../../ingest/articles/host-hold.ts';
import type { VisitLedger } from '../../../ingest/articles/ledger.ts';
import { judgePage } from '../../../ingest/articles/page-judge.ts';
import type { PageTools } from '../../../ingest/articles/page-visit.ts';
import { readPage } from '../../../ingest/articles/pages/read-page.ts';
import { parseFeed } from '../../../ingest/articles/parse-feed.ts';
import { RuleBook } from '../../../ingest/articles/rule-book.ts';
import type { KnownArticle } from '../../../registry/feed-checks.ts';
import type { FeedSettings } from '../../../registry/feeds.ts';
import type { Rule } from '../../../registry/rules.ts';
import type { FeedVisit, PageVisit } from '../../../registry/visits.ts';
import { ManualClock } from '../../helpers/clock.ts';

export interface WebAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly error?: HttpError;
}

export const SPACING_MS = 5_000;

export const feedSettings: FeedSettings = {
  intervalMs: null,
  headers: {},
  fetch: 'never',
  store: 'full',
  policy: null,
  bodyBytesMax: 1_000_000,
};

export class VisitStage {
  readonly clock = new ManualClock();
  readonly rules = new RuleBook();
  readonly known = new Map<string, KnownArticle>();
  /** What each url answers; a list is used up one by one, its last one stays. */
  readonly web = new Map<string, WebAnswer[]>();
  readonly requests: HttpRequest[] = [];
  /** What was told of hosts, in order. */
  readonly hosts: string[] = [];
  /** Hosts that are not free before a time of the clock. */
  readonly busy = new Map<string, number>();
  readonly #cut = childAbort(undefined);

  set(url: string, ...answers: WebAnswer[]): void {
    this.web.set(url, answers);
  }

  rule(id: number, query: string): void {
    const spec = { any: [], all: [], none: [], query };
    const times = { createdMs: 0, changedMs: 0 };
    const rule: Rule = {
      id,
      name: 'r',
      feeds: null,
      spec,
      active: true,
      version: 1,
      matches: 0,
      leftOut: null,
      ...times,
    };
    this.rules.replace({ edition: id, rules: [rule] });
  }

  feed(change: Partial<FeedVisit> = {}): FeedVisit {
    const url = change.url ?? 'https://a.test/feed';
    return {
      ...{
        kind: 'feed',
        feed: 1,
        host: new URL(url).host,
        hostToken: 1,
        token: 1,
        version: 1,
        url,
      },
      ...{ settings: feedSettings, asked: false, policy: 'id', etag: null, lastModified: null },
      ...{ bodyHash: null, failures: 0, pace: {}, checks: 0, state: 'new', title: null, dueMs: 0 },
      ...change,
    };
  }

  page(change: Partial<PageVisit> = {}): PageVisit {
    const url = change.url ?? 'https://a.test/page';
    return {
      ...{
        kind: 'article',
        job: 1,
        attempts: 1,
        article: 1,
        feed: 1,
        url,
        host: new URL(url).host,
      },
      ...{ hostToken: 1, token: 1, settings: feedSettings, title: 'A title', summary: '' },
      ...{ authors: [], categories: [], symbols: [], language: null, matched: [], dueMs: 0 },
      ...change,
    };
  }

  tools(visit: FeedVisit | PageVisit): FeedTools & PageTools {
    const { clock, rules, known } = this;
    const nowMs = (): number => clock.nowMs();
    const { signal } = this.#cut;
    const hold = new HostHold(
      {
        ledger: this.#ledger(),
        clock,
        nowMs,
        spacingMs: SPACING_MS,
        leaseMs: 60_000,
        waitMs: 15_000,
        signal,
      },
      { host: visit.host, token: visit.hostToken, sinceMs: clock.monotonicMs() },
    );
    const closed = { close: async () => undefined };
    return {
      ...{ clock, nowMs, signal, hold, random: () => 0.5, http: this.#http() },
      ledger: { knownArticles: async () => known },
      deadlineMs: 30_000,
      limits: { floorMs: 60_000, maxMs: 3_600_000 },
      reader: { read: async (bytes, options) => parseFeed(bytes, options), ...closed },
      preparer: {
        prepare: async (items, origin) => items.map((item) => foundArticle(item, origin, rules)),
        judgePage: async (article) => judgePage(article, rules),
      },
      pages: { read: async (page) => readPage(page), ...closed },
    };
  }

  #http(): HttpClient {
    return {
      fetch: async (request): Promise<HttpResponse> => {
        this.requests.push(request);
        this.hosts.push(`ask ${request.url}`);
        const answers = this.web.get(request.url) ?? [];
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (answer?.error) throw answer.error;
        const { status = 200, headers = {}, body = '' } = answer ?? { status: 404 };
        const bytes = Buffer.from(body);
        return { status, headers, body: bytes, url: request.url, redirects: 0, durationMs: 1 };
      },
      close: async () => undefined,
    };
  }

  #ledger(): VisitLedger {
    let token = 1;
    return {
      renew: async () => true,
      takeHost: async (host) => {
        const nowMs = this.clock.nowMs();
        const freeMs = this.busy.get(host) ?? 0;
        if (freeMs > nowMs) return { ok: false, freeMs, nowMs };
        this.hosts.push(`take ${host}`);
        token += 1;
        return { ok: true, hostToken: token, nowMs };
      },
      releaseHost: async ({ host }, { spacingMs, pauseMs = 0 }) => {
        const forMs = Math.max(spacingMs, pauseMs);
        this.busy.set(host, this.clock.nowMs() + forMs);
        this.hosts.push(`free ${host} ${forMs}`);
      },
    };
  }
}

export interface StageItem {
  readonly id: string;
  readonly title?: string;
  readonly text?: string;
  readonly link?: string;
  readonly date?: string;
}

/** A body of RSS with these items. */
export function rss(items: readonly StageItem[], about = ''): string {
  const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  const each = items.map(({ id, title = `Title ${id}`, text = '', link, date }) => {
    const url = link ?? `https://a.test/${id}`;
    const dated = date === undefined ? '' : `<pubDate>${date}</pubDate>`;
    return `<item><guid isPermaLink="false">${id}</guid><title>${escaped(title)}</title>
<link>${url}</link><description>${escaped(text)}</description>${dated}</item>`;
  });
  return `<?xml version="1.0"?><rss version="2.0"><channel><title>A feed</title>
<link>https://a.test/</link>${about}${each.join('')}</channel></rss>`;
}
