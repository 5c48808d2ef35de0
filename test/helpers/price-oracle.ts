/**
 * Prices in windows, the plain way: all of them in memory, each window computed from its list. And
 * the roll-ups of the same prices, as core/measurements.ts describes them.
 */
import { type RollupLevel, stepMs } from '../../core/rollups.ts';
import type { PricePoint } from './rank-oracle.ts';

export interface Candle {
  readonly exchange: string;
  readonly timeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly mean: number;
  readonly count: number;
}

export interface Cut {
  readonly startMs: number;
  readonly stopMs: number;
  readonly everyMs: number;
}

/** By exchange, then time; windows without prices are absent. */
export function candlesOf(points: readonly PricePoint[], cut: Cut): Candle[] {
  const windows = new Map<string, PricePoint[]>();
  for (const point of points) {
    if (point.timeMs < cut.startMs || point.timeMs >= cut.stopMs) continue;
    const timeMs = Math.floor(point.timeMs / cut.everyMs) * cut.everyMs;
    const key = `${point.exchange} ${String(timeMs).padStart(15, '0')}`;
    windows.set(key, [...(windows.get(key) ?? []), point]);
  }
  return [...windows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, list]) => {
      const sorted = list.toSorted((a, b) => a.timeMs - b.timeMs).map(({ price }) => price);
      const [exchange = '', time] = key.split(' ');
      return {
        exchange,
        timeMs: Number(time),
        open: sorted[0]!,
        high: Math.max(...sorted),
        low: Math.min(...sorted),
        close: sorted.at(-1)!,
        mean: sorted.reduce((sum, price) => sum + price, 0) / sorted.length,
        count: sorted.length,
      };
    });
}

/** Lines of a level's roll-ups of one pair, of the steps that lie within `from` and `to`. */
export function rollupLines(
  points: readonly PricePoint[],
  level: RollupLevel,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): string[] {
  const everyMs = stepMs(level);
  return candlesOf(points, { startMs: fromMs, stopMs: toMs, everyMs }).map((candle) => {
    const { exchange, timeMs, open, high, low, close, mean, count } = candle;
    const fields = `first=${open},max=${high},min=${low},last=${close},mean=${mean}`;
    return `price_${level},exchange=${exchange},pair=btcusd ${fields},count=${count}i ${timeMs}000000`;
  });
}

/** The marks of steps from `from` to before `to`. */
export function markLines(
  level: RollupLevel,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): string[] {
  const step = stepMs(level);
  const lines: string[] = [];
  for (let at = Math.ceil(fromMs / step) * step; at + step <= toMs; at += step) {
    lines.push(`rollup_step,task=rollup-${level} series=3i ${at}000000`);
  }
  return lines;
}
