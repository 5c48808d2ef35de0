import type { AlertRule } from '../../core/alert-rules.ts';
import { toldFirings } from '../../registry/alert-firings.ts';
import { endIncidents, noteTold } from '../../registry/alert-incidents.ts';
import {
  addEvents,
  type ChannelShare,
  channelsOf,
  lockAlerts,
  noteIncidents,
  type StepAlerts,
} from '../../registry/alert-spread.ts';
import {
  closeStep,
  findOpenStep,
  type OpenStep,
  type StepKey,
} from '../../registry/alert-steps.ts';
import { activeAlertRules } from '../../registry/alerts.ts';
import type { Database, Transaction } from '../../registry/database.ts';
import { tellEvents } from '../../registry/events.ts';
import { DIGEST, enqueueTold, NAMED, type OutboxOptions } from './outbox.ts';

export interface SpreadOptions extends OutboxOptions {
  /** Events of one transaction, about. Default 5,000. */
  readonly batch?: number;
}

/** What came of a step: how many events, by outcome. */
export interface Spread {
  readonly outcomes: Readonly<Record<string, number>>;
  /** Times of the firings that were told of. */
  readonly toldMs: readonly number[];
}

const BATCH = 5_000;
const CHANNELS = 1_000;
/** Events for whoever listens; of one step. */
const TOLD_MAX = 1_000;

/**
 * Brings what a step found to all alerts that want it, some channels at a time, each in one
 * transaction: events, incidents and deliveries come about together or not at all. Done again, or
 * by two at once, it adds nothing. Undefined: there was nothing to do.
 */
export async function spreadStep(
  database: Database,
  key: StepKey,
  options: SpreadOptions,
): Promise<Spread | undefined> {
  const step = await findOpenStep(database, key);
  if (step === undefined) return undefined;
  const rule = (await activeAlertRules(database)).find((one) => one.key === step.rule);
  const outcomes: Record<string, number> = {};
  for await (const channels of batches(database, step, options)) {
    const added = await database.transaction((transaction) =>
      spreadTo(transaction, { step, rule, channels, options }),
    );
    for (const [name, count] of Object.entries(added)) {
      outcomes[name] = (outcomes[name] ?? 0) + count;
    }
  }
  return { outcomes, toldMs: await end(database, step, rule) };
}

/** Numbers of channels, as many at a time as make a transaction of the wanted size. */
async function* batches(
  database: Database,
  { rule, found, cleared }: OpenStep,
  { batch = BATCH }: SpreadOptions,
): AsyncGenerator<number[]> {
  const series = Math.max(1, found + cleared.length);
  for (let after = 0; ; ) {
    const shares = await channelsOf(database, { rule, after, limit: CHANNELS });
    let some: ChannelShare[] = [];
    let rows = 0;
    for (const share of shares) {
      if (some.length > 0 && rows + share.alerts * series > batch) {
        yield some.map(({ channel }) => channel);
        [some, rows] = [[], 0];
      }
      some.push(share);
      rows += share.alerts * series;
    }
    if (some.length > 0) yield some.map(({ channel }) => channel);
    if (shares.length < CHANNELS) return;
    after = shares.at(-1)!.channel;
  }
}

interface Batch {
  readonly step: OpenStep;
  readonly rule: AlertRule | undefined;
  readonly channels: readonly number[];
  readonly options: SpreadOptions;
}

/** How many events there are now that were not there, by outcome. */
async function spreadTo(
  transaction: Transaction,
  batch: Batch,
): Promise<Readonly<Record<string, number>>> {
  const { step, channels } = batch;
  const { rule, stepMs } = step;
  const alerts = await lockAlerts(transaction, { rule, channels });
  // Whoever was here first may be through with it by now.
  const open = await findOpenStep(transaction, step);
  if (alerts.length === 0 || open === undefined) return {};
  const all: StepAlerts = { rule, stepMs, alerts: alerts.map(({ id }) => id) };
  const tracked = alerts.filter((alert) => alert.tracked).map(({ id }) => id);
  const watched: StepAlerts = { rule, stepMs, alerts: tracked };
  if (tracked.length > 0) await noteIncidents(transaction, watched);
  const { digest = DIGEST } = batch.options;
  const { told, outcomes } = await addEvents(transaction, all, { digest, named: NAMED });
  const ended = await endIncidents(transaction, watched, open.cleared);
  const { rule: found, options } = batch;
  await enqueueTold(transaction, { step: all, told, ended, alerts, rule: found }, options);
  if (tracked.length > 0) await noteTold(transaction, watched);
  return outcomes;
}

/** Whoever closes the step tells whoever listens: once for each firing, not for each alert. */
async function end(
  database: Database,
  step: OpenStep,
  rule: AlertRule | undefined,
): Promise<number[]> {
  const { rule: key, stepMs } = step;
  return database.transaction(async (transaction) => {
    if (!(await closeStep(transaction, step)) || step.found === 0) return [];
    const told = await toldFirings(transaction, { rule: key, stepMs, limit: TOLD_MAX });
    const shown = key === 'canary' ? [] : told;
    const events = shown.map(({ series, exchange, pair, monitor, value, average, ...rest }) => ({
      ...{ rule: key, series, exchange, pair, monitor, metric: rule?.metric ?? null },
      ...{ value, average, samples: rest.samples, factor: rule?.factor ?? null },
      ...{ limit: rule?.limit ?? null, direction: rule?.direction ?? null },
      ...{ time: new Date(rest.atMs).toISOString(), late: rest.late },
    }));
    await tellEvents(transaction, 'alert', events);
    return told.map(({ atMs }) => atMs);
  });
}
