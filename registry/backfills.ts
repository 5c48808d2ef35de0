import { z } from 'zod';
import { type Database, type Queries, rowsOf, type Transaction } from './database.ts';
import { jsonOf, msColumn, timeOf } from './sql-values.ts';

/** Half open, ms since the epoch. */
export interface BackfillRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A market to fill, before anything is done. Base and quote are those of the registry. */
export interface BackfillMarket {
  readonly adapter: string;
  readonly exchange: string;
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly pair: string;
  readonly stepMs: number;
  readonly range: BackfillRange;
}

export interface NewBackfill {
  /** One spelling of what is asked. */
  readonly key: string;
  readonly cause: 'request' | 'gap';
  readonly range: BackfillRange;
  readonly notes: readonly string[];
  /** In the order in which they are to be worked on, each market once. */
  readonly markets: readonly BackfillMarket[];
}

/** int8 arrives as a number. */
const id = z.int();
const ms = z.number();

const part = z.object({
  backfill: id,
  adapter: z.string(),
  exchange: z.string(),
  symbol: z.string(),
  base: z.string(),
  quote: z.string(),
  pair: z.string(),
  stepMs: z.int(),
  toMs: ms,
  doneUntilMs: ms,
  /** The last price at `doneUntilMs`; null: none is known. */
  carry: z.string().nullable(),
});

/** A market that somebody works on now. */
export type BackfillPart = z.infer<typeof part>;

/** Notified whenever somebody asks for a backfill. */
export const BACKFILLS_CHANNEL = 'tidemark_backfills';

/** Bounds what one statement carries. */
const INSERT_ROWS_MAX = 5_000;
const ERROR_LENGTH_MAX = 300;

/**
 * Asks for a backfill. The same asked again while it is open goes on with it: its markets keep what
 * is done and reach to the new end; those that failed are tried again.
 */
export async function openBackfill(
  database: Database,
  wanted: NewBackfill,
): Promise<{ readonly id: number; readonly resumed: boolean }> {
  return database.transaction(async (transaction) => {
    await transaction.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `backfill:${wanted.key}`,
    ]);
    const { fromMs, toMs } = wanted.range;
    const updated = await transaction.query(
      `update backfills set to_time = greatest(to_time, ${timeOf('$2')}), notes = $3::jsonb
       where key = $1 and state = 'open' returning id`,
      [wanted.key, toMs, jsonOf(wanted.notes)],
    );
    const found = idOf(updated);
    const backfill =
      found ??
      idOf(
        await transaction.query(
          `insert into backfills (key, cause, from_time, to_time, notes, state)
           values ($1, $2, ${timeOf('$3')}, ${timeOf('$4')}, $5::jsonb, 'open') returning id`,
          [wanted.key, wanted.cause, fromMs, toMs, jsonOf(wanted.notes)],
        ),
      )!;
    for (let at = 0; at < wanted.markets.length; at += INSERT_ROWS_MAX) {
      const markets = wanted.markets.slice(at, at + INSERT_ROWS_MAX);
      await addParts(transaction, { backfill, first: at, markets });
    }
    await transaction.query("select pg_notify($1, '')", [BACKFILLS_CHANNEL]);
    return { id: backfill, resumed: found !== undefined };
  });
}

function idOf(rows: Awaited<ReturnType<Queries['query']>>): number | undefined {
  return rowsOf(z.object({ id }), rows)[0]?.id;
}

