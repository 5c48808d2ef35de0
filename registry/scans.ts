import { z } from 'zod';
import { type Database, type Queries, rowsOf } from './database.ts';
import { EVENTS_CHANNEL } from './events.ts';
import { type MonitorSettings, monitorSettings } from './monitors.ts';
import { jsonOf, NOW_MS } from './sql-values.ts';
import { beat, type Worker } from './workers.ts';

/** How a monitor stands. `new`: not scanned so far. */
export type MonitorState = 'new' | 'up' | 'down' | 'unknown';

/**
 * Who scans: `slots` at most at once. What it holds is free again when it was not heard of for its
 * lease. Every time below is by the database's clock, in milliseconds since the epoch.
 */
export type ScanWorker = Worker;

const ms = z.number();
const state = z.enum(['new', 'up', 'down', 'unknown']);

const claim = z.object({
  monitor: z.int(),
  /** Refused at saving when somebody has claimed the monitor since, or its target has changed. */
  token: z.int(),
  version: z.int(),
  url: z.string(),
  regexp: z.string().nullable(),
  host: z.string(),
  settings: monitorSettings,
  intervalMs: ms,
  slotMs: ms,
  /** Slots before this one that nobody began in their time. */
  missed: z.int(),
  /** Another worker held this very slot and was not heard of again: it may have scanned. */
  reprobe: z.boolean(),
  state,
  stateSinceMs: ms.nullable(),
  successes: z.int(),
  failures: z.int(),
  reason: z.string().nullable(),
});

/** A slot of a monitor that is the worker's to scan. */
export type ScanClaim = Omit<z.infer<typeof claim>, 'settings'> & {
  readonly settings: MonitorSettings;
};

export interface Claims {
  /** The database's time of this answer. */
  readonly nowMs: number;
  readonly claims: readonly ScanClaim[];
}

/** The newest slot at or before now; the one that is due when it is not over, or still to come. */
const SLOT = `case
  when s.due_ms + s.interval_ms > $5 then s.due_ms
  else greatest(s.due_ms, $5 - mod($5 - s.phase_ms, s.interval_ms)) end`;

/** Held by nobody, or by a worker that was not heard of in its time. */
const FREE = `(s.owner is null or not exists (
  select from workers w where w.id = s.owner and w.until_ms > $5))`;

export interface ClaimOptions {
  readonly aheadMs: number;
  readonly limit: number;
  /** Hosts of which the worker has enough. */
  readonly exceptHosts?: readonly string[];
}

/**
 * Claims what is due within `aheadMs`, the longest due first. Two workers never get the same.
 * The worker's own lease begins anew with it.
 */
export async function claimScans(
  queries: Queries,
  worker: ScanWorker,
  { aheadMs, limit, exceptHosts = [] }: ClaimOptions,
): Promise<Claims> {
  const nowMs = await beat(queries, 'scans', worker);
  const rows = await queries.query(
    // The time is a parameter, so that the index gives the longest due first without a sort; each
    // monitor is looked up by itself (`offset 0`), or PostgreSQL would read them all for a hundred.
    `with free as materialized (
       select s.monitor, s.owner as old_owner, s.slot_ms as old_slot, ${SLOT} as slot,
         case when s.due_ms + s.interval_ms > $5 then 0
           else ($5 - s.due_ms) / s.interval_ms end as skipped
       from monitor_schedule s
       where s.active and s.due_ms <= $5::bigint + $2 and s.host <> all($4::text[]) and ${FREE}
       order by s.due_ms limit $3 for update of s skip locked)
     update monitor_schedule s set owner = $1, token = s.token + 1, slot_ms = free.slot,
       due_ms = free.slot,
       missed = s.missed + free.skipped,
       reprobed = s.reprobed + (free.old_owner is not null and free.old_slot = free.slot)::int
     from free cross join lateral (
       select version, url, regexp, settings from monitors where id = free.monitor offset 0) m
     where s.monitor = free.monitor
     returning s.monitor, s.token, m.version, m.url, m.regexp, s.host, m.settings,
       s.interval_ms as "intervalMs", s.slot_ms as "slotMs", free.skipped as missed,
       (free.old_owner is not null and free.old_slot = free.slot) as reprobe, s.state,
       s.state_since_ms as "stateSinceMs", s.successes, s.failures, s.reason`,
    [worker.id, aheadMs, limit, exceptHosts, nowMs],
  );
  const claims = rowsOf(claim, rows).sort((a, b) => a.slotMs - b.slotMs || a.monitor - b.monitor);
  return { nowMs, claims };
}

