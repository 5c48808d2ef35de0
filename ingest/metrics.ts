import type { Metrics } from '../core/metrics.ts';

/** What the price ingest counts, by exchange. */
export interface IngestMetrics {
  /** A poll ended: `ok`, or the reason why nothing of it was written. */
  polled(exchange: string, outcome: string, seconds: number): void;
  /** Rows written by the last poll. */
  wrote(exchange: string, rows: number): void;
  dropped(exchange: string, reason: string, rows: number): void;
  skipped(exchange: string, reason: string, slots: number): void;
  late(exchange: string, seconds: number): void;
  clashed(exchange: string): void;
}

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createIngestMetrics(metrics: Metrics): IngestMetrics {
  const exchange = ['exchange'] as const;
  const polls = metrics.count({
    name: 'price_polls_total',
    help: 'Polls of an exchange by outcome: ok, or why nothing was written',
    labels: ['exchange', 'outcome'],
  });
  const took = metrics.spread({
    name: 'price_poll_seconds',
    help: 'From the start of a poll to its points being durable',
    labels: exchange,
    buckets: SECONDS,
  });
  const rows = metrics.level({
    name: 'price_rows',
    help: 'Rows written by the last good poll',
    labels: exchange,
  });
  const drops = metrics.count({
    name: 'price_rows_dropped_total',
    help: 'Rows of good answers that were left out, by reason',
    labels: ['exchange', 'reason'],
  });
  const skips = metrics.count({
    name: 'price_slots_skipped_total',
    help: 'Slots without a poll, by reason',
    labels: ['exchange', 'reason'],
  });
  const lateness = metrics.spread({
    name: 'price_lateness_seconds',
    help: 'How long after its due time a poll began',
    labels: exchange,
    buckets: [0.005, 0.02, ...SECONDS],
  });
  const clashes = metrics.count({
    name: 'price_market_clashes_total',
    help: 'Markets whose plain name another symbol of the exchange had already',
    labels: exchange,
  });
  return {
    polled(id, outcome, seconds) {
      polls.add({ exchange: id, outcome });
      took.observe(seconds, { exchange: id });
    },
    wrote: (id, count) => rows.set(count, { exchange: id }),
    dropped: (id, reason, count) => drops.add({ exchange: id, reason }, count),
    skipped: (id, reason, slots) => skips.add({ exchange: id, reason }, slots),
    late: (id, seconds) => lateness.observe(Math.max(0, seconds), { exchange: id }),
    clashed: (id) => clashes.add({ exchange: id }),
  };
}
