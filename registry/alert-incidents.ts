import { z } from 'zod';
import type { StepAlerts } from './alert-spread.ts';
import { type Queries, rowsOf } from './database.ts';

/** Notes which incidents somebody was told of by this step, and by which event. */
export async function noteTold(queries: Queries, step: StepAlerts): Promise<void> {
  await queries.query(
    `update alert_incidents i set told_ms = $2, event = e.id
     from alert_firings f, alerts a, alert_events e
     where f.rule = $1 and f.step_ms = $2 and a.id = any($3::bigint[])
       and i.alert = a.id and i.rule = $1 and i.series = f.series
       and e.alert = a.id and e.series = f.series
       and e.window_ms = f.at_ms - mod(f.at_ms, a.window_ms) and e.firing = f.id
       and e.outcome in ('sent', 'digest', 'unconfirmed')
       and (i.told_ms is null or i.told_ms < $2)`,
    [step.rule, step.stepMs, step.alerts],
  );
}

const ended = z.object({
  alert: z.int(),
  series: z.string(),
  /** End of the first step that found it. */
  sinceMs: z.number(),
  /** Its owner wants to know, and was told that it began. */
  told: z.boolean(),
  event: z.int().nullable(),
  firing: z.int().nullable(),
  windowMs: z.number().nullable(),
});

/** An incident that is over. */
export type EndedIncident = z.infer<typeof ended>;

/**
 * Ends the incidents of series that had points in a step, none of them remarkable: at once where
 * nobody was told yet, else when that has lasted as long as they had to last. Silence is no end: a
 * series without points has no incident ended.
 */
export async function endIncidents(
  queries: Queries,
  step: StepAlerts,
  cleared: readonly string[],
): Promise<EndedIncident[]> {
  if (cleared.length === 0) return [];
  const those = `i.rule = $1 and i.alert = any($3::bigint[]) and i.series = any($4::text[])
    and i.last_ms < $2`;
  const parameters = [step.rule, step.stepMs, step.alerts, cleared];
  await queries.query(
    `update alert_incidents i set clear_ms = $2 where ${those} and clear_ms is null`,
    parameters,
  );
  const rows = await queries.query(
    `with gone as (
       delete from alert_incidents i using alerts a
       where a.id = i.alert and ${those}
         and (i.told_ms is null or $2 - i.clear_ms >= (a.spec->>'forMs')::bigint)
       returning i.*, (a.spec->>'resolve')::boolean as wanted),
     resolved as (
       update alert_events e set resolved_ms = $2 from gone where e.id = gone.event
       returning e.id, e.firing, e.window_ms)
     select gone.alert, gone.series, gone.since_ms as "sinceMs", resolved.id as event,
       gone.wanted and gone.told_ms is not null as told, resolved.firing,
       resolved.window_ms as "windowMs"
     from gone left join resolved on resolved.id = gone.event order by gone.alert, gone.series`,
    parameters,
  );
  return rowsOf(ended, rows);
}

/** Series with an incident of a rule that a step did not find again; at most `limit`. */
export async function openIncidents(
  queries: Queries,
  {
    rule,
    stepMs,
    limit,
  }: { readonly rule: string; readonly stepMs: number; readonly limit: number },
): Promise<string[]> {
  const rows = await queries.query(
    `select distinct series from alert_incidents where rule = $1 and last_ms < $2 limit $3`,
    [rule, stepMs, limit],
  );
  return rowsOf(z.object({ series: z.string() }), rows).map(({ series }) => series);
}