/** What a scan found out, and how its monitor stands after it. */
export interface SavedScan {
  readonly monitor: number;
  readonly token: number;
  readonly slotMs: number;
  /** Names and values of the point, for the spool: whole numbers stay whole. */
  readonly fields: Readonly<Record<string, number | boolean | string>>;
  readonly state: MonitorState;
  readonly stateSinceMs: number;
  readonly successes: number;
  readonly failures: number;
  readonly reason: string;
  readonly status: number | null;
  readonly totalMs: number;
  /** Not before this time again; null: at the next slot. */
  readonly notBeforeMs: number | null;
  /** Kept instead of the last one; null: the last one stays. */
  readonly evidence: unknown;
  /** Told to whoever listens, when the state changed; null: it did not. */
  readonly event: Readonly<Record<string, unknown>> | null;
}

/**
 * The first slot after the one at hand, and after what the target asked for. The first slot of all
 * is not on the grid: the one after it comes half an interval later at least, so that two failures
 * in a row are never a moment.
 */
const NEXT = `greatest(
  s.slot_ms + s.interval_ms / 2 + s.interval_ms
    - mod(s.slot_ms + s.interval_ms / 2 - s.phase_ms, s.interval_ms),
  coalesce(g.not_before_ms + s.interval_ms - 1
    - mod(g.not_before_ms + s.interval_ms - 1 - s.phase_ms, s.interval_ms), 0))`;

/**
 * Saves results, each by itself: those whose claim was lost meanwhile are refused. All of one
 * result is saved or nothing. Returns the monitors whose results were saved.
 */
export async function saveScans(
  queries: Queries,
  owner: string,
  scans: readonly SavedScan[],
): Promise<ReadonlySet<number>> {
  if (scans.length === 0) return new Set();
  const column = <T>(read: (scan: SavedScan) => T) => scans.map(read);
  const json = (value: unknown) => (value === null ? null : jsonOf(value));
  const rows = await queries.query(
    `with g as materialized (
       select * from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[],
         $7::int[], $8::int[], $9::text[], $10::int[], $11::float8[], $12::bigint[], $13::text[],
         $14::text[])
       as g (monitor, token, fields, state, state_since_ms, successes, failures, reason, status,
         total_ms, not_before_ms, evidence, event)),
     saved as (
       update monitor_schedule s set owner = null, due_ms = ${NEXT}, state = g.state,
         state_since_ms = g.state_since_ms, successes = g.successes, failures = g.failures,
         reason = g.reason, status = g.status, last_slot_ms = s.slot_ms, last_total_ms = g.total_ms
       from g where s.monitor = g.monitor and s.token = g.token and s.owner = $1
       returning s.monitor, s.slot_ms),
     results as (
       insert into scan_results (monitor, slot_ms, owner, fields)
       select saved.monitor, saved.slot_ms, $1, g.fields::jsonb from saved join g using (monitor)),
     kept as (
       insert into monitor_evidence (monitor, slot_ms, evidence)
       select saved.monitor, saved.slot_ms, g.evidence::jsonb from saved join g using (monitor)
       where g.evidence is not null
       on conflict (monitor) do update
         set slot_ms = excluded.slot_ms, evidence = excluded.evidence),
     told as (
       insert into events (kind, data)
       select 'scan', g.event::jsonb from saved join g using (monitor)
       where g.event is not null returning pg_notify('${EVENTS_CHANNEL}', id::text))
     select saved.monitor, (select count(*) from told) as told from saved`,
    [
      owner,
      column((scan) => scan.monitor),
      column((scan) => scan.token),
      column((scan) => jsonOf(scan.fields)),
      column((scan) => scan.state),
      column((scan) => Math.round(scan.stateSinceMs)),
      column((scan) => scan.successes),
      column((scan) => scan.failures),
      column((scan) => scan.reason),
      column((scan) => scan.status),
      column((scan) => scan.totalMs),
      column((scan) => (scan.notBeforeMs === null ? null : Math.ceil(scan.notBeforeMs))),
      column((scan) => json(scan.evidence)),
      column((scan) => json(scan.event)),
    ],
  );
  return new Set(rowsOf(z.object({ monitor: z.int() }), rows).map(({ monitor }) => monitor));
}

