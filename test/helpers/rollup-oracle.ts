/** What the roll-ups must be, computed the plain way, and a market with gaps to roll up. */

import { randomFrom } from './random.ts';
import type { PricePoint } from './rank-oracle.ts';

export interface Candle {
  readonly first: number;
  readonly max: number;
  readonly min: number;
  readonly last: number;
  readonly mean: number;
  readonly count: number;
}

/** `exchange/pair/beginning of the step` -> its candle. */
export function candles(points: readonly PricePoint[], stepMs: number): Map<string, Candle> {
  const steps = new Map<string, number[]>();
  for (const { exchange, pair, timeMs, price } of [...points].sort((a, b) => a.timeMs - b.timeMs)) {
    const key = `${exchange}/${pair}/${Math.floor(timeMs / stepMs) * stepMs}`;
    const list = steps.get(key);
    if (list === undefined) steps.set(key, [price]);
    else list.push(price);
  }
  return new Map([...steps].map(([key, prices]) => [key, candleOf(prices)]));
}

function candleOf(prices: readonly number[]): Candle {
  return {
    first: prices[0]!,
    max: Math.max(...prices),
    min: Math.min(...prices),
    last: prices.at(-1)!,
    mean: prices.reduce((sum, price) => sum + price, 0) / prices.length,
    count: prices.length,
  };
}

const MINUTE_MS = 60_000;

export interface GappyOptions {
  /** Minutes before `endMs` that the market has. */
  readonly minutes: number;
  /** Share of the samples that are missing on exchange `gappy`. */
  readonly missing: number;
}

/**
 * A market each minute up to `endMs`: `whole`, where nothing is missing, and `gappy`, where samples
 * are, one by one, by the hour, and at both ends. On each a wild, a calm and two frozen pairs, one
 * that hardly ever moves, and, on gappy, one that is asked for six times as often.
 */
export function gappyMarket(endMs: number, { minutes, missing }: GappyOptions): PricePoint[] {
  const random = randomFrom(11);
  const points: PricePoint[] = [];
  for (const exchange of ['whole', 'gappy']) {
    const gaps = exchange === 'gappy';
    const add = (pair: string, price: (minute: number) => number, everyMs = MINUTE_MS) => {
      for (let ms = endMs - minutes * MINUTE_MS; ms < endMs; ms += everyMs) {
        const minute = Math.floor((endMs - ms) / MINUTE_MS);
        const value = price(minute);
        const hole = random() < missing || minute % 300 < 20;
        if (!gaps || !hole) points.push({ exchange, pair, timeMs: ms, price: value });
      }
    };
    for (const [pair, start, swing] of MOVING) {
      let price = start;
      add(pair, () => {
        price *= 1 + (random() - 0.5) * swing;
        return Number(price.toPrecision(10));
      });
    }
    add('frozenusd', () => 0.1);
    add('stillusd', () => 37.930307309999996);
    add('stableusd', () => (random() < 0.01 ? 1.0001 : 1));
    add('newusd', (minute) => (minute < 33 ? 5 + minute : Number.NaN));
    add('gone-usd', (minute) => (minute > 47 ? 90_000 + (minute % 7) : Number.NaN));
    if (gaps) add('oftenusd', () => 100 + random(), MINUTE_MS / 6);
  }
  // One missing and one too many an hour: as many as there should be.
  for (let minute = minutes; minute > 0; minute--) {
    const timeMs = endMs - minute * MINUTE_MS;
    const point = { exchange: 'gappy', pair: 'even-usd', timeMs, price: 10 + random() };
    if (minute % 60 !== 10) points.push(point);
    if (minute % 60 === 23) points.push({ ...point, timeMs: timeMs + 1_000, price: 19 });
  }
  return points.filter(({ price }) => !Number.isNaN(price));
}

const MOVING = [
  ['btcusd', 60_000, 0.002],
  ['ethusd', 3_000, 0.004],
  ['dustusd', 4.2e-7, 0.01],
  ['calmusd', 250, 0.00002],
] as const;

/** Points as line protocol. */
export function linesOf(points: readonly PricePoint[]): string {
  const line = ({ exchange, pair, price, timeMs }: PricePoint) =>
    `price,exchange=${exchange},pair=${pair} price=${price} ${timeMs}000000`;
  return points.map(line).join('\n');
}
