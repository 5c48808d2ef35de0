import { formatMs } from '../../../core/duration.ts';
import type { BackfillMarket } from '../../../registry/backfills.ts';
import type { Market } from '../../../registry/markets.ts';
import type { PriceAdapter, TimeRange } from '../adapter.ts';
import { ceilTo, floorTo, MINUTE_MS, overlap } from './minutes.ts';

/**
 * A slot is filled when it is at least this old: its candle is closed everywhere, and a poll that
 * was late, or waited for InfluxDB, has arrived.
 */
export const SETTLED_MS = 2 * MINUTE_MS;
/** A market counts as traded for this long after it was last seen: the registry notes it hourly. */
const SEEN_MS = 2 * 60 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;

export interface PlanOptions {
  readonly adapter: PriceAdapter;
  readonly range: TimeRange;
  readonly stepMs: number;
  /** InfluxDB keeps points for this long; 0: for ever. */
  readonly retentionMs: number;
  readonly nowMs: number;
}

export interface Plan {
  readonly markets: readonly BackfillMarket[];
  /** What is not asked, and why. */
  readonly notes: readonly string[];
}

/** What can be filled of a range on one exchange, in the order given. */
export function planMarkets(markets: readonly Market[], options: PlanOptions): Plan {
  const { adapter, stepMs } = options;
  const { range, notes } = fillableRange(options);
  if (!range) return { markets: [], notes };
  const traded = markets.filter(({ lastSeenMs }) => lastSeenMs + SEEN_MS >= range.fromMs);
  const planned = traded.map(({ exchange, symbol, base, quote, pair }) => {
    return { adapter: adapter.id, exchange, symbol, base, quote, pair, stepMs, range };
  });
  return { markets: planned, notes };
}

/** The part of a range that candles can fill now, with what keeps the rest from being filled. */
export function fillableRange(options: PlanOptions): {
  readonly range: TimeRange | undefined;
  readonly notes: readonly string[];
} {
  const { adapter, nowMs, stepMs, retentionMs } = options;
  const notes: string[] = [];
  const { candles } = adapter;
  if (!candles) {
    notes.push(`${adapter.id} has no candles: nothing of it can be filled`);
    return { range: undefined, notes };
  }
  const limits: TimeRange[] = [];
  if (candles.depthMs !== undefined) {
    const fromMs = nowMs - candles.depthMs + MINUTE_MS;
    const last = spanText(candles.depthMs);
    if (options.range.fromMs < fromMs - MINUTE_MS) {
      notes.push(
        `${adapter.id} has candles of the last ${last} only: from ${isoMinute(fromMs)} on`,
      );
    }
    limits.push({ fromMs, toMs: nowMs });
  }
  if (retentionMs > 0) {
    // An hour of grace: points that expire while they are on their way would be refused.
    const fromMs = nowMs - retentionMs + HOUR_MS;
    if (options.range.fromMs < fromMs - 2 * HOUR_MS) {
      notes.push(
        `points are kept for ${formatMs(retentionMs)} (RETENTION): from ${isoMinute(fromMs)} on`,
      );
    }
    limits.push({ fromMs, toMs: nowMs });
  }
  const settled = { fromMs: 0, toMs: floorTo(nowMs - SETTLED_MS, MINUTE_MS) + MINUTE_MS };
  const found = [settled, ...limits].reduce<TimeRange | undefined>(
    (range, limit) => range && overlap(range, limit),
    options.range,
  );
  const range = found && {
    fromMs: ceilTo(found.fromMs, stepMs),
    toMs: ceilTo(found.toMs, MINUTE_MS),
  };
  return { range: range && range.fromMs < range.toMs ? range : undefined, notes };
}

/** `2026-11-20T20:31Z`, a minute at or after the time. */
export function isoMinute(timeMs: number): string {
  return `${new Date(ceilTo(timeMs, MINUTE_MS)).toISOString().slice(0, 16)}Z`;
}

/** `12 h` for 719 minutes, `3 days`, `45 min`: rounded, for people. */
export function spanText(ms: number): string {
  if (ms < 90_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 90 * MINUTE_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  if (ms < 48 * HOUR_MS) return `${Math.round(ms / HOUR_MS)} h`;
  return `${Math.round(ms / (24 * HOUR_MS))} days`;
}

/**
 * Markets by how much they matter: the largest of each quote currency first, then the second of
 * each, and so on, since volumes in different currencies cannot be compared; currencies with more
 * markets first.
 * @param volumes newest 24 h volume in quote units by pair; what is not there comes last
 */
export function byImportance(
  markets: readonly Market[],
  volumes: ReadonlyMap<string, number>,
): readonly Market[] {
  const byQuote = new Map<string, Market[]>();
  for (const market of markets) {
    const group = byQuote.get(market.quote);
    if (group) group.push(market);
    else byQuote.set(market.quote, [market]);
  }
  const placed = [...byQuote.values()].flatMap((group) => {
    const volume = ({ pair }: Market) => volumes.get(pair) ?? -1;
    const sorted = group.toSorted((left, right) => volume(right) - volume(left));
    return sorted.map((market, place) => ({ market, place, size: group.length }));
  });
  placed.sort(
    (left, right) =>
      left.place - right.place ||
      right.size - left.size ||
      (left.market.pair < right.market.pair ? -1 : 1),
  );
  return placed.map(({ market }) => market);
}
