import { z } from 'zod';
import { type Database, type Queries, rowsOf } from './database.ts';
import { NOW_MS } from './sql-values.ts';

/** What workers do; each does one thing. */
export type WorkerRole = 'scans' | 'articles';

/** Who does what is due. Times are by the database's clock, in milliseconds since the epoch. */
export interface Worker {
  /** Of one process: two workers never share one. */
  readonly id: string;
  readonly host: string;
  /** Most things under way at once. */
  readonly slots: number;
  /** It counts as gone when it was not heard of for so long. */
  readonly leaseMs: number;
}

/** Tells that a worker is there, for as long as its lease. Returns the database's time. */
export async function beat(queries: Queries, role: WorkerRole, worker: Worker): Promise<number> {
  const rows = await queries.query(
    `insert into workers (id, role, host, slots, until_ms)
     values ($1, $2, $3, $4, ${NOW_MS} + $5)
     on conflict (id) do update set until_ms = ${NOW_MS} + $5, slots = $4
     returning ${NOW_MS} as now`,
    [worker.id, role, worker.host, worker.slots, worker.leaseMs],
  );
  return rowsOf(z.object({ now: z.number() }), rows)[0]!.now;
}

/** A worker that ends: what it holds of scans is free at once, and it is no longer counted. */
export async function leave(queries: Queries, id: string): Promise<void> {
  await queries.query('delete from workers where id = $1', [id]);
}

/** Where no other process can be, whoever is written down as doing this is gone. */
export async function leaveAll(database: Database, role: WorkerRole): Promise<void> {
  if (database.kind === 'pglite')
    await database.query('delete from workers where role = $1', [role]);
}

/** Workers that were not heard of for a day leave no trace. */
export async function forgetWorkers(queries: Queries): Promise<void> {
  await queries.query(`delete from workers where until_ms < ${NOW_MS} - 86400000`);
}

/** The condition that worker `w` does this, and was heard of in its lease. */
export function isThere(role: WorkerRole): string {
  return `w.role = '${role}' and w.until_ms > ${NOW_MS}`;
}

/** How many workers there are that do this. */
export async function countWorkers(queries: Queries, role: WorkerRole): Promise<number> {
  const rows = await queries.query(`select count(*) as n from workers w where ${isThere(role)}`);
  return rowsOf(z.object({ n: z.int() }), rows)[0]!.n;
}
