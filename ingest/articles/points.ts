import type { measurements } from '../../core/measurements.ts';
import { type FieldValue, msToNs, type Point, type PointSink } from '../../core/point.ts';
import type { ArticlePoint } from '../../registry/article-events.ts';
import type { ArticleLedger } from './ledger.ts';

type ArticleField = keyof typeof measurements.article.fields;
type CheckField = keyof typeof measurements.feed_check.fields;

/** The line of something that happened to an article. */
export function articlePoint({ tags, article, title, url, lagMs, ns }: ArticlePoint): Point {
  const fields: Partial<Record<ArticleField, FieldValue>> = { article: BigInt(article), title };
  if (url !== null) fields.url = url;
  if (lagMs !== null) fields.lag_ms = lagMs;
  return { measurement: 'article', tags, fields, timeNs: ns };
}

/** What a check of a feed came to. */
export interface CheckFacts {
  readonly feed: number;
  readonly atMs: number;
  readonly reason: string;
  readonly status: number | null;
  /** Undefined: no body was read. */
  readonly items?: number | undefined;
  readonly fresh: number;
  readonly updated: number;
  readonly bodyBytes?: number | undefined;
  readonly totalMs: number;
}

export function checkPoint(facts: CheckFacts): Point {
  const { feed, atMs, reason, status, items, fresh, updated, bodyBytes, totalMs } = facts;
  const fields: Partial<Record<CheckField, FieldValue>> = {
    reason,
    fresh: BigInt(fresh),
    updated: BigInt(updated),
    total_ms: Math.round(totalMs * 1_000) / 1_000,
  };
  if (status !== null) fields.status = BigInt(status);
  if (items !== undefined) fields.items = BigInt(items);
  if (bodyBytes !== undefined) fields.body_bytes = BigInt(bodyBytes);
  const timeNs = msToNs(Math.round(atMs));
  return { measurement: 'feed_check', tags: { feed: String(feed) }, fields, timeNs };
}

/** Older than this, points of whoever was killed are written by somebody else. */
const LEFT_OVER_MS = 60_000;
const BATCH = 500;

/** Writes points that were saved and are in no spool, as far as anybody has said. */
export async function writeLeftOver(
  ledger: Pick<ArticleLedger, 'waitingPoints' | 'forgetPoints'>,
  sink: PointSink,
): Promise<number> {
  for (let written = 0; ; ) {
    const waiting = await ledger.waitingPoints(LEFT_OVER_MS, BATCH);
    const points = waiting.flatMap((one) => one.points.map(articlePoint));
    if (points.length > 0) await sink.accept(points);
    await ledger.forgetPoints(waiting.map(({ id }) => id));
    written += points.length;
    if (waiting.length < BATCH) return written;
  }
}
