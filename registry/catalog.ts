import type { Clock } from '../core/clock.ts';
import type { Database } from './database.ts';
import { type ExchangeState, listExchanges } from './exchanges.ts';
import { listMarkets, type Market } from './markets.ts';
import { nearNames } from './near.ts';

/** A pair over all exchanges that list it. */
export interface PairEntry {
  /** The series tag, `btcusd`. */
  readonly pair: string;
  readonly base: string;
  readonly quote: string;
  /** Sorted. */
  readonly exchanges: readonly string[];
}

export interface PairFilter {
  /** Part of a pair's name. */
  readonly q?: string | undefined;
  readonly exchange?: string | undefined;
  /** Only pairs that sort behind this one. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface ExchangeEntry {
  readonly exchange: string;
  readonly state: ExchangeState['state'];
  readonly lastSuccessMs: number | undefined;
  readonly lastAttemptMs: number | undefined;
  readonly pausedUntilMs: number | undefined;
  readonly latenessMs: number | undefined;
  readonly rows: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly consecutiveFailures: number;
  readonly error: string | undefined;
}

export interface Catalog {
  /**
   * The exchanges that list this tag, sorted; empty when none does. An answer without `wanted` is
   * never an old one: a market that was just found is there.
   */
  exchangesOf(pair: string, wanted?: string): Promise<readonly string[]>;
  /** Every exchange that lists a market, sorted. One source may speak for several of them. */
  listedExchanges(): Promise<readonly string[]>;
  /** Known tags that look like this one, nearest first. */
  nearPairs(pair: string, limit: number): Promise<readonly string[]>;
  /** Sorted by pair. */
  pairs(filter: PairFilter): Promise<readonly PairEntry[]>;
  /** Sorted by exchange. */
  exchanges(): Promise<readonly ExchangeEntry[]>;
}

export interface CatalogOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** How old the copy of the markets may be. */
  readonly maxAgeMs?: number;
  /** An unknown pair reads again when the copy is older than this: a new market is found soon. */
  readonly missAgeMs?: number;
}

interface Snapshot {
  readonly readAtMs: number;
  readonly pairs: ReadonlyMap<string, PairEntry>;
  /** Sorted. */
  readonly names: readonly string[];
  /** Sorted. */
  readonly exchanges: readonly string[];
}

/**
 * The markets as the API reads them. A request must not cost a query over some 10,000 rows, so the
 * pairs are kept in memory and read again by age, once for all who wait.
 */
export function createCatalog(options: CatalogOptions): Catalog {
  const { database, clock, maxAgeMs = 30_000, missAgeMs = 1_000 } = options;
  let current: Snapshot | undefined;
  let reading: Promise<Snapshot> | undefined;

  function read(): Promise<Snapshot> {
    reading ??= listMarkets(database)
      .then((markets) => {
        current = { readAtMs: clock.monotonicMs(), ...byPair(markets) };
        return current;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  }

  async function fresh(ageMs: number): Promise<Snapshot> {
    const young = current !== undefined && clock.monotonicMs() - current.readAtMs <= ageMs;
    return young ? current! : read();
  }

  return {
    async exchangesOf(pair, wanted) {
      const known = (await fresh(maxAgeMs)).pairs.get(pair)?.exchanges;
      const found = known !== undefined && (wanted === undefined || known.includes(wanted));
      if (found) return known;
      return (await fresh(missAgeMs)).pairs.get(pair)?.exchanges ?? [];
    },
    async listedExchanges() {
      return (await fresh(missAgeMs)).exchanges;
    },
    async nearPairs(pair, limit) {
      return nearNames(pair, (await fresh(maxAgeMs)).names, { limit });
    },
    async pairs(filter) {
      return select(await fresh(missAgeMs), filter);
    },
    async exchanges() {
      return (await listExchanges(database)).map(exchangeEntry);
    },
  };
}

function byPair(markets: readonly Market[]): Omit<Snapshot, 'readAtMs'> {
  const pairs = new Map<string, PairEntry & { exchanges: string[] }>();
  for (const { pair, base, quote, exchange } of markets) {
    const entry = pairs.get(pair);
    // Markets come by exchange, so the list is sorted; an exchange has a pair once.
    if (entry === undefined) pairs.set(pair, { pair, base, quote, exchanges: [exchange] });
    else entry.exchanges.push(exchange);
  }
  const exchanges = [...new Set(markets.map(({ exchange }) => exchange))].sort();
  return { pairs, names: [...pairs.keys()].sort(), exchanges };
}

function select({ names, pairs }: Snapshot, filter: PairFilter): PairEntry[] {
  const { q = '', exchange, after = '', limit } = filter;
  const part = q.toLowerCase();
  const found: PairEntry[] = [];
  for (const name of names) {
    if (found.length >= limit) break;
    const entry = pairs.get(name)!;
    const listed = exchange === undefined || entry.exchanges.includes(exchange);
    if (name > after && name.includes(part) && listed) found.push(entry);
  }
  return found;
}

function exchangeEntry(state: ExchangeState): ExchangeEntry {
  return {
    exchange: state.exchange,
    state: state.state,
    lastSuccessMs: state.lastSuccessMs ?? undefined,
    lastAttemptMs: state.lastAttemptMs ?? undefined,
    pausedUntilMs: state.pausedUntilMs ?? undefined,
    latenessMs: state.latenessMs ?? undefined,
    rows: state.rows,
    dropped: state.dropped,
    consecutiveFailures: state.consecutiveFailures,
    error: state.lastError ?? undefined,
  };
}
