import { z } from 'zod';
import { type Queries, rowsOf } from './database.ts';

/** Half open, milliseconds since the epoch. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Five minutes that are somebody's to work on until the lease ends. */
export interface DirtyRange extends TimeRange {
  readonly version: number;
}

export interface ClaimOptions {
  readonly limit: number;
  /** Marks younger than this wait: more of the same stretch may be on its way. */
  readonly settleMs: number;
  readonly leaseMs: number;
}

/** Length of what is marked, in milliseconds. */
export const DIRTY_STEP_MS = 300_000;

const claimed = z.object({ fromMs: z.number(), version: z.int() });

/**
 * Marks every five minutes that the range touches: what was computed from their prices has to be
 * computed again. Marking twice is once. An empty range marks nothing.
 */
export async function markDirty(queries: Queries, { fromMs, toMs }: TimeRange): Promise<void> {
  if (!(fromMs < toMs)) return;
  const first = Math.floor(fromMs / DIRTY_STEP_MS) * DIRTY_STEP_MS;
  await queries.query(
    `insert into dirty_ranges (start_ms)
     select generate_series($1::bigint, $2::bigint, ${DIRTY_STEP_MS})
     on conflict (start_ms) do update set version = dirty_ranges.version + 1, marked = now()`,
    [first, Math.ceil(toMs) - 1],
  );
}

/** Takes the newest ranges that nobody works on; a lease that ended is taken over. By time. */
export async function claimDirty(queries: Queries, options: ClaimOptions): Promise<DirtyRange[]> {
  const rows = await queries.query(
    `update dirty_ranges set leased_until = now() + $3::float8 * interval '1 ms'
     where start_ms in (
       select start_ms from dirty_ranges
       where (leased_until is null or leased_until < now())
         and marked <= now() - $2::float8 * interval '1 ms'
       order by start_ms desc limit $1 for update skip locked)
     returning start_ms as "fromMs", version`,
    [options.limit, options.settleMs, options.leaseMs],
  );
  return rowsOf(claimed, rows)
    .map(({ fromMs, version }) => ({ fromMs, toMs: fromMs + DIRTY_STEP_MS, version }))
    .sort((a, b) => a.fromMs - b.fromMs);
}

/** Done: gone, unless it was marked again meanwhile; that is then free to be claimed. */
export async function completeDirty(queries: Queries, done: readonly DirtyRange[]): Promise<void> {
  const parameters = [done.map(({ fromMs }) => fromMs), done.map(({ version }) => version)];
  const given = 'unnest($1::bigint[], $2::integer[]) as done (start_ms, version)';
  await queries.query(
    `delete from dirty_ranges using ${given}
     where dirty_ranges.start_ms = done.start_ms and dirty_ranges.version = done.version`,
    parameters,
  );
  await queries.query(
    `update dirty_ranges set leased_until = null from ${given}
     where dirty_ranges.start_ms = done.start_ms`,
    parameters,
  );
}

/** How many stretches wait or are worked on. */
export async function countDirty(queries: Queries): Promise<number> {
  const rows = await queries.query('select count(*)::int as count from dirty_ranges');
  return rowsOf(z.object({ count: z.int() }), rows)[0]?.count ?? 0;
}

/** The stretches that wait or are worked on, of a range; by time. */
export async function listDirty(
  queries: Queries,
  { fromMs, toMs }: TimeRange,
): Promise<TimeRange[]> {
  const rows = await queries.query(
    'select start_ms as "fromMs" from dirty_ranges where start_ms < $2 and start_ms > $1 order by 1',
    [Math.floor(fromMs) - DIRTY_STEP_MS, Math.ceil(toMs)],
  );
  return rowsOf(z.object({ fromMs: z.number() }), rows).map(({ fromMs: startMs }) => {
    return { fromMs: startMs, toMs: startMs + DIRTY_STEP_MS };
  });
}
