import { z } from 'zod';
import { type Database, type Queries, rowsOf } from './database.ts';
import { NOW_MS } from './sql-values.ts';

/**
 * Who asks feeds and pages. Every time below is by the database's clock, in milliseconds since the
 * epoch.
 */
export interface ArticleWorker {
  /** Of one process: two workers never share one. */
  readonly id: string;
  /**
   * What it holds is free again when it was not heard of for so long. Longer than a request may
   * take and the spacing of a host together, or hosts of a killed worker are asked too soon.
   */
  readonly leaseMs: number;
}

/** Something of a host that is due at a moment of the database's clock. */
export interface HostDue {
  readonly host: string;
  readonly dueMs: number;
}

/** A name of DNS has 253 characters, with brackets and a port a few more. No longer one exists. */
const HOST_LENGTH_MAX = 262;

export function isHost(host: string): boolean {
  return host.length <= HOST_LENGTH_MAX;
}

/**
 * Says that something of these hosts is due, and makes rows for those that have none. In the same
 * transaction as what is due, once in it, after the rows of feeds and jobs and before those of
 * articles and events are locked: the rows of hosts stay locked, by name, until it ends.
 */
export async function dueAtHosts(queries: Queries, dues: readonly HostDue[]): Promise<void> {
  const soonest = new Map<string, number>();
  for (const { host, dueMs } of dues) {
    soonest.set(host, Math.min(Math.ceil(dueMs), soonest.get(host) ?? Number.POSITIVE_INFINITY));
  }
  if (soonest.size === 0) return;
  const hosts = [...soonest.keys()].sort();
  await queries.query(
    `insert into article_hosts as h (host, due_ms)
     select * from unnest($1::text[], $2::bigint[]) as g (host, due_ms)
     on conflict (host) do update set due_ms = least(h.due_ms, excluded.due_ms)
       where h.due_ms is null or h.due_ms > excluded.due_ms`,
    [hosts, hosts.map((host) => soonest.get(host)!)],
  );
}

const ms = z.number();

/** Which host is the worker's, until it gives it back. */
export interface HeldHost {
  readonly host: string;
  readonly hostToken: number;
}

export type HostTaken =
  | { readonly ok: true; readonly hostToken: number; readonly nowMs: number }
  | { readonly ok: false; readonly freeMs: number; readonly nowMs: number };

/** How soon a host with a request under way is asked for again, and how long it is kept then. */
const HOP_AGAIN_MS = 500;
const HOP_GRACE_MS = 1_000;

/**
 * Takes a host for one request, of a redirect that lands there: when it is free now. Else `freeMs`
 * is when to ask again; where that is not after `notAfterMs`, visits leave the host alone until a
 * second later, so that a hop is not put off for ever at a host that is always due.
 */
export async function takeHost(
  database: Database,
  worker: ArticleWorker,
  host: string,
  { kind, notAfterMs }: { readonly kind: 'feed' | 'article'; readonly notAfterMs: number },
): Promise<HostTaken> {
  return database.transaction(async (transaction) => {
    await transaction.query(
      'insert into article_hosts (host) values ($1) on conflict (host) do nothing',
      [host],
    );
    const locked = await transaction.query(
      `select free_ms as "freeMs", owner is not null as held, ${NOW_MS} as "nowMs"
       from article_hosts where host = $1 for update`,
      [host],
    );
    const state = rowsOf(z.object({ freeMs: ms, held: z.boolean(), nowMs: ms }), locked)[0]!;
    const { nowMs } = state;
    if (state.freeMs <= nowMs) {
      const taken = await transaction.query(
        `update article_hosts set owner = $2, token = token + 1, free_ms = $3, hop_ms = 0,
           last_class = $4 where host = $1 returning token as "hostToken"`,
        [host, worker.id, nowMs + worker.leaseMs, kind],
      );
      return { ok: true, nowMs, ...rowsOf(z.object({ hostToken: z.int() }), taken)[0]! };
    }
    const freeMs = state.held ? Math.min(state.freeMs, nowMs + HOP_AGAIN_MS) : state.freeMs;
    if (freeMs <= notAfterMs) {
      await transaction.query('update article_hosts set hop_ms = $2 where host = $1', [
        host,
        freeMs + HOP_GRACE_MS,
      ]);
    }
    return { ok: false, freeMs, nowMs };
  });
}

export interface HostRelease {
  /** Nobody asks it earlier than this after now. */
  readonly spacingMs: number;
  /** It is to be left alone for longer, and why, for people. */
  readonly pauseMs?: number | undefined;
  readonly why?: string | undefined;
}

/** Gives a host back after a request. One that is not the worker's any more is left as it is. */
export async function releaseHost(
  queries: Queries,
  worker: ArticleWorker,
  held: HeldHost,
  release: HostRelease,
): Promise<void> {
  await releaseHosts(queries, worker, [{ ...held, ...release }]);
}

/** The same of several. */
export async function releaseHosts(
  queries: Queries,
  worker: ArticleWorker,
  releases: readonly (HeldHost & HostRelease)[],
): Promise<void> {
  const sorted = releases.toSorted((one, other) => (one.host < other.host ? -1 : 1));
  await queries.query(
    `with g as materialized (
       select h.host, g.token, g.pause, g.why
       from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[]) with ordinality
         as g (host, token, pause, why, nr)
       join article_hosts h on h.host = g.host and h.owner = $1 and h.token = g.token
       -- In the order in which everybody locks them.
       order by g.nr for update of h)
     update article_hosts h set owner = null, free_ms = ${NOW_MS} + g.pause,
       requests = requests + 1, why = g.why
     from g where h.host = g.host and h.owner = $1 and h.token = g.token`,
    [
      worker.id,
      sorted.map(({ host }) => host),
      sorted.map(({ hostToken }) => hostToken),
      sorted.map(({ spacingMs, pauseMs = 0 }) => Math.ceil(Math.max(spacingMs, pauseMs, 0))),
      sorted.map(({ why }) => why ?? null),
    ],
  );
}
