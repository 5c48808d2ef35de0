import { childAbort } from '../../core/abort.ts';
import type { AlertRule } from '../../core/alert-rules.ts';
import type { Clock } from '../../core/clock.ts';
import { fixedMs } from '../../core/duration.ts';
import { messageOf } from '../../core/errors.ts';
import type { Influx } from '../../core/influx/influx.ts';
import type { Log } from '../../core/log.ts';
import { Turns } from '../../core/turns.ts';
import { createAlertQueries } from '../../flux/alert-queries.ts';
import { createAlertReader } from '../../flux/alert-reader.ts';
import { bind, loadTask } from '../../flux/load.ts';
import type { Firing } from '../../registry/alert-firings.ts';
import { openSteps, type StepKey, trimAlerts } from '../../registry/alert-steps.ts';
import type { Database } from '../../registry/database.ts';
import { slowestExchangeMs } from '../../registry/exchanges.ts';
import { alertTasks } from '../alert-tasks.ts';
import { type AlertReads, Evaluator } from './evaluate.ts';
import type { AlertMetrics } from './metrics.ts';
import { type SpreadOptions, spreadStep } from './spread.ts';

export { spreadStep } from './spread.ts';

/** Finds something that no Flux rule does: scans, articles, missing data. */
export interface AlertSource {
  readonly name: string;
  /**
   * Called every some seconds: does what is due, and returns soon. What it finds it keeps with
   * `recordStep` (registry/alert-steps.ts); whoever wants it is told after that.
   */
  look(signal: AbortSignal): Promise<void>;
}

export interface AlertServiceOptions {
  readonly influx: Pick<Influx, 'collect' | 'bucket'>;
  readonly registry: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: AlertMetrics;
  /** How often rules are evaluated, milliseconds. */
  readonly everyMs: number;
  /** Where the API is for those who are told. */
  readonly publicUrl: string;
  /** How long a message may be on its way, milliseconds. */
  readonly ttlMs: number;
  readonly sources: readonly AlertSource[];
  readonly digest?: number;
}

export interface AlertServiceState {
  /** What cannot be evaluated, and why: of InfluxDB, of rules and of sources. */
  readonly troubles: readonly string[];
  readonly registryError: string | undefined;
  /** From the oldest step that should be done and is not, until now. */
  readonly behindMs: number;
}

export interface AlertService {
  state(): AlertServiceState;
  close(): Promise<void>;
}

const GAP_MS = 250;
const RETRY_MS = 2_000;
const LOOK_MS = 2_000;
/** Steps that are open for another reason than that they are new: somebody died over them. */
const OPEN_MS = 2_000;
const OPEN_MAX = 100;
const TRIM_MS = 600_000;
const TRIM_ROWS = 1_000;

/**
 * Evaluates alerts: what Flux rules have found, and what the sources find, becomes events and
 * deliveries in the registry. Any number of them at once come to the same result.
 */
export function startAlerts(given: AlertServiceOptions): AlertService {
  const { registry, clock, log, metrics, everyMs, sources } = given;
  const ending = childAbort(undefined);
  const spreading = spreadOptions(given);
  // A step that takes long is still open for the other loop: it is not done twice.
  const underWay = new Set<string>();
  const spread = async (step: StepKey): Promise<void> => {
    const key = `${step.rule} ${step.stepMs}`;
    if (underWay.has(key)) return;
    underWay.add(key);
    const done = await spreadStep(registry, step, spreading).finally(() => underWay.delete(key));
    if (done === undefined) return;
    for (const [outcome, count] of Object.entries(done.outcomes)) {
      metrics.events.add({ outcome }, count);
    }
    for (const ms of done.toldMs) metrics.seconds.observe((clock.nowMs() - ms) / 1_000);
  };
  const evaluator = new Evaluator({
    ...{ database: registry, clock, log, metrics, everyMs, spread },
    reads: readsOf(given, ending.signal),
    offsetOf: (rule) => fixedMs(taskOf(given, rule).offset),
    slowestMs: () => slowestExchangeMs(registry),
  });
  const turns = (turn: () => Promise<number>, failing: string): Turns =>
    new Turns({ clock, log, gapMs: GAP_MS, retryMs: RETRY_MS, turn, failing });

  const evaluating = turns(() => evaluator.round(), 'alerts are not evaluated');
  const open = turns(
    () => spreadOpen(registry, spread),
    'what was found does not come to its subscribers',
  );
  const watches = sources.map((source) => watch(source, { log, signal: ending.signal }));
  const looks = watches.map(({ look, name }) =>
    turns(async () => {
      await look();
      open.wake();
      return LOOK_MS;
    }, `${name} is not looked at`),
  );
  const trims = turns(() => trim(registry), 'old alerts are not forgotten');
  const all = [evaluating, ...looks, open, trims];
  return {
    state() {
      const { trouble, failing, behindMs } = evaluator.state();
      const troubles = [
        ...(trouble === undefined ? [] : [trouble]),
        ...[...failing].map(([rule, why]) => `${rule}: ${why}`),
        ...watches.flatMap((one) =>
          one.trouble === undefined ? [] : [`${one.name}: ${one.trouble}`],
        ),
      ];
      const registryError = all.map(({ error }) => error).find((error) => error !== undefined);
      return { troubles, registryError, behindMs };
    },
    async close() {
      ending.release();
      await Promise.all(all.map((one) => one.close()));
    },
  };
}

