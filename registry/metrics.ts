import { z } from 'zod';
import { TidemarkError } from '../core/errors.ts';
import { type Database, type Queries, rowsOf, type Transaction } from './database.ts';
import { notifyChoices } from './exchange-choices.ts';

/** What can be asked of a pair. */
export const metricKinds = ['price', 'volume', 'bid', 'ask', 'spread'] as const;
export type MetricKind = (typeof metricKinds)[number];

const entry = z.object({
  /** For ever: it is never given to another. */
  id: z.int(),
  /** The series tag, `btcusd`. */
  pair: z.string(),
  /** As people write it, `BTC/USD`: a spelling that leads to this pair and no other. */
  name: z.string(),
  metric: z.enum(metricKinds),
});

export type MetricEntry = z.infer<typeof entry>;

/**
 * `BTC/USD`, also for a pair that is `ab-cusd` because of a clash. Where that spelling means another
 * pair (one that did clash), or the tag has a number, the tag itself is the name.
 */
const NAME = `case
    when metrics.pair = base || '-' || quote then upper(base || '/' || quote)
    when metrics.pair = base || quote and not exists (
      select from metrics as clashed where clashed.pair = metrics.base || '-' || metrics.quote
    ) then upper(base || '/' || quote)
    else upper(metrics.pair)
  end`;

const COLUMNS = `id, metrics.pair, ${NAME} as name, metric`;

export interface MetricFilter {
  /** Tags; undefined: all. */
  readonly pairs?: readonly string[] | undefined;
  readonly metric?: MetricKind | undefined;
  /** Only those behind this one. */
  readonly afterId?: number | undefined;
  readonly limit: number;
}

/** Those that are on, by id. */
export async function listMetrics(queries: Queries, filter: MetricFilter): Promise<MetricEntry[]> {
  const rows = await queries.query(
    `select ${COLUMNS} from metrics
     where enabled and id > $1 and ($2::text[] is null or metrics.pair = any($2))
       and ($3::text is null or metric = $3)
     order by id limit $4`,
    [filter.afterId ?? 0, filter.pairs ?? null, filter.metric ?? null, filter.limit],
  );
  return rowsOf(entry, rows);
}

/** Undefined: there is none, or it is off. */
export async function findMetric(queries: Queries, id: number): Promise<MetricEntry | undefined> {
  const rows = await queries.query(`select ${COLUMNS} from metrics where id = $1 and enabled`, [
    id,
  ]);
  return rowsOf(entry, rows)[0];
}

/** Tags of the pairs that are not to be recorded. */
export async function listOffPairs(queries: Queries): Promise<string[]> {
  const rows = await queries.query(
    "select pair from metrics where metric = 'price' and not enabled order by pair",
  );
  return rowsOf(z.object({ pair: z.string() }), rows).map(({ pair }) => pair);
}

export interface AddedMetric {
  readonly entry: MetricEntry;
  /** False: it was there and on already. */
  readonly added: boolean;
}

/**
 * Switches a metric of a known pair on, under the number that it had if it was there before.
 * @throws TidemarkError `not-found` for a tag that no exchange has listed yet, `conflict` for
 * another metric of a pair whose price is off.
 */
export async function addMetric(
  database: Database,
  { pair, metric }: { readonly pair: string; readonly metric: MetricKind },
): Promise<AddedMetric> {
  return database.transaction(async (transaction) => {
    // Also keeps two callers from adding the same one at once.
    const [price] = await transaction.query(
      "select enabled from metrics where pair = $1 and metric = 'price' for update",
      [pair],
    );
    if (price === undefined) throw new TidemarkError('not-found', `no pair ${pair}`);
    if (metric !== 'price' && price.enabled !== true) {
      throw new TidemarkError('conflict', `${pair} is switched off: add its price first`);
    }
    const rows = await transaction.query(
      `insert into metrics (pair, base, quote, metric)
       select pair, base, quote, $2 from metrics where pair = $1 and metric = 'price'
         and not exists (select from metrics as same where same.pair = $1 and same.metric = $2)
       returning id`,
      [pair, metric],
    );
    const changed = await transaction.query(
      `update metrics set enabled = true where pair = $1 and metric = $2 and not enabled
       returning id`,
      [pair, metric],
    );
    const added = rows.length + changed.length > 0;
    if (metric === 'price' && added) await notifyChoices(transaction);
    return { entry: await oneOf(transaction, pair, metric), added };
  });
}

async function oneOf(queries: Queries, pair: string, metric: MetricKind): Promise<MetricEntry> {
  const rows = await queries.query(
    `select ${COLUMNS} from metrics where metrics.pair = $1 and metric = $2`,
    [pair, metric],
  );
  return rowsOf(entry, rows)[0]!;
}

/**
 * Switches a metric off; with a price everything of its pair. Stored points stay.
 * @returns false when there is none, or it is off already
 */
export async function removeMetric(database: Database, id: number): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const rows = await transaction.query(
      'update metrics set enabled = false where id = $1 and enabled returning pair, metric',
      [id],
    );
    const [gone] = rowsOf(z.object({ pair: z.string(), metric: z.enum(metricKinds) }), rows);
    if (gone?.metric === 'price') {
      await transaction.query('update metrics set enabled = false where pair = $1', [gone.pair]);
      await notifyChoices(transaction);
    }
    return gone !== undefined;
  });
}

/** A pair and how its name is cut. */
export interface NamedPair {
  readonly pair: string;
  readonly base: string;
  readonly quote: string;
}

/**
 * Gives each new pair its price metric, numbered in the order of the list; pairs that have one
 * keep it, on or off. Part of registering markets.
 */
export async function registerPairs(
  transaction: Transaction,
  pairs: readonly NamedPair[],
): Promise<void> {
  if (pairs.length === 0) return;
  // One at a time: two that insert the same pairs in two orders would wait for each other for ever.
  await transaction.query("select pg_advisory_xact_lock(hashtextextended('metrics', 0))");
  await transaction.query(
    `insert into metrics (pair, base, quote, metric)
     select pair, base, quote, 'price'
     from unnest($1::text[], $2::text[], $3::text[]) with ordinality
       as found (pair, base, quote, place)
     where not exists (
       select from metrics as known where known.pair = found.pair and known.metric = 'price'
     )
     order by place
     on conflict (pair, metric) do nothing`,
    [pairs.map(({ pair }) => pair), pairs.map(({ base }) => base), pairs.map(({ quote }) => quote)],
  );
}
