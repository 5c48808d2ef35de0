import type { Clock } from '../../core/clock.ts';
import { pairOf } from '../../core/pair.ts';
import type { MarketRef } from './adapter.ts';

/** Names the series of markets, so that two symbols of one exchange never share one. */
export interface MarketDirectory {
  /**
   * The `pair` tag of each row, by symbol. Markets it has no answer for are absent.
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
  readonly tags: Map<string, string>;
  seenMs: number;
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
    const tags = old?.tags ?? new Map<string, string>();
    for (const { symbol, pair } of named) {
      if (!tags.has(symbol) && plain.get(symbol) !== pair) options.onClash?.(exchange);
      tags.set(symbol, pair);
    }
    known.set(exchange, { tags, seenMs: due ? nowMs : old.seenMs });
  };
  return {
    async resolve(rows) {
      const jobs = [...byExchange(rows)].map(([exchange, list]) => register(exchange, list));
      const failed = (await Promise.allSettled(jobs)).find((job) => job.status === 'rejected');
      const tags = new Map<string, string>();
      for (const { exchange, symbol } of rows) {
        const pair = known.get(exchange)?.tags.get(symbol);
        if (pair !== undefined) tags.set(symbol, pair);
      }
      if (failed && tags.size === 0) throw failed.reason;
      if (failed) options.onTrouble?.(failed.reason);
      return tags;
    },
  };
}

function byExchange(rows: readonly MarketRef[]): Map<string, MarketRef[]> {
  const groups = new Map<string, MarketRef[]>();
  for (const row of rows) {
    const group = groups.get(row.exchange);
    if (group) group.push(row);
    else groups.set(row.exchange, [row]);
  }
  return groups;
}
