import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { type Database, type Queries, rowsOf } from './database.ts';
import { jsonOf, msColumn, NOW_MS } from './sql-values.ts';

/** How a monitor is asked and judged; every part is explained at the API. */
export const monitorSettings = z.object({
  method: z.string(),
  /** Secret: never logged, never returned. */
  headers: z.record(z.string(), z.string()),
  /** Of the URL, as the header that is sent; secret. */
  authorization: z.string().optional(),
  body: z.string().optional(),
  expectStatus: z.array(z.tuple([z.int(), z.int()])).nullable(),
  timeoutMs: z.int(),
  followRedirects: z.boolean(),
  bodyBytesMax: z.int(),
  keepAlive: z.boolean(),
  failuresBeforeDown: z.int(),
  successesBeforeUp: z.int(),
});

export type MonitorSettings = z.infer<typeof monitorSettings>;

const ms = z.number();

const monitor = z.object({
  id: z.int(),
  url: z.string(),
  regexp: z.string().nullable(),
  name: z.string().nullable(),
  settings: monitorSettings,
  tags: z.record(z.string(), z.string()),
  active: z.boolean(),
  intervalMs: ms,
  createdMs: ms,
  changedMs: ms,
  state: z.enum(['new', 'up', 'down', 'unknown']),
  stateSinceMs: ms.nullable(),
  reason: z.string().nullable(),
  status: z.int().nullable(),
  lastSlotMs: ms.nullable(),
  lastTotalMs: z.number().nullable(),
  dueMs: ms,
  missed: z.int(),
  reprobed: z.int(),
  /** Nobody has scanned it for so long that its state says nothing. */
  stale: z.boolean(),
});

/** A monitor, its settings and how it stands. */
export type Monitor = z.infer<typeof monitor>;

export interface NewMonitor {
  /** Without credentials. */
  readonly url: string;
  readonly regexp: string | null;
  readonly host: string;
  readonly name: string | null;
  readonly settings: MonitorSettings;
  readonly tags: Readonly<Record<string, string>>;
  readonly intervalMs: number;
}

/** What may be changed; what is left out stays. */
export type MonitorChange = Partial<
  Pick<NewMonitor, 'name' | 'tags' | 'intervalMs'> & {
    readonly settings: Partial<MonitorSettings>;
    /** Settings that it has no more. */
    readonly without: readonly ('body' | 'authorization')[];
    readonly active: boolean;
  }
>;

/** Notified when a monitor is made or changed, so that workers look for what is due at once. */
export const MONITORS_CHANNEL = 'tidemark_monitors';

/** Two intervals, and the time of a scan, after the one that was due. */
const STALE = `(s.active and s.due_ms + 2 * s.interval_ms + s.timeout_ms < ${NOW_MS})`;

const COLUMNS = `m.id, m.url, m.regexp, m.name, m.settings, m.tags, m.active,
  s.interval_ms as "intervalMs", ${msColumn('m.created', 'createdMs')},
  ${msColumn('m.changed', 'changedMs')}, s.state,
  s.state_since_ms as "stateSinceMs", s.reason, s.status, s.last_slot_ms as "lastSlotMs",
  s.last_total_ms as "lastTotalMs", s.due_ms as "dueMs", s.missed, s.reprobed,
  ${STALE} as stale`;

/** The same for the same url and pattern. */
export function monitorKey({ url, regexp }: Pick<NewMonitor, 'url' | 'regexp'>): string {
  return createHash('sha256')
    .update(JSON.stringify([url, regexp]))
    .digest('hex');
}

/** Spread over the interval by what the monitor is, so that nothing starts in a herd. */
function phaseOf(key: string, intervalMs: number): number {
  return Number(BigInt(`0x${key.slice(0, 16)}`) % BigInt(intervalMs));
}

/**
 * Makes a monitor, due at once, or finds the one of the same url and pattern: then `given` changes
 * it, and it is switched on.
 */
