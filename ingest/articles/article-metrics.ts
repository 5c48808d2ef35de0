import type { Metrics } from '../../core/metrics.ts';
import type { Reason } from './poll/reasons.ts';

/** What the workers of articles count. */
export interface ArticleMetrics {
  /** A check of a feed was saved. */
  checked(reason: Reason, seconds: number): void;
  /** A visit to a page was saved. */
  visited(reason: Reason, seconds: number): void;
  /** Articles that were new, changed, or matched by a rule. */
  told(event: string, articles: number): void;
  /** From when a visit was due to when it began, waits for its host included. */
  late(seconds: number): void;
  /** A visit that was not made, and why. */
  released(why: Released): void;
}

/** `busy`: a host it was redirected to; `lost`: the lease ran out; `registry`: it did not answer. */
export type Released = 'busy' | 'lost' | 'stopped' | 'registry';

/** Read when metrics are. */
export interface ArticleLevels {
  readonly running: number;
  /** Since the registry last answered; undefined: it never did. */
  readonly sinceAnswerMs: number | undefined;
}

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const LATE_SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 1_800];

export function createArticleMetrics(metrics: Metrics): ArticleMetrics {
  const count = (name: string, help: string, label: string) =>
    metrics.count({ name, help, labels: [label] });
  const spread = (name: string, help: string, buckets: readonly number[]) =>
    metrics.spread({ name, help, buckets });
  const checks = count('feed_checks_total', 'Checks of feeds by how they ended', 'reason');
  const pages = count('article_pages_total', 'Visits to pages by how they ended', 'reason');
  const articles = count('articles_total', 'Articles by what happened to them', 'event');
  const released = count('article_visits_released_total', 'Visits not made, by why', 'reason');
  const took = spread('feed_check_seconds', 'From the begin of a check to its end', SECONDS);
  const read = spread('article_page_seconds', 'The same of a visit to a page', SECONDS);
  const late = spread('article_late_seconds', 'From when a visit was due to it', LATE_SECONDS);
  return {
    checked(reason, seconds) {
      checks.add({ reason });
      took.observe(seconds);
    },
    visited(reason, seconds) {
      pages.add({ reason });
      read.observe(seconds);
    },
    told: (event, many) => articles.add({ event }, many),
    late: (seconds) => late.observe(seconds),
    released: (reason) => released.add({ reason }),
  };
}

/** Levels of a worker, and the jobs of the whole registry by state. */
export function showArticles(
  metrics: Metrics,
  levels: () => ArticleLevels,
  jobs: () => Promise<Readonly<Record<string, number>>>,
): void {
  const running = metrics.level({
    name: 'article_visits_in_flight',
    help: 'Feeds and pages under way, until they are saved',
  });
  const age = metrics.level({
    name: 'articles_registry_seconds',
    help: 'Since the registry last answered',
  });
  const queue = metrics.level({
    name: 'article_jobs',
    help: 'Pages of the registry by state',
    labels: ['state'],
  });
  metrics.onRead(async () => {
    const now = levels();
    running.set(now.running);
    if (now.sinceAnswerMs !== undefined) age.set(now.sinceAnswerMs / 1000);
    // A reading of metrics must not fail because the registry is away: the probe says so.
    const counts = (await jobs().catch(() => undefined)) ?? {};
    for (const [state, many] of Object.entries(counts)) queue.set(many, { state });
  });
}
