import { z } from 'zod';
import { TidemarkError } from '../core/errors.ts';
import { type Database, type Queries, rowsOf, type Transaction } from './database.ts';
import { registerPairs } from './metrics.ts';
import { msColumn } from './sql-values.ts';

/** A market as its exchange's adapter understands it. Base and quote in any case. */
export interface MarketName {
  /** The exchange's own. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
}

const market = z.object({
  exchange: z.string(),
  symbol: z.string(),
  base: z.string(),
  quote: z.string(),
  /** The tag of its series: base + quote, or base-quote where another symbol has that. */
  pair: z.string(),
  clashed: z.boolean(),
  firstSeenMs: z.number(),
  lastSeenMs: z.number(),
});

export type Market = z.infer<typeof market>;

const COLUMNS = `exchange, symbol, base, quote, pair, clashed,
  ${msColumn('first_seen', 'firstSeenMs')},
  ${msColumn('last_seen', 'lastSeenMs')}`;

/** `last_seen` is for people: once an hour is enough, and spares a write of every row a minute. */
const SEEN_STEP = '1 hour';

const NAME_LENGTH_MAX = 200;

/**
 * Makes sure that every symbol of the list is a market of the exchange, and returns them all, in
 * the order of the list. A market keeps its pair for ever; two symbols of an exchange never share
 * one: the second gets `base-quote`, a third `base-quote-2`. A pair that is new everywhere gets its
 * price metric (metrics.ts). Any number of workers may call it at once and get the same answer.
 * Refuses names that are empty, too long or hold control characters (`invalid`): an adapter must
 * have dropped those.
 */
export async function ensureMarkets(
  database: Database,
  exchange: string,
  list: readonly MarketName[],
): Promise<Market[]> {
  const wanted = new Map<string, MarketName>();
  for (const name of list) if (!wanted.has(name.symbol)) wanted.set(name.symbol, checked(name));
  if (wanted.size === 0) return [];
  const found = await database.transaction(async (transaction) => {
    await transaction.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `markets:${exchange}`,
    ]);
    const known = await touch(transaction, exchange, [...wanted.keys()]);
    const missing = [...wanted.values()].filter(({ symbol }) => !known.has(symbol));
    for (const row of await insert(transaction, exchange, missing)) known.set(row.symbol, row);
    return known;
  });
  return [...wanted.keys()].map((symbol) => found.get(symbol)!);
}

/** Every market, or those of one exchange, by exchange and symbol. */
export async function listMarkets(queries: Queries, exchange?: string): Promise<Market[]> {
  const rows = await queries.query(
    `select ${COLUMNS} from markets where $1::text is null or exchange = $1
     order by exchange, symbol`,
    [exchange ?? null],
  );
  return rowsOf(market, rows);
}

const clashes = z.object({ exchange: z.string(), count: z.int() });

/** How many symbols of each exchange had to take another pair than base + quote. */
export async function countClashes(queries: Queries): Promise<ReadonlyMap<string, number>> {
  const rows = await queries.query(
    `select exchange, (count(*) filter (where clashed))::int as count
     from markets group by exchange order by exchange`,
  );
  return new Map(rowsOf(clashes, rows).map((row) => [row.exchange, row.count]));
}

async function touch(
  transaction: Transaction,
  exchange: string,
  symbols: readonly string[],
): Promise<Map<string, Market>> {
  await transaction.query(
    `update markets set last_seen = now()
     where exchange = $1 and symbol = any($2::text[]) and last_seen < now() - $3::interval`,
    [exchange, symbols, SEEN_STEP],
  );
  const rows = await transaction.query(
    `select ${COLUMNS} from markets where exchange = $1 and symbol = any($2::text[])`,
    [exchange, symbols],
  );
  return new Map(rowsOf(market, rows).map((row) => [row.symbol, row]));
}

async function insert(
  transaction: Transaction,
  exchange: string,
  missing: readonly MarketName[],
): Promise<Market[]> {
  if (missing.length === 0) return [];
  const rows = await transaction.query('select pair from markets where exchange = $1', [exchange]);
  const taken = new Set(rowsOf(z.object({ pair: z.string() }), rows).map(({ pair }) => pair));
  const chosen = missing.map((name) => {
    const pair = freePair(name, taken);
    taken.add(pair);
    return { ...name, pair, clashed: pair !== name.base + name.quote };
  });
  const inserted = await transaction.query(
    `insert into markets (exchange, symbol, base, quote, pair, clashed)
     select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[])
     returning ${COLUMNS}`,
    [
      exchange,
      chosen.map(({ symbol }) => symbol),
      chosen.map(({ base }) => base),
      chosen.map(({ quote }) => quote),
      chosen.map(({ pair }) => pair),
      chosen.map(({ clashed }) => clashed),
    ],
  );
  const added = rowsOf(market, inserted);
  await registerPairs(transaction, chosen);
  return added;
}

function freePair({ base, quote }: MarketName, taken: ReadonlySet<string>): string {
  const short = base + quote;
  if (!taken.has(short)) return short;
  const long = `${base}-${quote}`;
  for (let number = 1; ; number++) {
    const pair = number === 1 ? long : `${long}-${number}`;
    if (!taken.has(pair)) return pair;
  }
}

function checked(name: MarketName): MarketName {
  for (const [key, value] of Object.entries(name)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point.
    if (value === '' || value.length > NAME_LENGTH_MAX || /[\u0000-\u001f\u007f]/.test(value)) {
      throw new TidemarkError(
        'invalid',
        `market ${JSON.stringify(name.symbol)}: ${key} must be 1 to ${NAME_LENGTH_MAX} ` +
          'characters without control characters',
      );
    }
  }
  return { symbol: name.symbol, base: name.base.toLowerCase(), quote: name.quote.toLowerCase() };
}
