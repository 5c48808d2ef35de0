/** Alerts, and steps of rules that found something, straight in the registry. */
import { createHash, randomUUID } from 'node:crypto';
import { type AlertRule, alertSeries, ratioRules } from '../../core/alert-rules.ts';
import type { NewFiring } from '../../registry/alert-firings.ts';
import { recordStep } from '../../registry/alert-steps.ts';
import { type Alert, type AlertKind, type AlertSpec, addAlert } from '../../registry/alerts.ts';
import type { Database, Row } from '../../registry/database.ts';
import { spreadStep } from '../../tasks/alerts/spread.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
/** An hour that has not begun: alerts that are made now are told of its steps. */
export const BEGIN_MS = Math.ceil(Date.now() / HOUR_MS + 1) * HOUR_MS;

export const [priceRule] = ratioRules({ metrics: ['price'] }) as [AlertRule];

export async function makeChannel(
  database: Database,
  state: 'active' | 'unconfirmed' | 'disabled' = 'active',
): Promise<number> {
  const key = createHash('sha256').update(randomUUID()).digest('hex');
  const rows = await database.query(
    `insert into channels (key, kind, shown, secret, state)
     values ($1, 'webhook', 'https://receiver.example', '{"url":"https://receiver.example"}', $2)
     returning id`,
    [key, state],
  );
  return Number(rows[0]!.id);
}

/** Lists that are not changed will do. */
type Unchanged<T> = T extends readonly (infer Item)[] ? readonly Item[] : T;

export interface AlertWish extends Partial<{ [K in keyof AlertSpec]: Unchanged<AlertSpec[K]> }> {
  readonly channel: number;
  readonly kind?: AlertKind;
  readonly windowMs?: number;
  readonly rules?: readonly AlertRule[];
  readonly fallback?: number;
}

const nothing: AlertSpec = {
  ...{ metrics: ['price'], direction: 'above', factor: 3, above: null, below: null },
  ...{ pairs: null, exchanges: null, monitors: null, minSamples: 10, minAverage: null },
  ...{ forMs: 0, notify: 'window', remindMs: null, resolve: false, states: [] },
  ...{ articleRules: null, feeds: null, symbols: null, freshness: [], afterMs: 0 },
};

export async function makeAlert(database: Database, wish: AlertWish): Promise<Alert> {
  const { channel, kind = 'ratio', windowMs = HOUR_MS, rules, fallback, ...spec } = wish;
  const { alert } = await addAlert(database, {
    ...{ name: 'test', kind, channel, fallback: fallback ?? null, windowMs },
    rules: rules ?? (kind === 'ratio' ? [priceRule] : []),
    spec: { ...nothing, ...spec } as AlertSpec,
  });
  return alert;
}

/** `price` of a pair on `kraken`, at four times the mean of 60 points. */
export function firingOf(pair: string, atMs: number, more: Partial<NewFiring> = {}): NewFiring {
  return {
    ...{ series: alertSeries.market('price', 'kraken', pair), exchange: 'kraken', pair },
    ...{ monitor: null, atMs, value: 400, average: 100, samples: 60 },
    data: { windowStartMs: atMs - HOUR_MS },
    ...more,
  };
}

export interface StepWish {
  readonly rule?: string;
  readonly late?: boolean;
  readonly cleared?: readonly string[];
}

/** A step of the rule at a minute that found pairs (or firings), or nothing. */
export async function keepStep(
  database: Database,
  stepMs: number,
  found: readonly (string | NewFiring)[],
  { rule = priceRule.key, late = false, cleared = [] }: StepWish = {},
): Promise<void> {
  const firings = found.map((one) => (typeof one === 'string' ? firingOf(one, stepMs) : one));
  await database.transaction((transaction) =>
    recordStep(transaction, { rule, stepMs, late, firings, cleared }),
  );
}

export const spreadOptions = {
  publicUrl: 'https://tidemark.example',
  nowMs: () => BEGIN_MS,
  ttlMs: 24 * HOUR_MS,
  flux: () => null,
} as const;

/** The same, brought to everybody. */
export async function tellStep(
  database: Database,
  stepMs: number,
  found: readonly (string | NewFiring)[],
  wish: StepWish = {},
): Promise<void> {
  await keepStep(database, stepMs, found, wish);
  await spreadStep(database, { rule: wish.rule ?? priceRule.key, stepMs }, spreadOptions);
}

/** Events as `alert series window outcome`, in their order. */
export async function eventsOf(database: Database): Promise<string[]> {
  const rows = await database.query(
    `select alert, series, (window_ms - $1::bigint) / 60000 as minute, outcome from alert_events
     order by window_ms, alert, series`,
    [BEGIN_MS],
  );
  return rows.map(
    ({ alert, series, minute, outcome }) => `${alert} ${series} ${minute} ${outcome}`,
  );
}

export interface SentRow extends Row {
  readonly channel: number;
  readonly alert: number | null;
  readonly kind: string;
  readonly message: string;
  readonly subject: string;
  readonly state: string;
  readonly fallback: number | null;
  readonly payload: { readonly type: string; readonly data: Readonly<Record<string, unknown>> };
}

export async function sentTo(database: Database, channel?: number): Promise<readonly SentRow[]> {
  const rows = await database.query(
    `select channel, alert, kind, message, subject, state, fallback, payload from deliveries
     where $1::bigint is null or channel = $1 order by id`,
    [channel ?? null],
  );
  return rows as readonly SentRow[];
}
