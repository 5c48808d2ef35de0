import { z } from 'zod';
import { type Queries, rowsOf } from './database.ts';
import { msColumn, timeOf } from './sql-values.ts';

const ms = z.number();
const count = z.int();

const lane = z.object({
  backfill: count,
  exchange: z.string(),
  adapter: z.string(),
  markets: count,
  done: count,
  failed: count,
  /** Of all markets together, done or not. */
  minutes: count,
  minutesDone: count,
  requests: count,
  candles: count,
  /** Points written. */
  rows: count,
  /** Of one that failed. */
  error: z.string().nullable(),
});

/** How far a backfill is on one exchange. */
export type BackfillLane = z.infer<typeof lane>;

const head = z.object({
  id: count,
  cause: z.enum(['request', 'gap']),
  state: z.enum(['open', 'done', 'cancelled']),
  fromMs: ms,
  toMs: ms,
  notes: z.array(z.string()),
  createdMs: ms,
  finishedMs: ms.nullable(),
});

export interface BackfillProgress extends z.infer<typeof head> {
  /** By exchange. */
  readonly lanes: readonly BackfillLane[];
}

const minutes = (to: string, name: string) =>
  `coalesce(sum(extract(epoch from ${to} - from_time) / 60), 0)::bigint as "${name}"`;

export interface ProgressFilter {
  /** Only this one. */
  readonly id?: number;
  /** Only those with a smaller id. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Backfills with their progress, the newest first. */
export async function listBackfills(
  queries: Queries,
  filter: ProgressFilter,
): Promise<BackfillProgress[]> {
  const found = await queries.query(
    `select id, cause, state, notes,
       ${msColumn('from_time', 'fromMs')}, ${msColumn('to_time', 'toMs')},
       ${msColumn('created', 'createdMs')}, ${msColumn('finished', 'finishedMs')}
     from backfills
     where ($1::bigint is null or id = $1) and ($2::bigint is null or id < $2)
     order by id desc limit $3`,
    [filter.id ?? null, filter.before ?? null, filter.limit],
  );
  const heads = rowsOf(head, found);
  const lanes = await readLanes(
    queries,
    heads.map(({ id }) => id),
  );
  return heads.map((one) => ({
    ...one,
    lanes: lanes.filter(({ backfill }) => backfill === one.id),
  }));
}

async function readLanes(queries: Queries, ids: readonly number[]): Promise<BackfillLane[]> {
  if (ids.length === 0) return [];
  const rows = await queries.query(
    `select backfill, exchange, min(adapter) as adapter, count(*)::int as markets,
       (count(*) filter (where state = 'done'))::int as done,
       (count(*) filter (where state = 'failed'))::int as failed,
       ${minutes('to_time', 'minutes')}, ${minutes('done_until', 'minutesDone')},
       sum(requests)::bigint as requests, sum(candles)::bigint as candles,
       sum(rows)::bigint as rows,
       min(error) as error
     from backfill_parts where backfill = any($1::bigint[])
     group by backfill, exchange order by exchange`,
    [ids],
  );
  return rowsOf(lane, rows);
}

const past = z.object({ fromMs: ms, toMs: ms, open: z.boolean() });

/** A range whose gaps were asked for before. */
export type AskedRange = z.infer<typeof past>;

/**
 * The gaps of an exchange that are being filled, or were filled as far as its candles go, since a
 * time: asking for them again would bring nothing. One with a market that failed is not among them.
 */
export async function askedGaps(
  queries: Queries,
  exchange: string,
  sinceMs: number,
): Promise<AskedRange[]> {
  const rows = await queries.query(
    `select ${msColumn('from_time', 'fromMs')}, ${msColumn('to_time', 'toMs')},
       state = 'open' as open
     from backfills
     where cause = 'gap' and state <> 'cancelled' and to_time > ${timeOf('$2')}
       and exists (
         select from backfill_parts where backfill = backfills.id and exchange = $1)
       and not exists (
         select from backfill_parts
         where backfill = backfills.id and exchange = $1 and backfill_parts.state = 'failed')
     order by from_time`,
    [exchange, sinceMs],
  );
  return rowsOf(past, rows);
}