async function addParts(
  transaction: Transaction,
  { backfill, first, markets }: AddedParts,
): Promise<void> {
  const column = <T>(read: (market: BackfillMarket) => T) => markets.map(read);
  await transaction.query(
    `insert into backfill_parts (backfill, adapter, exchange, symbol, base, quote, pair, position,
       step_ms, from_time, to_time, done_until, state)
     select $1::bigint, adapter, exchange, symbol, base, quote, pair, $2::int + ordinal::int, step,
       to_timestamp(start / 1000), to_timestamp(stop / 1000), to_timestamp(start / 1000), 'open'
     from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
         $9::bigint[], $10::float8[], $11::float8[]) with ordinality
       as t (adapter, exchange, symbol, base, quote, pair, step, start, stop, ordinal)
     on conflict (backfill, exchange, symbol) do update set
       to_time = greatest(backfill_parts.to_time, excluded.to_time), error = null,
       state = case when backfill_parts.state = 'failed'
         or excluded.to_time > backfill_parts.done_until then 'open'
         else backfill_parts.state end`,
    [
      backfill,
      first,
      column((market) => market.adapter),
      column((market) => market.exchange),
      column((market) => market.symbol),
      column((market) => market.base),
      column((market) => market.quote),
      column((market) => market.pair),
      column((market) => market.stepMs),
      column((market) => market.range.fromMs),
      column((market) => market.range.toMs),
    ],
  );
}

interface AddedParts {
  readonly backfill: number;
  /** Position of the first one. */
  readonly first: number;
  readonly markets: readonly BackfillMarket[];
}

/** Which work is meant: all of an adapter's, or that of one backfill alone. */
export interface WorkFilter {
  readonly adapter: string;
  readonly backfill?: number | undefined;
}

/** Who works, and for how long the others keep away from what it holds. */
export interface Lease {
  /** Of one process: two workers never share one. */
  readonly owner: string;
  readonly leaseMs: number;
}

const until = (parameter: string) => `now() + ${parameter}::float8 * interval '1 millisecond'`;

/**
 * The next market of an adapter to work on; undefined when there is none, or when another process
 * works on this adapter: two would ask twice as often as the exchange allows. Backfills take turns
 * (by position), so that a small one does not wait for the end of a large one.
 */
export async function claimPart(
  database: Database,
  { adapter, backfill }: WorkFilter,
  { owner, leaseMs }: Lease,
): Promise<BackfillPart | undefined> {
  return database.transaction(async (transaction) => {
    await transaction.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `backfill-adapter:${adapter}`,
    ]);
    const rows = await transaction.query(
      `update backfill_parts set lease_owner = $2, lease_until = ${until('$3')}
       where (backfill, exchange, symbol) in (
         select backfill, exchange, symbol from backfill_parts
         where adapter = $1 and state = 'open' and ($4::bigint is null or backfill = $4)
           and not exists (
           select from backfill_parts held
           where held.adapter = $1 and held.state = 'open'
             and held.lease_owner <> $2 and held.lease_until > now())
         order by position, backfill desc limit 1 for update skip locked)
       returning backfill, adapter, exchange, symbol, base, quote, pair, carry,
         step_ms as "stepMs", ${msColumn('to_time', 'toMs')},
         ${msColumn('done_until', 'doneUntilMs')}`,
      [adapter, owner, leaseMs, backfill ?? null],
    );
    return rowsOf(part, rows)[0];
  });
}

type PartKey = Pick<BackfillPart, 'backfill' | 'exchange' | 'symbol'>;

export interface PartProgress extends Lease {
  readonly doneUntilMs: number;
  readonly carry: string | null;
  /** More of each since the last time. */
  readonly requests: number;
  readonly candles: number;
  readonly rows: number;
}

/**
 * Notes how far a market is and holds it for longer. A market that is done to its end is done.
 * False when another has taken it over, or it is cancelled: then it is to be left. A lease that ran
 * out while nobody did is as good as one that did not.
 */
export async function savePart(
  queries: Queries,
  key: PartKey,
  progress: PartProgress,
): Promise<boolean> {
  const rows = await queries.query(
    `update backfill_parts set done_until = ${timeOf('$5')}, carry = $6, lease_until = ${until('$7')},
       requests = requests + $8, candles = candles + $9, rows = rows + $10,
       state = case when to_time <= ${timeOf('$5')} then 'done' else 'open' end
     where backfill = $1 and exchange = $2 and symbol = $3 and lease_owner = $4 and state = 'open'
     returning 1 as one`,
    [
      key.backfill,
      key.exchange,
      key.symbol,
      progress.owner,
      progress.doneUntilMs,
      progress.carry,
      progress.leaseMs,
      progress.requests,
      progress.candles,
      progress.rows,
    ],
  );
  return rows.length === 1;
}