export async function ensureMonitor(
  database: Database,
  wanted: NewMonitor,
  given: MonitorChange = {},
): Promise<{ readonly monitor: Monitor; readonly created: boolean }> {
  const key = monitorKey(wanted);
  return database.transaction(async (transaction) => {
    const made = await insertMonitors(transaction, [wanted], { spread: false });
    const id = made[0] ?? (await idOf(transaction, key));
    if (made.length === 0) await changeIn(transaction, id, { ...given, active: true });
    await transaction.query('select pg_notify($1, $2)', [MONITORS_CHANNEL, String(id)]);
    return { monitor: (await findMonitor(transaction, id))!, created: made.length > 0 };
  });
}

/** Makes those that are not there, due when their phase comes; how many that were. */
export async function addMonitors(
  database: Database,
  wanted: readonly NewMonitor[],
): Promise<number> {
  return database.transaction(async (transaction) => {
    const made = await insertMonitors(transaction, wanted, { spread: true });
    await transaction.query("select pg_notify($1, '')", [MONITORS_CHANNEL]);
    return made.length;
  });
}

async function idOf(queries: Queries, key: string): Promise<number> {
  const rows = await queries.query('select id from monitors where key = $1', [key]);
  return rowsOf(z.object({ id: z.int() }), rows)[0]!.id;
}

/** Ids of those that were not there. `spread`: first due at their phase instead of at once. */
async function insertMonitors(
  queries: Queries,
  wanted: readonly NewMonitor[],
  { spread }: { readonly spread: boolean },
): Promise<number[]> {
  const column = <T>(read: (monitor: NewMonitor) => T) => wanted.map(read);
  const rows = await queries.query(
    `with g as materialized (
       select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
         $7::text[], $8::bigint[], $9::bigint[], $10::int[])
       as g (key, url, regexp, name, settings, tags, host, interval_ms, phase_ms, timeout_ms)),
     made as (
       insert into monitors (key, url, regexp, name, settings, tags)
       select key, url, regexp, name, settings::jsonb, tags::jsonb from g
       -- Asking again takes no number; the conflict is for who asks at the same moment.
       where not exists (select from monitors m where m.key = g.key)
       on conflict (key) do nothing returning id, key),
     due as materialized (select ${NOW_MS} as now)
     insert into monitor_schedule (monitor, host, interval_ms, timeout_ms, phase_ms, due_ms)
     select made.id, g.host, g.interval_ms, g.timeout_ms, g.phase_ms,
       case when $11 then now + g.interval_ms - mod(now - g.phase_ms, g.interval_ms) else now end
     from made join g using (key), due
     returning monitor as id`,
    [
      column(monitorKey),
      column(({ url }) => url),
      column(({ regexp }) => regexp),
      column(({ name }) => name),
      column(({ settings }) => jsonOf(settings)),
      column(({ tags }) => jsonOf(tags)),
      column(({ host }) => host),
      column(({ intervalMs }) => intervalMs),
      column((one) => phaseOf(monitorKey(one), one.intervalMs)),
      column(({ settings }) => settings.timeoutMs),
      spread,
    ],
  );
  return rowsOf(z.object({ id: z.int() }), rows).map(({ id }) => id);
}

/** Changes a monitor; undefined: there is none. Its next scan goes by the change. */
export async function changeMonitor(
  database: Database,
  id: number,
  change: MonitorChange,
): Promise<Monitor | undefined> {
  return database.transaction(async (transaction) => {
    await changeIn(transaction, id, change);
    await transaction.query('select pg_notify($1, $2)', [MONITORS_CHANNEL, String(id)]);
    return findMonitor(transaction, id);
  });
}

/**
 * A changed target, or one that is switched off or on, begins anew: what is under way is refused at
 * saving. A changed interval leaves what is under way alone. What is as it was changes nothing, so
 * that asking for the same again and again keeps no scan from its end.
 */
