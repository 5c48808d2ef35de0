import { z } from 'zod';
import { type Queries, rowsOf } from './database.ts';
import { jsonOf, msColumn, NOW_MS, textOf } from './sql-values.ts';

/** All that is named has to fit; at least one thing is. */
export const silenceMatcher = z.object({
  alerts: z.array(z.int()).optional(),
  exchanges: z.array(z.string()).optional(),
  pairs: z.array(z.string()).optional(),
  monitors: z.array(z.int()).optional(),
  kinds: z.array(z.string()).optional(),
});

export type SilenceMatcher = z.infer<typeof silenceMatcher>;

const silence = z.object({
  id: z.int(),
  matcher: silenceMatcher,
  comment: z.string().nullable(),
  fromMs: z.number(),
  /** Nothing is held back from then on. */
  untilMs: z.number(),
  createdMs: z.number(),
  /** By the clock of the database. */
  state: z.enum(['waiting', 'active', 'over']),
  /** How many alerts it has held back. */
  held: z.int(),
});

/** Alerts that are noted but not sent, for a while. */
export type Silence = z.infer<typeof silence>;

export type NewSilence = Pick<Silence, 'matcher' | 'comment' | 'fromMs' | 'untilMs'>;

const COLUMNS = `s.id, s.matcher, s.comment, s.from_ms as "fromMs", s.until_ms as "untilMs",
  ${msColumn('s.created', 'createdMs')},
  case when s.until_ms <= ${NOW_MS} then 'over' when s.from_ms > ${NOW_MS} then 'waiting'
    else 'active' end as state,
  (select count(*) from alert_events e where e.silence = s.id) as held`;

const idRow = z.object({ id: z.int() });

export async function addSilence(queries: Queries, wanted: NewSilence): Promise<Silence> {
  const { matcher, comment, fromMs, untilMs } = wanted;
  const rows = await queries.query(
    `insert into silences (matcher, comment, from_ms, until_ms)
     values ($1::jsonb, $2, $3, $4) returning id`,
    [jsonOf(matcher), comment === null ? null : textOf(comment), fromMs, untilMs],
  );
  return (await findSilence(queries, rowsOf(idRow, rows)[0]!.id))!;
}

export async function findSilence(queries: Queries, id: number): Promise<Silence | undefined> {
  const rows = await queries.query(`select ${COLUMNS} from silences s where s.id = $1`, [id]);
  return rowsOf(silence, rows)[0];
}

export interface SilenceFilter {
  /** Ids above this one. */
  readonly after: number;
  readonly limit: number;
  readonly state?: Silence['state'] | undefined;
}

/** By id. */
export async function listSilences(queries: Queries, filter: SilenceFilter): Promise<Silence[]> {
  const rows = await queries.query(
    `select * from (select ${COLUMNS} from silences s where s.id > $1) as found
     where $3::text is null or state = $3 order by id limit $2`,
    [filter.after, filter.limit, filter.state ?? null],
  );
  return rowsOf(silence, rows);
}

/** What may be changed; what is left out stays. */
export type SilenceChange = Partial<NewSilence>;

/** Undefined: there is none. What it has held back is not sent later. */
export async function changeSilence(
  queries: Queries,
  id: number,
  { matcher, comment, fromMs, untilMs }: SilenceChange,
): Promise<Silence | undefined> {
  await queries.query(
    `update silences set matcher = coalesce($2::jsonb, matcher),
       comment = case when $3 then $4 else comment end,
       from_ms = coalesce($5, from_ms), until_ms = coalesce($6, until_ms)
     where id = $1`,
    [
      ...[id, matcher === undefined ? null : jsonOf(matcher)],
      ...[comment !== undefined, comment == null ? null : textOf(comment)],
      ...[fromMs ?? null, untilMs ?? null],
    ],
  );
  return findSilence(queries, id);
}

/** Over from now on; undefined: there is none. */
export async function endSilence(queries: Queries, id: number): Promise<Silence | undefined> {
  await queries.query(
    `update silences set until_ms = least(until_ms, ${NOW_MS}), from_ms = least(from_ms, ${NOW_MS})
     where id = $1`,
    [id],
  );
  return findSilence(queries, id);
}
