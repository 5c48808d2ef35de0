/**
 * Prices and their roll-ups as an installation has them at a moment: of every level some steps
 * are not there yet, one stretch is late, one run never was. What must not be read is wrong.
 */
import type { Stretch } from '../../api/history/plan.ts';
import type { RollupLevel } from '../../core/rollups.ts';
import { stepMs } from '../../core/rollups.ts';
import { markLines, rollupLines } from './price-oracle.ts';
import { randomFrom } from './random.ts';
import type { PricePoint } from './rank-oracle.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export interface HistoryCase {
  readonly points: readonly PricePoint[];
  /** Prices that came when this had been rolled up. */
  readonly late: Stretch;
  dataOf(level: RollupLevel): { rollups: string[]; marks: string[] };
}

/** Five days of three exchanges at 20 s, with samples missing, an exchange off, one that is new. */
function makePrices(nowMs: number): PricePoint[] {
  const points: PricePoint[] = [];
  const random = randomFrom(11);
  const beginMs = Math.floor(nowMs / DAY_MS - 5) * DAY_MS;
  const add = (exchange: string, offMs: (agoMs: number) => boolean) => {
    let price = 20_000;
    for (let timeMs = beginMs; timeMs < nowMs; timeMs += 20 * SECOND_MS) {
      price *= 1 + (random() - 0.5) * 1e-3;
      if (random() < 0.2 || offMs(nowMs - timeMs)) continue;
      points.push({ exchange, pair: 'btcusd', timeMs, price: Number(price.toPrecision(9)) });
    }
  };
  add('bitfinex', () => false);
  add('bitstamp', (agoMs) => agoMs > 8 * HOUR_MS && agoMs < 30 * HOUR_MS);
  add('kraken', (agoMs) => agoMs > 4 * MINUTE_MS);
  return points;
}

/** Of a line, in milliseconds. */
export const lineTimeMs = (line: string): number =>
  Number(line.slice(line.lastIndexOf(' ') + 1, -6));

/** How things stand at `nowMs`, which lies within a step of every level, so that each has an edge. */
export function historyCase(nowMs: number): HistoryCase {
  const points = makePrices(nowMs);
  /** Roll-ups of a level end here: some are late, by more than a step. */
  const endsMs: Readonly<Record<RollupLevel, number>> = {
    '1m': nowMs - 3 * MINUTE_MS,
    '5m': nowMs - 12 * MINUTE_MS,
    '1h': nowMs - HOUR_MS,
    '1d': nowMs,
  };
  const late: Stretch = {
    startMs: Math.floor(nowMs / (5 * MINUTE_MS) - 30) * 5 * MINUTE_MS,
    stopMs: Math.floor(nowMs / (5 * MINUTE_MS) - 29) * 5 * MINUTE_MS,
  };
  /** No level has had a run for the step that this lies in. */
  const holeMs = Math.floor((nowMs - 5 * HOUR_MS) / HOUR_MS) * HOUR_MS;
  return {
    points,
    late,
    dataOf(level) {
      const range = { fromMs: 0, toMs: Math.floor(endsMs[level] / MINUTE_MS) * MINUTE_MS };
      const marked = { fromMs: Math.floor(nowMs / DAY_MS - 5) * DAY_MS, toMs: range.toMs };
      const covers = (line: string, startMs: number, stopMs: number) => {
        const timeMs = lineTimeMs(line);
        return timeMs < stopMs && timeMs + stepMs(level) > startMs;
      };
      const isHole = (line: string) => covers(line, holeMs, holeMs + 1);
      const isWrong = (line: string) => isHole(line) || covers(line, late.startMs, late.stopMs);
      const rollups = rollupLines(points, level, range).map((line) =>
        isWrong(line) ? line.replace(/mean=[^,]+/, 'mean=1').replace(/max=/, 'max=9') : line,
      );
      return { rollups, marks: markLines(level, marked).filter((line) => !isHole(line)) };
    },
  };
}
