/**
 * What the rank tasks must write, computed the plain way: the definition of "Rank" in TypeScript,
 * with two passes for the deviation.
 */
import { randomFrom } from './random.ts';

export interface PricePoint {
  readonly exchange: string;
  readonly pair: string;
  readonly timeMs: number;
  readonly price: number;
}

export interface Ranked {
  /** `exchange/pair`, or the pair alone. */
  readonly key: string;
  readonly stddev: number;
  readonly rank: number;
  readonly of: number;
}

const DAY_MS = 86_400_000;

/** Of each market, among its exchange's markets; sorted by key. */
export function marketRanks(
  points: readonly PricePoint[],
  slotMs: number,
  windowMs = DAY_MS,
): Ranked[] {
  return ranks(points, [slotMs - windowMs, slotMs], {
    key: ({ exchange, pair }) => `${exchange}/${pair}`,
    group: (key) => key.slice(0, key.indexOf('/')),
  });
}

/** Of each pair over all exchanges, among all pairs; sorted by key. */
export function pairRanks(
  points: readonly PricePoint[],
  slotMs: number,
  windowMs = DAY_MS,
): Ranked[] {
  return ranks(points, [slotMs - windowMs, slotMs], { key: ({ pair }) => pair, group: () => '' });
}

interface Grouping {
  key(point: PricePoint): string;
  group(key: string): string;
}

type Window = readonly [fromMs: number, toMs: number];

function ranks(points: readonly PricePoint[], [fromMs, toMs]: Window, by: Grouping): Ranked[] {
  const prices = new Map<string, number[]>();
  for (const point of points) {
    if (point.timeMs < fromMs || point.timeMs >= toMs) continue;
    const key = by.key(point);
    const list = prices.get(key);
    if (list === undefined) prices.set(key, [point.price]);
    else list.push(point.price);
  }
  const groups = new Map<string, { key: string; stddev: number }[]>();
  for (const [key, list] of prices) {
    const group = by.group(key);
    groups.set(group, [...(groups.get(group) ?? []), { key, stddev: deviation(list) }]);
  }
  const ranked = [...groups.values()].flatMap((members) =>
    members
      .sort((a, b) => b.stddev - a.stddev || (a.key < b.key ? -1 : 1))
      .map((member, index) => ({ ...member, rank: index + 1, of: members.length })),
  );
  return ranked.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Around the first value, so that equal values deviate by exactly nothing. */
function deviation(values: readonly number[]): number {
  const first = values[0]!;
  const mean = values.reduce((sum, value) => sum + (value - first), 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - first - mean) ** 2, 0);
  return Math.sqrt(squares / values.length);
}

/**
 * Thirty hours of a small market with every oddity: frozen and dead markets, one that died before
 * the window, newcomers with one point, equal deviations, prices far apart in size.
 */
export function oddMarket(endMs: number): PricePoint[] {
  const points: PricePoint[] = [];
  const random = randomFrom(7);
  const stepMs = 600_000;
  const add = (exchange: string, pair: string, price: (step: number) => number | undefined) => {
    for (let step = 180; step >= 0; step--) {
      const value = price(step);
      const timeMs = endMs - step * stepMs;
      if (value !== undefined) points.push({ exchange, pair, timeMs, price: value });
    }
  };
  for (const [e, exchange] of ['kraken', 'bitfinex', 'okx', 'ex-with.dots'].entries()) {
    for (let p = 0; p < 12; p++) {
      let last = 10 ** (random() * 12 - 6);
      const swing = 0.0005 * (p + 1) * (e + 1);
      add(exchange, `coin${p}usd`, () => {
        last *= 1 + (random() - 0.5) * swing;
        return Number(last.toPrecision(8));
      });
    }
    for (const name of ['frozenb', 'frozena', 'frozenc']) add(exchange, name, () => 5);
    for (const name of ['twinb', 'twina']) add(exchange, name, (step) => 100 + (step % 2));
    add(exchange, 'deadusd', (step) => (step > 100 ? 50 + step : undefined));
    add(exchange, 'longdeadusd', (step) => (step > 150 ? step : undefined));
    add(exchange, 'newusd', (step) => (step === 1 ? 7 : undefined));
    add(exchange, 'toonewusd', (step) => (step === 0 ? 7 : undefined));
  }
  return points;
}
