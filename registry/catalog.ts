import type { Clock } from '../core/clock.ts';
import type { Database } from './database.ts';
import {
  type ExchangePlan,
  listExchangeChoices,
  type PriceDefaults,
  planExchanges,
  readPriceDefaults,
} from './exchange-choices.ts';
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

export interface ExchangeEntry extends ExchangePlan {
  /** `off` when it is not to run. */
  readonly state: ExchangeState['state'] | 'off';
  readonly lastSuccessMs: number | undefined;
  readonly lastAttemptMs: number | undefined;
  readonly pausedUntilMs: number | undefined;
  readonly latenessMs: number | undefined;
  /** Whether the last success came from its stream, wholly or in part. */
  readonly streaming: boolean;
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
  /** Those that run, ran once, or were chosen, on or off; by name. Never an old answer. */
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
    exchanges: () => readExchanges(database),
  };
}

/** The pair as most of its exchanges cut it: `ba|tusd` of one does not stand against `bat|usd`. */
function agreed<T extends PairEntry>(entry: T, cuts: ReadonlyMap<string, number>): T {
  const [most = ''] = [...cuts].sort(([, one], [, other]) => other - one)[0] ?? [];
  const [base = entry.base, quote = entry.quote] = most.split(' ');
  return { ...entry, base, quote };
}

function byPair(markets: readonly Market[]): Omit<Snapshot, 'readAtMs'> {
  const pairs = new Map<string, PairEntry & { exchanges: string[] }>();
  const cutsOf = new Map<string, Map<string, number>>();
  for (const { pair, base, quote, exchange } of markets) {
    const entry = pairs.get(pair);
    // Markets come by exchange, so the list is sorted; an exchange has a pair once.
    if (entry === undefined) pairs.set(pair, { pair, base, quote, exchanges: [exchange] });
    else entry.exchanges.push(exchange);
    const cut = `${base} ${quote}`;
    const cuts = cutsOf.get(pair) ?? new Map<string, number>();
    cutsOf.set(pair, cuts.set(cut, (cuts.get(cut) ?? 0) + 1));
  }
  for (const [pair, cuts] of cutsOf)
    if (cuts.size > 1) pairs.set(pair, agreed(pairs.get(pair)!, cuts));
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

const PACE = { intervalMs: 60_000, mode: 'poll' } as const;

async function readExchanges(database: Database): Promise<ExchangeEntry[]> {
  const [states, choices, settings] = await Promise.all([
    listExchanges(database),
    listExchangeChoices(database),
    readPriceDefaults(database),
  ]);
  const names = states.map(({ exchange }) => exchange);
  // Without settings nothing says that one is off.
  const known: PriceDefaults = settings ?? { exchanges: names, ...PACE };
  const plans = new Map(planExchanges(known, choices).map((plan) => [plan.exchange, plan]));
  const stateOf = new Map(states.map((state) => [state.exchange, state]));
  return [...new Set([...names, ...plans.keys()])].sort().map((exchange) => {
    const plan = plans.get(exchange) ?? { ...known, exchange, enabled: false };
    return exchangeEntry(plan, stateOf.get(exchange));
  });
}

function exchangeEntry(plan: ExchangePlan, state: ExchangeState | undefined): ExchangeEntry {
  const { exchange, enabled, intervalMs, mode } = plan;
  return {
    exchange,
    enabled,
    intervalMs,
    mode,
    state: enabled ? (state?.state ?? 'starting') : 'off',
    lastSuccessMs: state?.lastSuccessMs ?? undefined,
    lastAttemptMs: state?.lastAttemptMs ?? undefined,
    pausedUntilMs: state?.pausedUntilMs ?? undefined,
    latenessMs: state?.latenessMs ?? undefined,
    streaming: state?.streaming ?? false,
    rows: state?.rows ?? 0,
    dropped: state?.dropped ?? {},
    consecutiveFailures: state?.consecutiveFailures ?? 0,
    error: state?.lastError ?? undefined,
  };
}