function taskOf({ influx, everyMs }: AlertServiceOptions, rule: AlertRule) {
  const { bucket } = influx;
  return alertTasks({ bucket, alertRules: [rule], alertEveryMs: everyMs })[0]!;
}

/** A query on its way ends with the service: nothing is lost, as a step is kept whole or not. */
function readsOf(options: AlertServiceOptions, signal: AbortSignal): AlertReads {
  const influx: AlertServiceOptions['influx'] = {
    bucket: options.influx.bucket,
    collect: (flux, shape, how) => options.influx.collect(flux, shape, { ...how, signal }),
  };
  return {
    ...createAlertReader(influx),
    async run(rule, stepMs) {
      const { file, values } = taskOf(options, rule);
      const now = new Date(stepMs).toISOString();
      await influx.collect(bind(loadTask(file), values), {}, { now });
    },
  };
}

function spreadOptions(options: AlertServiceOptions): SpreadOptions {
  const { influx, clock, publicUrl, ttlMs, everyMs, digest } = options;
  const queries = createAlertQueries(influx);
  return {
    ...{ publicUrl, ttlMs, nowMs: () => clock.nowMs() },
    ...(digest !== undefined && { digest }),
    flux(rule: AlertRule, { exchange, pair, monitor, stepMs }: Firing) {
      if (rule.kind === 'canary') return null;
      const series = { exchange, pair, monitor: monitor === null ? null : String(monitor) };
      return queries.check(rule, series, { fromMs: stepMs - everyMs, toMs: stepMs });
    },
  };
}

/** Steps that were found and not, or not wholly, spread. One that fails keeps no other back. */
async function spreadOpen(
  registry: Database,
  spread: (step: StepKey) => Promise<void>,
): Promise<number> {
  const steps = await openSteps(registry, OPEN_MAX);
  const failed: unknown[] = [];
  for (const step of steps) await spread(step).catch((error: unknown) => failed.push(error));
  if (failed.length > 0) throw failed[0];
  return steps.length === OPEN_MAX ? 0 : OPEN_MS;
}

async function trim(registry: Database): Promise<number> {
  return (await trimAlerts(registry)) >= TRIM_ROWS ? GAP_MS : TRIM_MS;
}

interface Watch {
  readonly name: string;
  /** Why it could not look the last time. */
  readonly trouble: string | undefined;
  look(): Promise<void>;
}

/** A source that fails is said to, once an outage, and looks again. */
function watch(
  source: AlertSource,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Watch {
  const { name } = source;
  let trouble: string | undefined;
  return {
    name,
    get trouble() {
      return trouble;
    },
    async look() {
      try {
        await source.look(signal);
        if (trouble !== undefined) log.info({ source: name }, 'alerts are evaluated again');
        trouble = undefined;
      } catch (error) {
        if (signal.aborted) return;
        const why = messageOf(error);
        if (trouble === undefined)
          log.warn({ source: name, error: why }, 'alerts are not evaluated');
        trouble = why;
      }
    },
  };
}
