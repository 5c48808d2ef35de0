import { z } from 'zod';
import { insertFirings, type NewFiring } from './alert-firings.ts';
import { type Database, type Queries, rowsOf } from './database.ts';
import { NOW_MS } from './sql-values.ts';

export interface StepKey {
  readonly rule: string;
  /** When it ended. */
  readonly stepMs: number;
}

export interface NewStep extends StepKey {
  readonly late: boolean;
  readonly firings: readonly NewFiring[];
  /** Series with an incident that had points, none of them remarkable: theirs is over. */
  readonly cleared: readonly string[];
}

/**
 * Keeps what a step found, to be spread to whoever wants it. Again with the same changes nothing;
 * with more it is open again. In a transaction of the caller.
 */
export async function recordStep(queries: Queries, step: NewStep): Promise<void> {
  const { rule, stepMs, late, cleared } = step;
  const added = await insertFirings(queries, step, step.firings);
  await queries.query(
    `insert into alert_steps as s (rule, step_ms, late, found, cleared, spread)
     values ($1, $2, $3, $4, $5::text[], $4 = 0 and cardinality($5::text[]) = 0)
     on conflict (rule, step_ms) do update set found = s.found + excluded.found,
       cleared = array(select distinct unnest(s.cleared || excluded.cleared)), spread = false
     where excluded.found > 0 or not excluded.cleared <@ s.cleared`,
    [rule, stepMs, late, added, cleared],
  );
}

export interface StepsAsked {
  readonly rules: readonly string[];
  readonly everyMs: number;
  /** Multiples of `everyMs`, both inclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
}

const key = z.object({ rule: z.string(), stepMs: z.number() });

/**
 * Steps of rules that nobody has looked at, the oldest first, from when the first active alert with
 * the rule was made.
 */
export async function missingSteps(
  queries: Queries,
  { rules, everyMs, fromMs, toMs, limit }: StepsAsked,
): Promise<StepKey[]> {
  const rows = await queries.query(
    `with wanted as (
       select rule, min(extract(epoch from created) * 1000) as since_ms
       from alerts, unnest(rules) as rule where active and rules && $1::text[] group by rule)
     select rule, ms as "stepMs"
     from wanted, generate_series($2::bigint, $3::bigint, $4::bigint) as ms
     where rule = any($1) and ms >= since_ms and not exists (
       select 1 from alert_steps s where s.rule = wanted.rule and s.step_ms = ms)
     order by ms desc, rule limit $5`,
    [rules, fromMs, toMs, everyMs, limit],
  );
  // The newest are never left out for old ones.
  return rowsOf(key, rows).reverse();
}

const openStep = key.extend({
  late: z.boolean(),
  found: z.int(),
  cleared: z.array(z.string()),
});

/** A step whose finds have not come to everybody yet. */
export type OpenStep = z.infer<typeof openStep>;

const OPEN = `select rule, step_ms as "stepMs", late, found, to_jsonb(cleared) as cleared
  from alert_steps where not spread`;

/** The oldest first, so that what began before is known by who sees what follows. */
export async function openSteps(queries: Queries, limit: number): Promise<OpenStep[]> {
  const rows = await queries.query(`${OPEN} order by step_ms, rule limit $1`, [limit]);
  return rowsOf(openStep, rows);
}

/** Undefined: it is not open, or not there. */
export async function findOpenStep(
  queries: Queries,
  { rule, stepMs }: StepKey,
): Promise<OpenStep | undefined> {
  const rows = await queries.query(`${OPEN} and rule = $1 and step_ms = $2`, [rule, stepMs]);
  return rowsOf(openStep, rows)[0];
}

/** All have it. False: another has said so, or something came to it that not all have. */
export async function closeStep(queries: Queries, step: OpenStep): Promise<boolean> {
  const rows = await queries.query(
    `update alert_steps set spread = true where rule = $1 and step_ms = $2 and not spread
       and found = $3 and cardinality(cleared) = $4 returning rule`,
    [step.rule, step.stepMs, step.found, step.cleared.length],
  );
  return rows.length > 0;
}

/** What is deleted by one statement. */
const TRIM_MAX = 1_000;

/** What goes when, and by which rule; old rows have low numbers. */
const TRIMS: readonly string[] = [
  `delete from alert_steps where ctid in (
     select ctid from alert_steps where spread and at < now() - interval '7 days' limit $1)`,
  // What nobody was told of says little; a long breach is found again in each step.
  `delete from alert_firings where id in (
     select f.id from alert_firings f
     where f.step_ms < ${NOW_MS} - 86400000
       and not exists (select 1 from alert_events e where e.firing = f.id)
       and not exists (select 1 from alert_steps s
         where s.rule = f.rule and s.step_ms = f.step_ms and not s.spread)
     order by f.id limit $1)`,
  `delete from alert_firings where id in (
     select id from alert_firings where step_ms < ${NOW_MS} - 30 * 86400000::bigint
     order by id limit $1)`,
  `delete from alert_events where id in (
     select id from alert_events where created < now() - interval '90 days' order by id limit $1)`,
  // Nothing was heard of the series for so long that its end will not be heard of either.
  `delete from alert_incidents where ctid in (
     select ctid from alert_incidents where last_ms < ${NOW_MS} - 7 * 86400000::bigint
       and told_ms is null or last_ms < ${NOW_MS} - 30 * 86400000::bigint limit $1)`,
];

/**
 * Forgets what is old, in small deletes: steps after 7 days, what they found after 30 (after one
 * where nobody was told), alerts after 90. Returns how many rows went; as many as that may be left.
 */
export async function trimAlerts(database: Database): Promise<number> {
  let gone = 0;
  for (const statement of TRIMS) {
    gone += (await database.query(`${statement} returning 1`, [TRIM_MAX])).length;
  }
  return gone;
}
