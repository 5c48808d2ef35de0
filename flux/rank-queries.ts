import {
  momentLevel,
  momentNames,
  type RankWindow,
  rankBucket,
  stepMs,
  windowMs,
} from '../core/rollups.ts';
import { bind, loadFlux } from './load.ts';

/** Markets among those of their exchange, or pairs over all exchanges. */
export type RankedKind = 'rank' | 'pair_rank';

export interface RankQueries {
  /** At most one row: `_time` of the newest run. */
  newestRun(kind: RankedKind, window: RankWindow): string;
  /** `_field` (of, rank, stddev), `_value`, `pair`, and for markets `exchange`. */
  run(kind: RankedKind, window: RankWindow, timeMs: number): string;
  /** `exchange`, `pair`, `part` (mean, count, n, a, r), `_value`; the window ends at `endMs`. */
  means(window: RankWindow, endMs: number): string;
  /** The same from the prices themselves: only mean and count. */
  rawMeans(window: RankWindow, endMs: number): string;
  /** At most one row: `_value`, how many prices of a market a step has by rule. */
  regular(window: RankWindow): string;
}

/** Points that a market has in the moments of a whole window: two a step. */
export function momentPoints(window: RankWindow): number {
  return (2 * windowMs(window)) / stepMs(momentLevel(window));
}

/** Whether a window consists of whole steps; one that was ranked by prices need not. */
export function hasWholeSteps(window: RankWindow, endMs: number): boolean {
  return endMs % stepMs(momentLevel(window)) === 0;
}

/** A run older than this is not shown: its prices are of another day. */
const RUN_AGE = '-24h';

/** The scripts that read whole runs of the ranks, bound to a bucket and to that of the moments. */
export function createRankQueries({ bucket }: { readonly bucket: string }): RankQueries {
  const newest = (task: string, field: string) =>
    bind(loadFlux('mark-newest'), { bucket, task, field, start: RUN_AGE });
  const range = (window: RankWindow, endMs: number) => ({
    start: new Date(endMs - windowMs(window)).toISOString(),
    stop: new Date(endMs).toISOString(),
  });
  const namesOf = (window: RankWindow) => momentNames(momentLevel(window));
  return {
    newestRun: (kind, window) => newest(`${kind.replace('_', '-')}-${window}`, 'series'),
    regular: (window) => newest(namesOf(window).mark, 'regular'),
    run: (measurement, window, timeMs) =>
      bind(loadFlux('ranks-run'), {
        ...{ bucket, measurement, window },
        start: new Date(timeMs).toISOString(),
        stop: new Date(timeMs + 1).toISOString(),
      }),
    means: (window, endMs) =>
      bind(loadFlux('market-means'), {
        ...range(window, endMs),
        bucket: rankBucket(bucket),
        points: namesOf(window).points,
        shortfalls: namesOf(window).shortfalls,
      }),
    rawMeans: (window, endMs) =>
      bind(loadFlux('market-means-raw'), { ...range(window, endMs), bucket }),
  };
}
