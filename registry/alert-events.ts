import { z } from 'zod';
import { type Queries, rowsOf } from './database.ts';
import { msColumn } from './sql-values.ts';

export const ALERT_OUTCOMES = [
  'sent',
  'digest',
  'silenced',
  'pending',
  'incident',
  'unconfirmed',
] as const;

const event = z.object({
  id: z.int(),
  alert: z.int(),
  series: z.string(),
  windowMs: z.number(),
  /** Of the window; of the alert as it is now. */
  lengthMs: z.number(),
  /** Of the point. */
  atMs: z.number(),
  value: z.number().nullable(),
  /**
   * What came of it. `pending`: it had not lasted long enough; `incident`: it was told before and
   * goes on; `unconfirmed`: it waits until its channel is confirmed.
   */
  outcome: z.enum(ALERT_OUTCOMES),
  silence: z.int().nullable(),
  delivery: z.int().nullable(),
  resolvedMs: z.number().nullable(),
  createdMs: z.number(),
  /** Of what was found; null when that is not kept any more. */
  average: z.number().nullable(),
  samples: z.int().nullable(),
  late: z.boolean().nullable(),
  exchange: z.string().nullable(),
  pair: z.string().nullable(),
  monitor: z.int().nullable(),
});

/** One alert: of a subscription, a series and a window. */
export type AlertEvent = z.infer<typeof event>;

export interface AlertEventFilter {
  /** Ids below this one; from the newest without it. */
  readonly before?: number | undefined;
  readonly limit: number;
  readonly alert?: number | undefined;
  readonly outcome?: AlertEvent['outcome'] | undefined;
  readonly pair?: string | undefined;
  readonly exchange?: string | undefined;
}

/** The newest first; without our own. */
export async function listAlertEvents(
  queries: Queries,
  filter: AlertEventFilter,
): Promise<AlertEvent[]> {
  const { before, limit, alert, outcome, pair, exchange } = filter;
  const rows = await queries.query(
    `select e.id, e.alert, e.series, e.window_ms as "windowMs",
       a.window_ms as "lengthMs", e.at_ms as "atMs", e.value,
       e.outcome, e.silence, e.delivery, e.resolved_ms as "resolvedMs",
       ${msColumn('e.created', 'createdMs')}, f.average, f.samples, f.late, f.exchange, f.pair,
       f.monitor
     from alert_events e join alerts a on a.id = e.alert
       left join alert_firings f on f.id = e.firing
     where a.kind <> 'canary' and ($2::bigint is null or e.id < $2)
       and ($3::bigint is null or e.alert = $3) and ($4::text is null or e.outcome = $4)
       and ($5::text is null or f.pair = $5) and ($6::text is null or f.exchange = $6)
     order by e.id desc limit $1`,
    [
      ...[limit, before ?? null, alert ?? null, outcome ?? null],
      ...[pair ?? null, exchange ?? null],
    ],
  );
  return rowsOf(event, rows);
}
