import type { Metrics } from '../../../core/metrics.ts';

/** What backfills count, by exchange. */
export interface BackfillMetrics {
  /** A page was asked for: `ok`, or the reason of the refusal. */
  requested(exchange: string, outcome: string): void;
  /** Points that were missing and are there now. */
  filled(exchange: string, points: number): void;
}

export function createBackfillMetrics(metrics: Metrics): BackfillMetrics {
  const requests = metrics.count({
    name: 'backfill_requests_total',
    help: 'Pages of candles asked for, by outcome',
    labels: ['exchange', 'outcome'],
  });
  const points = metrics.count({
    name: 'backfill_points_total',
    help: 'Points written from candles',
    labels: ['exchange'],
  });
  return {
    requested: (exchange, outcome) => requests.add({ exchange, outcome }),
    filled: (exchange, count) => points.add({ exchange }, count),
  };
}

export const noBackfillMetrics: BackfillMetrics = { requested: () => {}, filled: () => {} };