export interface WaitingResult {
  readonly monitor: number;
  readonly slotMs: number;
  readonly fields: Readonly<Record<string, number | boolean | string>>;
}

const waiting = z.object({
  monitor: z.int(),
  slotMs: ms,
  fields: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])),
});

/** Results that a worker saved and then was not heard of again: now this worker's to store. */
export async function adoptResults(
  queries: Queries,
  owner: string,
  limit: number,
): Promise<readonly WaitingResult[]> {
  const rows = await queries.query(
    `with left_over as (
       select r.monitor, r.slot_ms from scan_results r
       where r.owner <> $1 and not exists (
         select from workers w where w.id = r.owner and w.until_ms > ${NOW_MS})
       limit $2 for update of r skip locked)
     update scan_results r set owner = $1 from left_over l
     where r.monitor = l.monitor and r.slot_ms = l.slot_ms
     returning r.monitor, r.slot_ms as "slotMs", r.fields`,
    [owner, limit],
  );
  return rowsOf(waiting, rows);
}

/**
 * Results that a worker saved itself and still has to store: one whose saving was answered by a
 * broken connection looks like one that was refused.
 */
export async function ownResults(
  queries: Queries,
  owner: string,
  limit: number,
): Promise<readonly WaitingResult[]> {
  const rows = await queries.query(
    `select monitor, slot_ms as "slotMs", fields from scan_results where owner = $1
     order by slot_ms limit $2`,
    [owner, limit],
  );
  return rowsOf(waiting, rows);
}

/** The results are in the spool. */
export async function forgetResults(
  queries: Queries,
  results: readonly Pick<WaitingResult, 'monitor' | 'slotMs'>[],
): Promise<void> {
  if (results.length === 0) return;
  await queries.query(
    `delete from scan_results r using unnest($1::bigint[], $2::bigint[]) as g (monitor, slot_ms)
     where r.monitor = g.monitor and r.slot_ms = g.slot_ms`,
    [results.map(({ monitor }) => monitor), results.map(({ slotMs }) => slotMs)],
  );
}

/** Gives back claims that were not begun: others may have them at once. */
export async function releaseScans(
  queries: Queries,
  owner: string,
  claims: readonly Pick<ScanClaim, 'monitor' | 'token'>[],
): Promise<void> {
  if (claims.length === 0) return;
  await queries.query(
    `update monitor_schedule s set owner = null
     from unnest($2::bigint[], $3::bigint[]) as g (monitor, token)
     where s.monitor = g.monitor and s.token = g.token and s.owner = $1`,
    [owner, claims.map(({ monitor }) => monitor), claims.map(({ token }) => token)],
  );
}

/**
 * Gives back what a worker has without knowing it: the answer to its claim was lost on the way.
 * Not to be called while a claim is under way. Returns how many there were.
 */
export async function releaseUnknown(
  queries: Queries,
  owner: string,
  known: readonly Pick<ScanClaim, 'monitor' | 'token'>[],
): Promise<number> {
  const rows = await queries.query(
    `update monitor_schedule s set owner = null
     where s.owner = $1 and not exists (
       select from unnest($2::bigint[], $3::bigint[]) as g (monitor, token)
       where g.monitor = s.monitor and g.token = s.token)
     returning s.monitor`,
    [owner, known.map(({ monitor }) => monitor), known.map(({ token }) => token)],
  );
  return rows.length;
}

const BUSY_TABLES = [
  ...['workers', 'scan_results', 'monitor_schedule', 'monitor_evidence', 'events'],
  ...['feed_state', 'article_hosts', 'article_jobs', 'article_points'],
];

/**
 * The embedded PostgreSQL has no autovacuum, and each scan leaves old rows behind: their room is
 * used again after this.
 */
export async function reclaimRoom(database: Database): Promise<void> {
  if (database.kind !== 'pglite') return;
  for (const table of BUSY_TABLES) await database.query(`vacuum ${table}`);
}