/**
 * Lets go of everything that an owner holds: others may go on with it at once. Without an owner, of
 * all that anybody holds, for whoever knows that nobody else is there.
 */
export async function releaseParts(queries: Queries, owner?: string): Promise<void> {
  await queries.query(
    `update backfill_parts set lease_owner = null, lease_until = null
     where state = 'open' and lease_owner is not null and ($1::text is null or lease_owner = $1)`,
    [owner ?? null],
  );
}

/** Adapters of a backfill that somebody works on, for this backfill or another, by name. */
export async function heldAdapters(queries: Queries, backfill: number): Promise<string[]> {
  const rows = await queries.query(
    `select distinct adapter from backfill_parts held
     where state = 'open' and lease_until > now() and exists (
       select from backfill_parts own
       where own.backfill = $1 and own.adapter = held.adapter and own.state = 'open')
     order by adapter`,
    [backfill],
  );
  return rowsOf(z.object({ adapter: z.string() }), rows).map(({ adapter }) => adapter);
}

/** Ends a market that cannot be filled. What was done of it stays. */
export async function failPart(queries: Queries, key: PartKey, error: string): Promise<void> {
  await queries.query(
    `update backfill_parts set state = 'failed', error = $4
     where backfill = $1 and exchange = $2 and symbol = $3 and state = 'open'`,
    [key.backfill, key.exchange, key.symbol, shortError(error)],
  );
}

/** Ends all that is left to ask of an adapter; how many markets that were. */
export async function failAdapter(
  queries: Queries,
  { adapter, backfill }: WorkFilter,
  error: string,
): Promise<number> {
  const rows = await queries.query(
    `update backfill_parts set state = 'failed', error = $2
     where adapter = $1 and state = 'open' and ($3::bigint is null or backfill = $3)
     returning 1 as one`,
    [adapter, shortError(error), backfill ?? null],
  );
  return rows.length;
}

function shortError(error: string): string {
  return error.replaceAll('\0', '').slice(0, ERROR_LENGTH_MAX);
}

/** Adapters with something left to do, in one backfill or in any, by name. */
export async function openAdapters(queries: Queries, backfill?: number): Promise<string[]> {
  const rows = await queries.query(
    `select distinct adapter from backfill_parts
     where state = 'open' and ($1::bigint is null or backfill = $1) order by adapter`,
    [backfill ?? null],
  );
  return rowsOf(z.object({ adapter: z.string() }), rows).map(({ adapter }) => adapter);
}

const KEPT = '7 days';

/**
 * Closes the backfills of which nothing is left, and forgets those that were closed long ago.
 * Returns the ids of the closed.
 */
export async function closeBackfills(queries: Queries): Promise<number[]> {
  const rows = await queries.query(
    `update backfills set state = 'done', finished = now()
     where state = 'open' and not exists (
       select from backfill_parts where backfill = backfills.id and state = 'open')
     returning id`,
  );
  await queries.query('delete from backfills where finished < now() - $1::interval', [KEPT]);
  return rowsOf(z.object({ id }), rows).map((row) => row.id);
}

/** Stops a backfill; its points stay. False when it was not open. */
export async function cancelBackfill(database: Database, backfill: number): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const rows = await transaction.query(
      `update backfills set state = 'cancelled', finished = now()
       where id = $1 and state = 'open' returning id`,
      [backfill],
    );
    await transaction.query(
      `update backfill_parts set state = 'cancelled' where backfill = $1 and state = 'open'`,
      [rows.length === 0 ? null : backfill],
    );
    return rows.length === 1;
  });
}
