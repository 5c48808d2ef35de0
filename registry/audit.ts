import { z } from 'zod';
import { type Queries, rowsOf } from './database.ts';
import { msColumn, textOf, timeOf } from './sql-values.ts';

/** Who changed something, or was refused to. */
export interface AuditEntry {
  /** When it came. */
  readonly atMs: number;
  /** Name of the key, or `anybody` where there was none; null: nobody that is known. */
  readonly key: string | null;
  readonly role: string | null;
  /** Of HTTP; `COMMAND` for a command. */
  readonly method: string;
  /** The operation. */
  readonly route: string;
  readonly path: string;
  /** Null: a command. 499: the client left before the answer. */
  readonly status: number | null;
  readonly request: string | null;
  readonly address: string | null;
  readonly tookMs: number | null;
}

const kept = z.object({
  id: z.int(),
  atMs: z.number(),
  key: z.string().nullable(),
  role: z.string().nullable(),
  method: z.string(),
  route: z.string(),
  path: z.string(),
  status: z.int().nullable(),
  request: z.string().nullable(),
  address: z.string().nullable(),
  tookMs: z.number().nullable(),
});

export type KeptEntry = z.infer<typeof kept>;

/** Adds entries, all or none. */
export async function addAudit(queries: Queries, entries: readonly AuditEntry[]): Promise<void> {
  const text = (value: string | null) => (value === null ? null : textOf(value));
  await queries.query(
    `insert into audit (at, key, role, method, route, path, status, request, address, took_ms)
     select ${timeOf('at_ms')}, key, role, method, route, path, status, request, address, took_ms
     from unnest($1::float8[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
       $7::int[], $8::text[], $9::text[], $10::float8[]) as e
       (at_ms, key, role, method, route, path, status, request, address, took_ms)`,
    [
      ...[entries.map(({ atMs }) => atMs), entries.map(({ key }) => text(key))],
      ...[entries.map(({ role }) => role), entries.map(({ method }) => textOf(method))],
      ...[entries.map(({ route }) => route), entries.map(({ path }) => textOf(path))],
      ...[entries.map(({ status }) => status), entries.map(({ request }) => text(request))],
      ...[entries.map(({ address }) => text(address)), entries.map(({ tookMs }) => tookMs)],
    ],
  );
}

export interface AuditFilter {
  /** Ids below this one; default: from the newest on. */
  readonly before?: number | undefined;
  readonly limit: number;
  readonly key?: string | undefined;
  readonly route?: string | undefined;
  /** From then on. */
  readonly fromMs?: number | undefined;
  /** Before then. */
  readonly toMs?: number | undefined;
}

/** The newest first, as they were written down. */
export async function listAudit(queries: Queries, filter: AuditFilter): Promise<KeptEntry[]> {
  const { before, limit, key, route, fromMs, toMs } = filter;
  const rows = await queries.query(
    `select id, ${msColumn('at', 'atMs')}, key, role, method, route, path, status, request, address,
       took_ms as "tookMs"
     from audit
     where ($1::bigint is null or id < $1) and ($3::text is null or key = $3)
       and ($4::text is null or route = $4)
       and ($5::float8 is null or at >= ${timeOf('$5')})
       and ($6::float8 is null or at < ${timeOf('$6')})
     order by id desc limit $2`,
    [before ?? null, limit, key ?? null, route ?? null, fromMs ?? null, toMs ?? null],
  );
  return rowsOf(kept, rows);
}

/** Deletes at most `limit` that are older; how many there were. */
export async function forgetAudit(
  queries: Queries,
  keptMs: number,
  limit: number,
): Promise<number> {
  const rows = await queries.query(
    `delete from audit where id in (
       select id from audit where at < now() - $1::float8 * interval '1 ms'
       order by at limit $2 for update skip locked)
     returning id`,
    [keptMs, limit],
  );
  return rows.length;
}
