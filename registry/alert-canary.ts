import { z } from 'zod';
import { canaryRule } from '../core/alert-rules.ts';
import { type AlertSpec, addAlert, removeAlert } from './alerts.ts';
import { ensureChannel } from './channels.ts';
import { type Database, type Queries, rowsOf } from './database.ts';
import { NOW_MS } from './sql-values.ts';

/** It is about nothing but its rule. */
const SPEC: AlertSpec = {
  ...{ metrics: [], direction: 'above', factor: null, above: null, below: null },
  ...{ pairs: null, exchanges: null, monitors: null, minSamples: 0, minAverage: null },
  ...{ forMs: 0, notify: 'window', remindMs: null, resolve: false, states: [] },
  ...{ articleRules: null, feeds: null, symbols: null, freshness: [], afterMs: 0 },
};
/** It is told once in each, however often rules are evaluated. */
const WINDOW_MS = 60_000;

/** Makes sure that there is the one alert of our own; however many ask, it is the same. */
export async function ensureCanary(
  database: Database,
  { ttlMs }: { readonly ttlMs: number },
): Promise<void> {
  const { channel } = await database.transaction((transaction) =>
    ensureChannel(transaction, { kind: 'canary' }, { ttlMs }),
  );
  await addAlert(database, {
    ...{ name: 'canary', kind: 'canary', channel: channel.id, fallback: null },
    ...{ spec: SPEC, windowMs: WINDOW_MS, rules: [canaryRule] },
  });
}

const ids = z.object({ id: z.int() });

/** Nobody wants to measure any more. */
export async function removeCanary(database: Database): Promise<void> {
  const rows = await database.query("select id from alerts where kind = 'canary' and active");
  for (const { id } of rowsOf(ids, rows)) await removeAlert(database, id);
}

const newest = z.object({ nowMs: z.number(), deliveredMs: z.number().nullable() });

/** By the database's clock: when the newest message of the canary came to its end; null: none did. */
export async function lastCanary(queries: Queries): Promise<z.infer<typeof newest>> {
  const rows = await queries.query(
    `select ${NOW_MS}::float8 as "nowMs", (
       select (extract(epoch from d.ended) * 1000)::float8 from deliveries d
       where d.alert in (select id from alerts where kind = 'canary') and d.state = 'delivered'
       order by d.ended desc limit 1) as "deliveredMs"`,
  );
  return rowsOf(newest, rows)[0]!;
}

/** What is deleted by one statement. */
const TRIM_MAX = 1_000;
const CANARIES = "(select id from alerts where kind = 'canary')";

/**
 * An hour tells how the way is. Steps are kept for a day: so far back is looked for those that
 * nobody did.
 */
const TRIMS: readonly string[] = [
  `delete from deliveries where id in (
     select id from deliveries where alert in ${CANARIES}
       and ended < now() - interval '1 hour' limit $1)`,
  `delete from alert_events where id in (
     select id from alert_events where alert in ${CANARIES}
       and created < now() - interval '1 hour' order by id limit $1)`,
  `delete from alert_firings where id in (
     select f.id from alert_firings f where f.rule = 'canary' and f.step_ms < ${NOW_MS} - 3600000
       and not exists (select from alert_events e where e.firing = f.id)
       and not exists (select from alert_steps s
         where s.rule = f.rule and s.step_ms = f.step_ms and not s.spread)
     limit $1)`,
  `delete from alert_steps where ctid in (
     select ctid from alert_steps where rule = 'canary' and spread
       and step_ms < ${NOW_MS} - 90000000 limit $1)`,
];

/** Forgets what is old of the canary, in small deletes; returns how many rows went. */
export async function trimCanary(database: Database): Promise<number> {
  let gone = 0;
  for (const statement of TRIMS) {
    gone += (await database.query(`${statement} returning 1`, [TRIM_MAX])).length;
  }
  return gone;
}
