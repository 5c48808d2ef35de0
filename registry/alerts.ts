import { z } from 'zod';
import { type AlertRule, alertMetrics } from '../core/alert-rules.ts';
import { type Database, type Queries, rowsOf } from './database.ts';
import { cancelDeliveries } from './delivery-upkeep.ts';
import { jsonOf, msColumn, NOW_MS, textOf } from './sql-values.ts';

export const ALERT_KINDS = [
  'ratio',
  'threshold',
  'scan',
  'article',
  'freshness',
  'canary',
] as const;
/** What an alert is about. `canary`: our own, which measures the way. */
export type AlertKind = (typeof ALERT_KINDS)[number];

export const FRESHNESS_KINDS = ['absent', 'late', 'frozen'] as const;
/** No points; points that were old when they came; points that all say the same. */
export type FreshnessKind = (typeof FRESHNESS_KINDS)[number];

export const SCAN_STATES = ['up', 'down', 'unknown'] as const;

const texts = z.array(z.string());
const ids = z.array(z.int());

/** What is left null fits everything. */
export const alertSpec = z.object({
  metrics: z.array(z.enum(alertMetrics)),
  direction: z.enum(['above', 'below', 'either']),
  /** Of `ratio`: how many times the mean. */
  factor: z.number().nullable(),
  /** Of `threshold`: values above, and below, it. */
  above: z.number().nullable(),
  below: z.number().nullable(),
  pairs: texts.nullable(),
  exchanges: texts.nullable(),
  /** Of `latency` and `scan`. */
  monitors: ids.nullable(),
  minSamples: z.int(),
  minAverage: z.number().nullable(),
  /** Only when it lasts so long, milliseconds; 0: at once. */
  forMs: z.int(),
  /** Once in every window, or once until it is over. */
  notify: z.enum(['window', 'incident']),
  /** Of `incident`: told again after so long, while it lasts. */
  remindMs: z.int().nullable(),
  /** Whether its end is told as well. */
  resolve: z.boolean(),
  /** Of `scan`: the states that are told. */
  states: z.array(z.enum(SCAN_STATES)),
  /** Of `article`. */
  articleRules: ids.nullable(),
  feeds: ids.nullable(),
  symbols: texts.nullable(),
  /** Of `freshness`. */
  freshness: z.array(z.enum(FRESHNESS_KINDS)),
  afterMs: z.int(),
});

/** What an alert is about, whole: checked by who makes alerts, before it comes here. */
export type AlertSpec = z.infer<typeof alertSpec>;

const ms = z.number();

const alert = z.object({
  id: z.int(),
  name: z.string(),
  kind: z.enum(ALERT_KINDS),
  channel: z.int(),
  fallback: z.int().nullable(),
  spec: alertSpec,
  /** Keys of the rules that find it. */
  rules: texts,
  windowMs: ms,
  active: z.boolean(),
  /** Nothing is told before; null: it is not paused. */
  pausedUntilMs: ms.nullable(),
  version: z.int(),
  createdMs: ms,
  changedMs: ms,
  /** How many alerts there were so far. */
  events: z.int(),
  lastMs: ms.nullable(),
});

/** A subscription: who is told of what. */
export type Alert = z.infer<typeof alert>;

export interface NewAlert extends Pick<Alert, 'name' | 'kind' | 'channel' | 'fallback' | 'spec'> {
  readonly windowMs: number;
  /** All of it that Flux evaluates. */
  readonly rules: readonly AlertRule[];
}

/** What may be changed; what is left out stays. */
export type AlertChange = Partial<Omit<NewAlert, 'kind'> & Pick<Alert, 'active' | 'pausedUntilMs'>>;

/** Notified with the id of an alert that is made or changed: other rules may be wanted. */
export const ALERTS_CHANNEL = 'tidemark_alerts';

const COLUMNS = `a.id, a.name, a.kind, a.channel, a.fallback, a.spec, to_jsonb(a.rules) as rules,
  a.window_ms as "windowMs", a.active,
  case when a.paused_until_ms > ${NOW_MS} then a.paused_until_ms end as "pausedUntilMs", a.version,
  ${msColumn('a.created', 'createdMs')}, ${msColumn('a.changed', 'changedMs')},
  (select count(*) from alert_events e where e.alert = a.id) as events,
  (select e.at_ms from alert_events e where e.alert = a.id order by e.id desc limit 1) as "lastMs"`;

/** Makes an alert, or finds the one that is the same: then `made` is false, and it is active. */
export async function addAlert(
  database: Database,
  wanted: NewAlert,
): Promise<{ readonly alert: Alert; readonly made: boolean }> {
  return database.transaction(async (transaction) => {
    const { kind, channel, fallback, spec, windowMs } = wanted;
    // One at a time for a channel: two that ask for the same at once get the same.
    await transaction.query('select id from channels where id = $1 for update', [channel]);
    const same = await transaction.query(
      `update alerts set active = true, changed = now()
       where id = (select id from alerts where channel = $1 and kind = $2 and spec = $3::jsonb
         and window_ms = $4 and fallback is not distinct from $5 order by active desc, id limit 1)
       returning id`,
      [channel, kind, jsonOf(spec), windowMs, fallback],
    );
    const found = rowsOf(idRow, same)[0]?.id;
    const id = found ?? (await insertAlert(transaction, wanted));
    await notify(transaction, id);
    return { alert: (await findAlert(transaction, id))!, made: found === undefined };
  });
}

