import { z } from 'zod';
import { type Queries, rowsOf } from './database.ts';
import { NOW_MS } from './sql-values.ts';
import { isThere } from './workers.ts';

const IS_SCANNER = isThere('scans');

const load = z.object({
  active: z.int(),
  due: z.int(),
  scansPerSecond: z.number(),
  busy: z.number(),
  busyMax: z.number(),
  slots: z.int(),
  workers: z.int(),
});

/**
 * What all monitors ask together, beside what the workers can do: scans a second, scans under way
 * on average (by how long each took last, 300 ms when it is new) and at worst (all time out).
 */
export type ScanLoad = z.infer<typeof load>;

/** `host`: only the monitors of it. */
export async function scanLoad(queries: Queries, host?: string): Promise<ScanLoad> {
  const rows = await queries.query(
    `select count(*)::int as active, (count(*) filter (where due_ms < ${NOW_MS}))::int as due,
       coalesce(sum(1000.0 / interval_ms), 0)::float8 as "scansPerSecond",
       coalesce(sum(coalesce(last_total_ms, 300) / interval_ms), 0)::float8 as busy,
       coalesce(sum(timeout_ms::float8 / interval_ms), 0)::float8 as "busyMax",
       (select coalesce(sum(slots), 0) from workers w where ${IS_SCANNER})::int as slots,
       (select count(*) from workers w where ${IS_SCANNER})::int as workers
     from monitor_schedule where active and ($1::text is null or host = $1)`,
    [host ?? null],
  );
  return rowsOf(load, rows)[0]!;
}
