/** By how much pairs have moved: prices now against those of some time ago. */
import type { Clock } from '../../core/clock.ts';
import { type RankWindow, windowMs } from '../../core/rollups.ts';
import type { PriceQueries } from '../../flux/price-queries.ts';
import type { Influx } from '../contract.ts';
import { pickRows } from '../rows/store.ts';

/** A price is this old at most, at either end: some slots of most exchanges. */
const AGE_MS_MAX = 300_000;
const KEEP_MS = 60_000;

export interface Move {
  readonly pair: string;
  /** A part of one. */
  readonly change: number;
  readonly price: number;
  readonly before: number;
  readonly exchanges: number;
}

export interface Moves {
  readonly timeMs: number;
  /** The largest change first, whichever way. */
  readonly pairs: readonly Move[];
}

export interface MovesOptions {
  readonly influx: Influx;
  readonly queries: Pick<PriceQueries, 'marketPrices'>;
  readonly clock: Clock;
}

/** Moves of all pairs as they are asked for, read once a minute for everybody. */
export function createMoves(options: MovesOptions): (window: RankWindow) => Promise<Moves> {
  const { clock } = options;
  const known = new Map<
    RankWindow,
    { readonly readAtMs: number; readonly moves: Promise<Moves> }
  >();
  return (window) => {
    const kept = known.get(window);
    const nowMs = clock.monotonicMs();
    if (kept !== undefined && nowMs - kept.readAtMs < KEEP_MS) return kept.moves;
    const moves = readMoves(options, window);
    known.set(window, { readAtMs: nowMs, moves });
    moves.catch(() => known.delete(window));
    return moves;
  };
}

async function readMoves(options: MovesOptions, window: RankWindow): Promise<Moves> {
  const timeMs = options.clock.nowMs();
  const [before, after] = await Promise.all([
    readPrices(options, timeMs - windowMs(window)),
    readPrices(options, timeMs),
  ]);
  return { timeMs, pairs: movesOf(before, after) };
}

/** Pair -> exchange -> price. */
type Prices = ReadonlyMap<string, ReadonlyMap<string, number>>;

async function readPrices({ influx, queries }: MovesOptions, endMs: number): Promise<Prices> {
  const prices = new Map<string, Map<string, number>>();
  const flux = queries.marketPrices({
    start: new Date(endMs - AGE_MS_MAX).toISOString(),
    stop: new Date(endMs).toISOString(),
  });
  // Many callers wait for this one query: none of them may cancel it.
  const { signal } = new AbortController();
  for await (const found of pickRows(influx, flux, ['_value', 'exchange', 'pair'], signal)) {
    const [value = 0, exchange = 0, pair = 0] = found.indexes;
    for (const row of found.rows) {
      const price = Number(row[value]);
      if (!(price > 0)) continue;
      const places = prices.get(row[pair]!) ?? new Map<string, number>();
      prices.set(row[pair]!, places.set(row[exchange]!, price));
    }
  }
  return prices;
}

/**
 * Each pair with prices at both ends on an exchange at least: the median of the changes there, so
 * that one of them alone, or one that comes or goes, makes none.
 */
export function movesOf(before: Prices, after: Prices): readonly Move[] {
  const moves: Move[] = [];
  for (const [pair, places] of after) {
    const earlier = before.get(pair);
    const both = [...places].flatMap(([exchange, price]) => {
      const old = earlier?.get(exchange);
      return old === undefined ? [] : [{ old, price }];
    });
    if (both.length === 0) continue;
    moves.push({
      pair,
      change: median(both.map(({ old, price }) => price / old - 1)),
      price: median(both.map(({ price }) => price)),
      before: median(both.map(({ old }) => old)),
      exchanges: both.length,
    });
  }
  return moves.sort(
    (a, b) => Math.abs(b.change) - Math.abs(a.change) || (a.pair < b.pair ? -1 : 1),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
