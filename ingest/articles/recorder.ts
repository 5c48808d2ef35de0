import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { othersTurn } from '../../core/pause.ts';
import type { Point, PointSink } from '../../core/point.ts';
import type { ArticlePoint, ToldNews } from '../../registry/article-events.ts';
import { slices } from '../../registry/slices.ts';
import type { PageVisit } from '../../registry/visits.ts';
import type { ArticleMetrics } from './article-metrics.ts';
import type { CheckedFeed } from './feed-visit.ts';
import type { ArticleLedger } from './ledger.ts';
import type { VisitedPage } from './page-visit.ts';
import { articlePoint, checkPoint, writeLeftOver } from './points.ts';

export interface RecorderOptions {
  readonly ledger: ArticleLedger;
  readonly sink: PointSink;
  readonly clock: Clock;
  readonly nowMs: () => number;
  readonly log: Log;
  readonly metrics: ArticleMetrics;
  /** Takes each article that a rule matches, as a line of JSON. */
  readonly writeLine?: ((line: string) => void) | undefined;
}

/** So many lines are made at once. */
const POINTS_MAX = 200;

interface Begun {
  /** Monotonic. */
  readonly beganMs: number;
}

/** Saves what visits found out: first in the registry, then as points in the spool. */
export class Recorder {
  readonly #options: RecorderOptions;
  #spoolError: string | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Why points cannot be put into the spool, while they cannot. */
  get spoolError(): string | undefined {
    return this.#spoolError;
  }

  /** False: the feed was not ours any more, nothing was changed. */
  async check({ check, reason, bodyBytes }: CheckedFeed, { beganMs }: Begun): Promise<boolean> {
    const { ledger, clock, nowMs, metrics } = this.#options;
    const saved = await ledger.saveCheck(check);
    if (!saved.saved) return false;
    const totalMs = clock.monotonicMs() - beganMs;
    const fresh = saved.articles.filter(({ event }) => event === 'new').length;
    const updated = saved.articles.length - fresh;
    metrics.checked(reason, totalMs / 1000);
    const { feed, status, items } = check;
    const facts = { feed, atMs: nowMs(), reason, status, fresh, updated, bodyBytes, totalMs };
    await this.#tell(saved, [checkPoint({ ...facts, ...(items !== null && { items }) })]);
    return true;
  }

  /** The same of a page. */
  async page(visit: PageVisit, visited: VisitedPage, { beganMs }: Begun): Promise<boolean> {
    const { ledger, clock, metrics } = this.#options;
    const saved = await ledger.savePage(visit, visited.result);
    if (!saved.saved) return false;
    metrics.visited(visited.reason, (clock.monotonicMs() - beganMs) / 1000);
    await this.#tell(saved, []);
    return true;
  }

  /** Writes what others saved and did not live to write. */
  async leftOver(): Promise<void> {
    const { ledger, sink, log } = this.#options;
    try {
      const written = await writeLeftOver(ledger, sink);
      if (written > 0)
        log.info({ points: written }, 'points of articles that were left are written');
    } catch (error) {
      log.warn(
        { error: messageOf(error) },
        'points of articles that were left stay where they are',
      );
    }
  }

  async #tell({ pointsIds, points }: ToldNews, more: readonly Point[]): Promise<void> {
    const { ledger, sink, log, metrics, writeLine } = this.#options;
    const told = new Map<string, number>();
    for (const point of points) {
      const { event = '' } = point.tags;
      told.set(event, (told.get(event) ?? 0) + 1);
      if (event === 'matched') writeLine?.(lineOf(point));
    }
    for (const [event, many] of told) metrics.told(event, many);
    try {
      for (const some of slices(points, POINTS_MAX)) {
        await sink.accept(some.map(articlePoint));
        await othersTurn();
      }
      if (more.length > 0) await sink.accept(more);
      this.#spoolError = undefined;
    } catch (error) {
      // Those of articles stay in the registry and are written later.
      if (this.#spoolError === undefined) {
        log.warn({ error: messageOf(error) }, 'points of articles cannot be written');
      }
      this.#spoolError = messageOf(error);
      return;
    }
    if (pointsIds.length === 0) return;
    await ledger.forgetPoints(pointsIds).catch((error: unknown) => {
      // Then they are written once more: the same points.
      log.debug({ error: messageOf(error) }, 'points that are written were not forgotten');
    });
  }
}

function lineOf({ tags, article, title, url, lagMs, ns }: ArticlePoint): string {
  const at = new Date(Number(ns / 1_000_000n)).toISOString();
  const { feed, rule } = tags;
  return JSON.stringify({ at, article, feed: Number(feed), rule: Number(rule), title, url, lagMs });
}
