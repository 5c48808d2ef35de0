import { marketKey, type Prices } from './means.ts';

/** One market of a run, or one pair over all exchanges. */
export interface Ranked {
  /** Undefined: over all exchanges. */
  readonly exchange: string | undefined;
  readonly pair: string;
  readonly stddev: number;
  readonly rank: number;
  readonly of: number;
}

/** With its mean; undefined where there is none that a deviation can be compared with. */
export interface Compared extends Ranked {
  readonly mean: number | undefined;
  readonly volatility: number | undefined;
}

/**
 * Ranks anew by deviation / mean, which compares across price levels: 1 is the largest, equal ones
 * by name, those without a positive mean last.
 */
export function byVolatility(
  ranked: readonly Ranked[],
  pricesOf: ReadonlyMap<string, Prices>,
): readonly Compared[] {
  const compared = ranked.map((one) => {
    const prices = pricesOf.get(marketKey(one.exchange ?? '', one.pair));
    const mean = prices === undefined ? Number.NaN : prices.sum / prices.count;
    if (!(mean > 0) || !Number.isFinite(mean)) {
      return { ...one, mean: undefined, volatility: undefined };
    }
    return { ...one, mean, volatility: one.stddev / mean };
  });
  compared.sort(
    (a, b) => (b.volatility ?? -1) - (a.volatility ?? -1) || (a.pair < b.pair ? -1 : 1),
  );
  return compared.map((one, index) => ({ ...one, rank: index + 1, of: compared.length }));
}

/** Prices of each pair over all exchanges, under the key that `byVolatility` asks for. */
export function ofPairs(markets: ReadonlyMap<string, Prices>): ReadonlyMap<string, Prices> {
  const pairs = new Map<string, Prices>();
  for (const [key, { sum, count }] of markets) {
    const pair = key.slice(key.indexOf('\n') + 1);
    const known = pairs.get(marketKey('', pair)) ?? { sum: 0, count: 0 };
    pairs.set(marketKey('', pair), { sum: known.sum + sum, count: known.count + count });
  }
  return pairs;
}
