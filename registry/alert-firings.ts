import { z } from 'zod';
import { type Queries, rowsOf } from './database.ts';
import { slices } from './slices.ts';
import { jsonOf } from './sql-values.ts';

/** What sources that are no Flux rules are filtered by; what is left out fits everything. */
export interface FiringMatch {
  /** Of scans: the state that the monitor has now. */
  readonly state?: string;
  /** Of articles. */
  readonly rules?: readonly number[];
  readonly feed?: number;
  readonly symbols?: readonly string[];
  /** Of freshness: which kind, and for how long already. */
  readonly freshness?: string;
  readonly ageMs?: number;
  /** For alerts that name the pair: the others are told of its exchange. */
  readonly named?: boolean;
}

/** What the message tells besides: kept with the firing, once for all who want it. */
export interface FiringData {
  /** The newest points, oldest first. */
  readonly recent?: readonly (readonly [time: string, value: number])[];
  readonly rank?: { readonly rank: number; readonly of: number } | null;
  readonly limit?: number | null;
  /** Where the window of the average begins, milliseconds. */
  readonly windowStartMs?: number | null;
  readonly match?: FiringMatch;
  /** Facts of the monitor, the article, the market. */
  readonly about?: Readonly<Record<string, unknown>>;
  /** One sentence, where the numbers do not say it. */
  readonly reason?: string;
}

export interface NewFiring {
  /** `core/alert-rules.ts`, `alertSeries`. */
  readonly series: string;
  readonly exchange: string | null;
  readonly pair: string | null;
  readonly monitor: number | null;
  readonly atMs: number;
  readonly value: number | null;
  readonly average: number | null;
  readonly samples: number | null;
  readonly data: FiringData;
}

const numberOrNull = z.number().nullable();

const firing = z.object({
  id: z.int(),
  rule: z.string(),
  stepMs: z.number(),
  series: z.string(),
  exchange: z.string().nullable(),
  pair: z.string().nullable(),
  monitor: z.int().nullable(),
  atMs: z.number(),
  value: numberOrNull,
  average: numberOrNull,
  samples: z.int().nullable(),
  late: z.boolean(),
  data: z.custom<FiringData>((value) => typeof value === 'object' && value !== null),
});

/** A series that a step of a rule found. */
export type Firing = z.infer<typeof firing>;

const COLUMNS = `f.id, f.rule, f.step_ms as "stepMs", f.series, f.exchange, f.pair, f.monitor,
  f.at_ms as "atMs", f.value, f.average, f.samples, f.late, f.data`;

/** Of one statement; a market-wide move is some thousands. */
const ROWS_MAX = 500;

/** Keeps what a step found; what is there already stays as it is. Returns how many were new. */
export async function insertFirings(
  queries: Queries,
  step: { readonly rule: string; readonly stepMs: number; readonly late: boolean },
  firings: readonly NewFiring[],
): Promise<number> {
  let added = 0;
  // In one order, so that two who keep the same do not wait for each other in a circle.
  const sorted = firings.toSorted((a, b) => (a.series < b.series ? -1 : 1));
  for (const some of slices(sorted, ROWS_MAX)) {
    const rows = await queries.query(
      `insert into alert_firings (rule, step_ms, late, series, exchange, pair, monitor, at_ms,
         value, average, samples, data)
       select $1, $2, $3, series, exchange, pair, monitor, "atMs", value, average, samples, data
       from jsonb_to_recordset($4::jsonb) as f (series text, exchange text, pair text,
         monitor bigint, "atMs" bigint, value float8, average float8, samples int, data jsonb)
       on conflict (rule, series, at_ms) do nothing returning id`,
      [step.rule, step.stepMs, step.late, jsonOf(some)],
    );
    added += rows.length;
  }
  return added;
}

export async function findFirings(queries: Queries, ids: readonly number[]): Promise<Firing[]> {
  const rows = await queries.query(
    `select ${COLUMNS} from alert_firings f where f.id = any($1::bigint[]) order by f.id`,
    [ids],
  );
  return rowsOf(firing, rows);
}

/** Those of a step that somebody was told of, the first ones. */
export async function toldFirings(
  queries: Queries,
  { rule, stepMs, limit }: { rule: string; stepMs: number; limit: number },
): Promise<Firing[]> {
  const rows = await queries.query(
    `select ${COLUMNS} from alert_firings f
     where f.rule = $1 and f.step_ms = $2 and exists (
       select 1 from alert_events e where e.firing = f.id
         and e.outcome in ('sent', 'digest', 'unconfirmed'))
     order by f.id limit $3`,
    [rule, stepMs, limit],
  );
  return rowsOf(firing, rows);
}