const idRow = z.object({ id: z.int() });

async function insertAlert(queries: Queries, wanted: NewAlert): Promise<number> {
  const { name, kind, channel, fallback, spec, windowMs, rules } = wanted;
  await keepRules(queries, rules);
  const keys = rules.map(({ key }) => key);
  const rows = await queries.query(
    `insert into alerts (name, kind, channel, fallback, spec, rules, window_ms)
     values ($1, $2, $3, $4, $5::jsonb, $6::text[], $7) returning id`,
    [textOf(name), kind, channel, fallback, jsonOf(spec), keys, windowMs],
  );
  return rowsOf(idRow, rows)[0]!.id;
}

async function keepRules(queries: Queries, rules: readonly AlertRule[]): Promise<void> {
  await queries.query(
    `insert into alert_rules (key, spec)
     select key, spec::jsonb from unnest($1::text[], $2::text[]) as given (key, spec)
     on conflict (key) do nothing`,
    [rules.map(({ key }) => key), rules.map(jsonOf)],
  );
}

async function notify(queries: Queries, id: number): Promise<void> {
  await queries.query('select pg_notify($1, $2)', [ALERTS_CHANNEL, String(id)]);
}

export async function findAlert(queries: Queries, id: number): Promise<Alert | undefined> {
  const rows = await queries.query(`select ${COLUMNS} from alerts a where a.id = $1`, [id]);
  return rowsOf(alert, rows)[0];
}

export interface AlertFilter {
  /** Ids above this one. */
  readonly after: number;
  readonly limit: number;
  readonly active?: boolean | undefined;
  readonly channel?: number | undefined;
  readonly kind?: AlertKind | undefined;
}

/** By id; without our own. */
export async function listAlerts(queries: Queries, filter: AlertFilter): Promise<Alert[]> {
  const { after, limit, active, channel, kind } = filter;
  const rows = await queries.query(
    `select ${COLUMNS} from alerts a
     where a.id > $1 and a.kind <> 'canary' and ($3::boolean is null or a.active = $3)
       and ($4::bigint is null or a.channel = $4) and ($5::text is null or a.kind = $5)
     order by a.id limit $2`,
    [after, limit, active ?? null, channel ?? null, kind ?? null],
  );
  return rowsOf(alert, rows);
}

/** Changes an alert; undefined: there is none. What it has told stays told. */
export async function changeAlert(
  database: Database,
  id: number,
  change: AlertChange,
): Promise<Alert | undefined> {
  return database.transaction(async (transaction) => {
    if (change.rules !== undefined) await keepRules(transaction, change.rules);
    await writeChange(transaction, id, change);
    return findAlert(transaction, id);
  });
}

async function writeChange(queries: Queries, id: number, change: AlertChange): Promise<void> {
  const { name, channel, fallback, spec, rules, windowMs, active, pausedUntilMs } = change;
  await queries.query(
    `update alerts set name = coalesce($2, name), channel = coalesce($3, channel),
       fallback = case when $4 then $5::bigint else fallback end,
       spec = coalesce($6::jsonb, spec), rules = coalesce($7::text[], rules),
       window_ms = coalesce($8, window_ms), active = coalesce($9, active),
       paused_until_ms = case when $10 then $11::bigint else paused_until_ms end,
       version = version + ($6::jsonb is not null and spec <> $6::jsonb)::int, changed = now()
     where id = $1`,
    [
      ...[id, name === undefined ? null : textOf(name), channel ?? null],
      ...[fallback !== undefined, fallback ?? null, spec === undefined ? null : jsonOf(spec)],
      rules?.map(({ key }) => key) ?? null,
      ...[windowMs ?? null, active ?? null, pausedUntilMs !== undefined, pausedUntilMs ?? null],
    ],
  );
  // What it was about is over when it is about something else, or about nothing.
  if (spec !== undefined || active === false) {
    await queries.query('delete from alert_incidents where alert = $1', [id]);
  }
  await notify(queries, id);
}

/** Switches an alert off; undefined: there is none. What is on its way to its owner is not sent. */
export async function removeAlert(database: Database, id: number): Promise<Alert | undefined> {
  return database.transaction(async (transaction) => {
    await cancelDeliveries(transaction, { alert: id });
    await writeChange(transaction, id, { active: false });
    return findAlert(transaction, id);
  });
}

const names = texts.nullable();

const ruleRow = z.object({
  spec: z.object({
    key: z.string(),
    kind: z.enum(['ratio', 'threshold', 'canary']),
    metric: z.enum(alertMetrics),
    direction: z.enum(['above', 'below']),
    factor: z.number().nullable(),
    limit: z.number().nullable(),
    windowMs: z.int(),
    ...{ pairs: names, exchanges: names, monitors: names },
  }),
});

/** What has to be evaluated: the rules of all active alerts, by key. */
export async function activeAlertRules(queries: Queries): Promise<AlertRule[]> {
  const rows = await queries.query(
    `select spec from alert_rules
     where key in (select unnest(rules) from alerts where active) order by key`,
  );
  return rowsOf(ruleRow, rows).map(({ spec }) => spec);
}

/** How many other rules there would be with these. */
export async function countRulesWith(queries: Queries, keys: readonly string[]): Promise<number> {
  const rows = await queries.query(
    `select count(*) as id from (
       select unnest(rules) from alerts where active union select unnest($1::text[])) as wanted`,
    [keys],
  );
  return rowsOf(idRow, rows)[0]!.id;
}
