import type { Clock } from '../../core/clock.ts';
import { pairOf } from '../../core/pair.ts';
import type { MarketRef } from './adapter.ts';

/** Names the series of markets, so that two symbols of one exchange never share one. */
export interface MarketDirectory {
  /**
   * The `pair` tag of each row, by symbol, among those of other markets of the exchange; markets it
   * has no answer for are absent. The same object as last time unless a tag has changed.
   * @throws whatever the registry throws, when none of the rows is known yet.
   */
  resolve(rows: readonly MarketRef[]): Promise<ReadonlyMap<string, string>>;
}

/** A market to register, under its exchange. */
export interface MarketListing {
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
}

/** Registers markets of one exchange for good; answers the tag of each. */
export type EnsureMarkets = (
  exchange: string,
  markets: readonly MarketListing[],
) => Promise<readonly { readonly symbol: string; readonly pair: string }[]>;

export interface DirectoryOptions {
  readonly clock: Clock;
  readonly ensureMarkets: EnsureMarkets;
  /** Told of each market whose plain name another symbol had already. */
  readonly onClash?: (exchange: string) => void;
  /** Told when the registry failed but the rows that are known go on. */
  readonly onTrouble?: (error: unknown) => void;
}

/** The registry notes when a market was last seen: told this often, not at every poll. */
const SEEN_MS = 3_600_000;

interface Known {
  readonly tags: ReadonlyMap<string, string>;
  readonly seenMs: number;
}

/** Remembers every market it was ever told; the registry is asked for new ones alone. */
export function createMarketDirectory(options: DirectoryOptions): MarketDirectory {
  const known = new Map<string, Known>();

  const register = async (exchange: string, rows: readonly MarketRef[]): Promise<void> => {
    const nowMs = options.clock.nowMs();
    const old = known.get(exchange);
    const due = old === undefined || nowMs - old.seenMs >= SEEN_MS;
    const asked = due ? rows : rows.filter((row) => !old.tags.has(row.symbol));
    if (asked.length === 0) return;
    const list = asked.map(({ symbol, base, quote }) => ({ symbol, base, quote }));
    const named = await options.ensureMarkets(exchange, list);
    const plain = new Map(asked.map((row) => [row.symbol, pairOf(row.base, row.quote)]));
    // Not what was known before the question: somebody else may have asked meanwhile.
    const had = known.get(exchange)?.tags ?? NO_TAGS;
    for (const { symbol, pair } of named) {
      if (!had.has(symbol) && plain.get(symbol) !== pair) options.onClash?.(exchange);
    }
    const told = named.filter(({ symbol, pair }) => had.get(symbol) !== pair);
    const more = told.map(({ symbol, pair }) => [symbol, pair] as const);
    const tags = more.length === 0 ? had : new Map([...had, ...more]);
    known.set(exchange, { tags, seenMs: due ? nowMs : old.seenMs });
  };
  const ofOne = ([first]: readonly MarketRef[]) =>
    known.get(first?.exchange ?? '')?.tags ?? NO_TAGS;
  /** A map of its own each time: what one exchange calls so may be another market elsewhere. */
  const ofSeveral = (rows: readonly MarketRef[]) => {
    const tags = new Map<string, string>();
    for (const { exchange, symbol } of rows) {
      const pair = known.get(exchange)?.tags.get(symbol);
      if (pair !== undefined) tags.set(symbol, pair);
    }
    return tags;
  };
  return {
    async resolve(rows) {
      const groups = byExchange(rows);
      const jobs = [...groups].map(([exchange, list]) => register(exchange, list));
      const failed = (await Promise.allSettled(jobs)).find((job) => job.status === 'rejected');
      const tags = groups.size === 1 ? ofOne(rows) : ofSeveral(rows);
      if (failed && !rows.some(({ symbol }) => tags.has(symbol))) throw failed.reason;
      if (failed) options.onTrouble?.(failed.reason);
      return tags;
    },
  };
}

const NO_TAGS: ReadonlyMap<string, string> = new Map();

function byExchange(rows: readonly MarketRef[]): Map<string, readonly MarketRef[]> {
  const first = rows[0]?.exchange;
  if (first !== undefined && rows.every(({ exchange }) => exchange === first)) {
    return new Map([[first, rows]]);
  }
  const groups = new Map<string, MarketRef[]>();
  for (const row of rows) {
    const group = groups.get(row.exchange);
    if (group) group.push(row);
    else groups.set(row.exchange, [row]);
  }
  return groups;
}