async function changeIn(queries: Queries, id: number, change: MonitorChange): Promise<void> {
  const { name, tags, active, without = [] } = change;
  const rows = await queries.query(
    `select m.key, m.settings, s.interval_ms as "intervalMs"
     from monitors m join monitor_schedule s on s.monitor = m.id where m.id = $1 for no key update`,
    [id],
  );
  const held = rowsOf(heldMonitor, rows)[0];
  if (held === undefined) return;
  const settings = settingsOf({ ...held.settings, ...change.settings }, without);
  const anew = !isDeepStrictEqual(settings, settingsOf(held.settings, []));
  const intervalMs = change.intervalMs === held.intervalMs ? undefined : change.intervalMs;
  await queries.query(
    `update monitors set name = case when $2 then $3 else name end, tags = coalesce($4::jsonb, tags),
       settings = $5::jsonb, active = coalesce($6, active), version = version + $7::int,
       changed = now() where id = $1`,
    [
      id,
      name !== undefined,
      name ?? null,
      tags === undefined ? null : jsonOf(tags),
      jsonOf(settings),
      active ?? null,
      anew ? 1 : 0,
    ],
  );
  const phaseMs = intervalMs === undefined ? null : phaseOf(held.key, intervalMs);
  await queries.query(
    `update monitor_schedule s set
       active = coalesce($2, active),
       interval_ms = coalesce($3, interval_ms), phase_ms = coalesce($4, phase_ms),
       timeout_ms = $5,
       owner = case when $6 or active <> coalesce($2, active) then null else owner end,
       token = token + ($6 or active <> coalesce($2, active))::int,
       due_ms = case when $3::bigint is not null or $6 or active <> coalesce($2, active)
         then ${NOW_MS} else due_ms end,
       state = case when active and not coalesce($2, active) then 'unknown' else state end
     where monitor = $1`,
    [id, active ?? null, intervalMs ?? null, phaseMs, settings.timeoutMs, anew],
  );
}

const heldMonitor = z.object({ key: z.string(), settings: monitorSettings, intervalMs: ms });

function settingsOf(
  settings: MonitorSettings,
  without: readonly (keyof MonitorSettings)[],
): Partial<MonitorSettings> & Pick<MonitorSettings, 'timeoutMs'> {
  const kept = Object.entries(settings).filter(
    ([name]) => !without.includes(name as keyof MonitorSettings),
  );
  return { timeoutMs: settings.timeoutMs, ...Object.fromEntries(kept) };
}

export async function findMonitor(queries: Queries, id: number): Promise<Monitor | undefined> {
  const rows = await queries.query(
    `select ${COLUMNS} from monitors m join monitor_schedule s on s.monitor = m.id where m.id = $1`,
    [id],
  );
  return rowsOf(monitor, rows)[0];
}

/** The one of the same url and pattern. */
export async function findSameMonitor(
  queries: Queries,
  wanted: Pick<NewMonitor, 'url' | 'regexp'>,
): Promise<Monitor | undefined> {
  const rows = await queries.query(
    `select ${COLUMNS} from monitors m join monitor_schedule s on s.monitor = m.id where m.key = $1`,
    [monitorKey(wanted)],
  );
  return rowsOf(monitor, rows)[0];
}

export interface MonitorFilter {
  /** Ids above this one. */
  readonly after: number;
  readonly limit: number;
  readonly active?: boolean | undefined;
  /** Stale ones are `unknown`. */
  readonly state?: Monitor['state'] | undefined;
  /** Letters of the url or name, in any case. */
  readonly text?: string | undefined;
  readonly tag?: { readonly name: string; readonly value: string } | undefined;
}

/** By id. */
export async function listMonitors(queries: Queries, filter: MonitorFilter): Promise<Monitor[]> {
  const { after, limit, active, state, text, tag } = filter;
  const rows = await queries.query(
    `select ${COLUMNS} from monitors m join monitor_schedule s on s.monitor = m.id
     where m.id > $1 and ($3::boolean is null or m.active = $3)
       and ($4::text is null or case when ${STALE} then 'unknown' else s.state end = $4)
       and ($5::text is null or strpos(lower(m.url || ' ' || coalesce(m.name, '')), lower($5)) > 0)
       and ($6::text is null or m.tags ->> $6 = $7)
     order by m.id limit $2`,
    [
      after,
      limit,
      active ?? null,
      state ?? null,
      text ?? null,
      tag?.name ?? null,
      tag?.value ?? '',
    ],
  );
  return rowsOf(monitor, rows);
}

/** The last evidence; undefined: none was kept. */
export async function findEvidence(
  queries: Queries,
  id: number,
): Promise<{ readonly slotMs: number; readonly evidence: unknown } | undefined> {
  const rows = await queries.query(
    'select slot_ms as "slotMs", evidence from monitor_evidence where monitor = $1',
    [id],
  );
  return rowsOf(z.object({ slotMs: ms, evidence: z.unknown() }), rows)[0];
}
