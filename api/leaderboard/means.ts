import type { RankWindow } from '../../core/rollups.ts';
import { hasWholeSteps, momentPoints, type RankQueries } from '../../flux/rank-queries.ts';
import type { Influx } from '../contract.ts';
import { pickRows } from '../rows/store.ts';

/** All prices of a market or pair in a window. */
export interface Prices {
  readonly sum: number;
  readonly count: number;
}

export interface MeansOptions {
  readonly influx: Influx;
  readonly queries: RankQueries;
}

/** The parts that a market's mean is made of, by name. */
type Parts = Record<string, number>;

const LABELS = ['exchange', 'pair', 'part', '_value'] as const;
/** Names of exchanges and pairs have no control characters. */
const SEPARATOR = '\n';

export function marketKey(exchange: string, pair: string): string {
  return exchange + SEPARATOR + pair;
}

/**
 * The prices of every market of a window, by `marketKey`, from the moments; where those are not
 * whole, as in the first hours of an installation, or the window ends within a step of them, from
 * the prices themselves.
 */
export async function readMeans(
  options: MeansOptions,
  window: RankWindow,
  endMs: number,
): Promise<ReadonlyMap<string, Prices>> {
  const { queries } = options;
  if (hasWholeSteps(window, endMs)) {
    const found = await readMoments(options, window, endMs);
    if (found !== undefined) return found;
  }
  const raw = await readParts(options, queries.rawMeans(window, endMs));
  return mapped(raw, ({ mean = Number.NaN, count = 0 }) => ({ sum: mean * count, count }));
}

/** Undefined where steps are missing. */
async function readMoments(
  options: MeansOptions,
  window: RankWindow,
  endMs: number,
): Promise<ReadonlyMap<string, Prices> | undefined> {
  const { queries } = options;
  const [moments, regular] = await Promise.all([
    readParts(options, queries.means(window, endMs)),
    readRegular(options, window),
  ]);
  const points = Math.max(0, ...[...moments.values()].map(({ count = 0 }) => count));
  if (regular === undefined || points !== momentPoints(window)) return undefined;
  return mapped(moments, (parts) => fromMoments(parts, regular));
}

/**
 * Every step counts as if it had `regular` prices; the deficits tell how many it lacks, and their
 * sum, which is cut into `a` and `r` (core/measurements.ts).
 */
function fromMoments(parts: Parts, regular: number): Prices {
  const { mean = Number.NaN, count = 0, n = 0, a = 0, r = 0 } = parts;
  const all = (count / 2) * regular;
  return { sum: mean * all - (a + r), count: all - n };
}

function mapped<T, U>(from: ReadonlyMap<string, T>, change: (value: T) => U): Map<string, U> {
  return new Map([...from].map(([key, value]) => [key, change(value)]));
}

async function readParts({ influx }: MeansOptions, flux: string): Promise<Map<string, Parts>> {
  const markets = new Map<string, Parts>();
  // Many callers wait for this one query: none of them may cancel it.
  const { signal } = new AbortController();
  for await (const { rows, indexes } of pickRows(influx, flux, LABELS, signal)) {
    for (const row of rows) {
      const [exchange = '', pair = '', part = '', value = ''] = indexes.map((at) => row[at]);
      const key = marketKey(exchange, pair);
      const parts = markets.get(key) ?? {};
      parts[part] = Number(value);
      markets.set(key, parts);
    }
  }
  return markets;
}

async function readRegular(
  { influx, queries }: MeansOptions,
  window: RankWindow,
): Promise<number | undefined> {
  const { signal } = new AbortController();
  for await (const { rows, indexes } of pickRows(
    influx,
    queries.regular(window),
    ['_value'],
    signal,
  )) {
    const cell = rows.at(-1)?.[indexes[0] ?? 0];
    if (cell) return Number(cell);
  }
  return undefined;
}
