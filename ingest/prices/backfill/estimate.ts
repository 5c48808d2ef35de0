import type { BackfillMarket } from '../../../registry/backfills.ts';
import type { PriceAdapter } from '../adapter.ts';
import { MINUTE_MS } from './minutes.ts';
import { PAGE_ROWS_MAX } from './part.ts';

export interface Estimate {
  readonly markets: number;
  /** At most: pages without a gap are not asked for. */
  readonly requests: number;
  /** At most, in ms; exchanges are asked side by side. */
  readonly durationMs: number;
}

/** What a request takes at least, wait for its answer included. */
const REQUEST_MS = 250;

/** What markets cost at most. Each exchange has at most one request on its way. */
export function estimate(
  markets: readonly BackfillMarket[],
  adapterOf: (id: string) => PriceAdapter | undefined,
): Estimate {
  const durations = new Map<string, number>();
  let requests = 0;
  for (const { adapter, range } of markets) {
    const candles = adapterOf(adapter)?.candles;
    if (!candles) continue;
    const pages = pagesOf((range.toMs - range.fromMs) / MINUTE_MS, candles.pageRowsMax);
    requests += pages;
    const tookMs = pages * Math.max(candles.spacingMs, REQUEST_MS);
    durations.set(adapter, (durations.get(adapter) ?? 0) + tookMs);
  }
  return { markets: markets.length, requests, durationMs: Math.max(0, ...durations.values()) };
}

/** Requests for so many minutes of one market. */
export function pagesOf(minutes: number, pageRowsMax: number): number {
  return Math.ceil(minutes / Math.min(pageRowsMax, PAGE_ROWS_MAX));
}
