import { z } from 'zod';
import { type Database, type Queries, rowsOf } from './database.ts';
import { jsonOf } from './sql-values.ts';

/** Notified with the id of each event. */
export const EVENTS_CHANNEL = 'tidemark_events';

const event = z.object({
  id: z.int(),
  kind: z.string(),
  at: z.date(),
  data: z.record(z.string(), z.unknown()),
});

/** Something that happened: `kind` says what `data` holds. */
export type StoredEvent = z.infer<typeof event>;

export interface EventsAsked {
  readonly after: number;
  /** None beyond this one. */
  readonly upTo?: number;
  readonly limit: number;
  readonly kinds?: readonly string[];
}

/** Events after an id, the oldest first. */
export async function listEvents(
  queries: Queries,
  { after, upTo, limit, kinds }: EventsAsked,
): Promise<readonly StoredEvent[]> {
  const rows = await queries.query(
    `select id, kind, at, data from events
     where id > $1 and ($3::text[] is null or kind = any($3)) and ($4::bigint is null or id <= $4)
     order by id limit $2`,
    [after, limit, kinds ?? null, upTo ?? null],
  );
  return rowsOf(event, rows);
}

export interface EventsRead {
  readonly events: readonly StoredEvent[];
  /** The newest event of these kinds that is not kept any more; 0: there is none. */
  readonly forgotten: number;
  /** The oldest that is kept of them; null: none is. Only where something was forgotten. */
  readonly oldest: number | null;
}

const read = z.object({
  forgotten: z.int(),
  oldest: z.int().nullable(),
  events: z.array(event.extend({ at: z.string().transform((text) => new Date(text)) })).nullable(),
});

/**
 * Events after an id, and whether there are any that nobody can read any more: of one moment, so
 * that none is forgotten between the two.
 */
export async function readEvents(
  queries: Queries,
  { after, upTo, limit, kinds }: EventsAsked,
): Promise<EventsRead> {
  const rows = await queries.query(
    `with lost as (
       select coalesce(max(id), 0) as id from forgotten_events
       where $3::text[] is null or kind = any($3)),
     found as materialized (
       select id, kind, at, data from events
       where id > $1 and ($3::text[] is null or kind = any($3))
         and ($4::bigint is null or id <= $4)
       order by id limit $2)
     select lost.id as forgotten,
       case when lost.id > $1 then (
         select min(id) from events where $3::text[] is null or kind = any($3)) end as oldest,
       (select json_agg(found order by id) from found) as events
     from lost`,
    [after, limit, kinds ?? null, upTo ?? null],
  );
  const [{ events, ...rest }] = rowsOf(read, rows) as [z.output<typeof read>];
  return { events: events ?? [], ...rest };
}

/** The number of the newest event that there ever was; 0: there was none. */
export async function newestEvent(queries: Queries): Promise<number> {
  const rows = await queries.query(
    `select greatest((select max(id) from events), (select max(id) from forgotten_events), 0)
       as newest`,
  );
  return rowsOf(z.object({ newest: z.int() }), rows)[0]!.newest;
}

/** Keeps what happened, and tells whoever listens. */
export async function tellEvents(
  queries: Queries,
  kind: string,
  data: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  if (data.length === 0) return;
  await queries.query(
    `insert into events (kind, data)
     select $1, data::jsonb from unnest($2::text[]) with ordinality as g (data, nr)
     order by nr returning pg_notify('${EVENTS_CHANNEL}', id::text)`,
    [kind, data.map(jsonOf)],
  );
}

const WEEK_MS = 604_800_000;
/** Of prices, which come all the time and can be read where they are stored. */
const PRICES_KEPT = "interval '1 hour'";
const SLICE = 1_000;
const SLICES_MAX = 100;

export interface EventsKept {
  readonly keptMs?: number;
  /** So many go at once at most, of prices and of all. */
  readonly limit?: number;
}

/**
 * Forgets events that are older than they are kept, by default for a week, and those of prices that
 * are older than an hour, and notes which. Returns how many there were.
 */
export async function forgetEvents(
  queries: Queries,
  { keptMs = WEEK_MS, limit = SLICE }: EventsKept = {},
): Promise<number> {
  const rows = await queries.query(
    `with old as (
       (select id from events where kind = 'price' and at < now() - ${PRICES_KEPT}
        order by at, id limit $2)
       union
       (select id from events where at < now() - $1::float8 * interval '1 ms' order by at, id limit $2)),
     gone as (delete from events e using old where e.id = old.id returning e.kind, e.id),
     noted as (
       insert into forgotten_events (kind, id) select kind, max(id) from gone group by kind
       order by kind
       on conflict (kind) do update set id = greatest(forgotten_events.id, excluded.id))
     select count(*) as n from gone`,
    [keptMs, limit],
  );
  return rowsOf(z.object({ n: z.int() }), rows)[0]!.n;
}

/** Forgets all that is old. The embedded PostgreSQL has no autovacuum: its room is usable then. */
export async function trimEvents(database: Database, keptMs?: number): Promise<void> {
  const kept = keptMs === undefined ? {} : { keptMs };
  let slices = 0;
  while (slices < SLICES_MAX && (await forgetEvents(database, kept)) >= SLICE) slices += 1;
  if (database.kind === 'pglite') await database.query('vacuum events');
}
