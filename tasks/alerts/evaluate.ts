import type { AlertRule } from '../../core/alert-rules.ts';
import { type Clock, slotAt } from '../../core/clock.ts';
import { isCode, messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { AlertReader, FoundPoint, SeriesDetails } from '../../flux/alert-reader.ts';
import type { FiringData, NewFiring } from '../../registry/alert-firings.ts';
import { openIncidents } from '../../registry/alert-incidents.ts';
import { missingSteps, recordStep, type StepKey } from '../../registry/alert-steps.ts';
import { activeAlertRules } from '../../registry/alerts.ts';
import type { Database } from '../../registry/database.ts';
import type { AlertMetrics } from './metrics.ts';
import { type SecondLook, SecondLooks } from './second-looks.ts';

/** What the evaluation asks InfluxDB: of rules, never of subscriptions. */
export interface AlertReads extends AlertReader {
  /** Evaluates a step of the past, as its task would have. */
  run(rule: AlertRule, stepMs: number): Promise<void>;
}

export interface EvaluatorOptions {
  readonly reads: AlertReads;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: AlertMetrics;
  readonly everyMs: number;
  /** From the end of a rule's step to its task, milliseconds. */
  readonly offsetOf: (rule: AlertRule) => number;
  /** How long after their slot the newest prices of the slowest exchange came, milliseconds. */
  readonly slowestMs: () => Promise<number>;
  /** Brings a step to everybody, before the next one of its rule is looked at. */
  readonly spread: (step: StepKey) => Promise<void>;
}

export interface EvaluatorState {
  /** Why InfluxDB cannot be asked, while it cannot. */
  readonly trouble: string | undefined;
  /** Rules that fail, with the reason. */
  readonly failing: ReadonlyMap<string, string>;
  /** From the end of the oldest step that should be done and is not, until now; 0: none. */
  readonly behindMs: number;
}

/** A step that no task has written so long after its time is evaluated here. */
const GRACE_MS = 60_000;
/** After InfluxDB was away, so that what waited for it on disk has come. */
const REPLAY_MS = 60_000;
/** Older steps are not evaluated any more. */
const LOOKBACK_MS = 86_400_000;
/** Between two looks all the way back; otherwise the newest steps are looked at. */
const WHOLE_LOOK_MS = 600_000;
const NEWEST_STEPS = 10;
const NEWEST_MS = 600_000;
/** Found this long after its end, a step is told as late. */
const LATE_STEPS = 3;
/** Late steps of one round: the newest never wait for a day of old ones. */
const LATE_MAX = 5;
const STEPS_MAX = 5_000;
/** While a task is expected to write its step. */
const POLL_MS = 1_000;
const IDLE_MS = 5_000;
const RULE_RETRY_MS = 60_000;
const INCIDENTS_MAX = 20_000;
/** The strongest of a step: messages tell more of them. */
const DETAILED = 20;

/** From the marks that the tasks leave to firings in the registry, each step once. */
export class Evaluator {
  readonly #options: EvaluatorOptions;
  readonly #seconds: SecondLooks;
  readonly #failing = new Map<string, string>();
  /** When a rule that failed is tried again. */
  readonly #retryMs = new Map<string, number>();
  #trouble: string | undefined;
  #oldestMs: number | undefined;
  #wholeLookMs = Number.NEGATIVE_INFINITY;
  #answersSinceMs: number;
  #lateLeft = LATE_MAX;

  constructor(options: EvaluatorOptions) {
    this.#options = options;
    this.#seconds = new SecondLooks(options);
    // What happened before is not known: InfluxDB may have come back just now.
    this.#answersSinceMs = options.clock.nowMs();
  }

  state(): EvaluatorState {
    const oldest = this.#oldestMs;
    const behindMs = oldest === undefined ? 0 : this.#options.clock.nowMs() - oldest;
    return { trouble: this.#trouble, failing: this.#failing, behindMs };
  }

  /** Looks once; returns in how many milliseconds to look again. Throws what the registry does. */
  async round(): Promise<number> {
    const { clock, database, log } = this.#options;
    const rules = await activeAlertRules(database);
    const missing = await this.#missing(rules);
    this.#oldestMs = missing[0]?.step.stepMs;
    const again = await this.#seconds.due(clock.nowMs());
    if (missing.length === 0 && again.length === 0) return this.#untilDue(rules);
    try {
      for (const look of again) await this.#guarded(look.rule, () => this.#again(look));
      if (missing.length > 0) await this.#evaluate(missing);
      if (this.#trouble !== undefined) log.info({}, 'alerts are evaluated again');
      this.#trouble = undefined;
    } catch (error) {
      this.#lateLeft = LATE_MAX;
      if (!(error instanceof Away)) throw error;
      if (isCode(error.cause, 'cancelled')) return POLL_MS;
      if (this.#trouble === undefined)
        log.warn({ error: error.message }, 'alerts are not evaluated');
      this.#trouble = error.message;
      this.#answersSinceMs = clock.nowMs();
      this.#wholeLookMs = Number.NEGATIVE_INFINITY;
    }
    // Old steps are left when the most of one round are done.
    return this.#lateLeft <= 0 ? 0 : POLL_MS;
  }

  /** Until the next task is due, at most as long as a new rule may wait to be heard of. */
  #untilDue(rules: readonly AlertRule[]): number {
    const { clock, everyMs, offsetOf } = this.#options;
    const nowMs = clock.nowMs();
    const due = rules.map((rule) => {
      const offsetMs = offsetOf(rule);
      return slotAt(nowMs - offsetMs, everyMs) + everyMs + offsetMs - nowMs;
    });
    return Math.min(IDLE_MS, ...due);
  }

  /** Steps that are due and that nobody has looked at, the oldest first. */
  async #missing(active: readonly AlertRule[]): Promise<MissingStep[]> {
    const { database, clock, everyMs, offsetOf } = this.#options;
    const nowMs = clock.nowMs();
    const rules = new Map(active.map((rule) => [rule.key, rule]));
    for (const key of this.#failing.keys()) if (!rules.has(key)) this.#failing.delete(key);
    if (rules.size === 0) return [];
    const whole = nowMs - this.#wholeLookMs >= WHOLE_LOOK_MS;
    const newestMs = Math.max(NEWEST_STEPS * everyMs, NEWEST_MS);
    const backMs = whole ? LOOKBACK_MS : newestMs;
    const steps = await missingSteps(database, {
      ...{ rules: [...rules.keys()], everyMs, limit: STEPS_MAX },
      fromMs: slotAt(nowMs - backMs, everyMs) + everyMs,
      toMs: slotAt(nowMs, everyMs),
    });
    // As long as old steps are left, the way back is looked along again.
    const old = steps.some(({ stepMs }) => nowMs - stepMs > newestMs / 2);
    if (whole && !old) this.#wholeLookMs = nowMs;
    return steps
      .map((step) => ({ step, rule: rules.get(step.rule)! }))
      .filter(({ step, rule }) => step.stepMs + offsetOf(rule) <= nowMs);
  }

  async #evaluate(missing: readonly MissingStep[]): Promise<void> {
    const { reads, everyMs } = this.#options;
    const fromMs = missing[0]!.step.stepMs - everyMs;
    const span = { fromMs, toMs: missing.at(-1)!.step.stepMs };
    const marks = await asked(reads.marks(span));
    const found = new Map(marks.map((mark) => [keyOf(mark), mark.found]));
    this.#lateLeft = LATE_MAX;
    const byRule = new Map<AlertRule, MissingStep[]>();
    for (const one of missing) byRule.set(one.rule, [...(byRule.get(one.rule) ?? []), one]);
    for (const [rule, steps] of byRule) {
      const marked = steps.flatMap(({ step }) => {
        const count = found.get(keyOf(step));
        return count === undefined ? [] : { stepMs: step.stepMs, count };
      });
      await this.#guarded(rule, () => this.#take(rule, marked));
    }
    // By time, so that no rule has to wait for all of another's past.
    for (const { rule, step } of missing) {
      if (found.has(keyOf(step))) continue;
      await this.#guarded(rule, () => this.#makeGood(rule, step.stepMs));
    }
  }

  /** One rule that fails keeps no other from being evaluated; InfluxDB that is away does. */
  async #guarded(rule: AlertRule, work: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options;
    const { key } = rule;
    if ((this.#retryMs.get(key) ?? 0) > clock.nowMs()) return;
    try {
      await work();
      this.#failing.delete(key);
      this.#retryMs.delete(key);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { message } = error;
      if (this.#failing.get(key) !== message)
        log.warn({ rule: key, error: message }, 'a rule fails');
      this.#failing.set(key, message);
      this.#retryMs.set(key, clock.nowMs() + RULE_RETRY_MS);
    }
  }

  /** Steps that their task has written, of one rule. */
  async #take(
    rule: AlertRule,
    steps: readonly { readonly stepMs: number; readonly count: number }[],
  ): Promise<void> {
    const { clock, everyMs, metrics, reads } = this.#options;
    for (const { stepMs, count } of steps) {
      const late = clock.nowMs() - stepMs > LATE_STEPS * everyMs + GRACE_MS;
      const span = { fromMs: stepMs - everyMs, toMs: stepMs };
      // The canary measures the way of those in time.
      const none = count === 0 || (late && rule.kind === 'canary');
      const points = none ? [] : await asked(reads.found(rule, span));
      await this.#keep(rule, { stepMs, late, points });
      metrics.steps.add({ result: late ? 'late' : 'evaluated' });
      if (!late) this.#seconds.note({ rule, stepMs });
    }
  }

  /** A step that points came to after its task: what was found stays, what is new is told. */
  async #again({ rule, stepMs }: SecondLook): Promise<void> {
    const { everyMs, reads, metrics } = this.#options;
    await asked(reads.run(rule, stepMs));
    const points = await asked(reads.found(rule, { fromMs: stepMs - everyMs, toMs: stepMs }));
    await this.#keep(rule, { stepMs, late: false, points });
    metrics.steps.add({ result: 'again' });
  }

  /** A step that no task has written: evaluated here when the time of its task is over. */
  async #makeGood(rule: AlertRule, stepMs: number): Promise<void> {
    const { clock, everyMs, offsetOf, metrics, reads } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs - stepMs - offsetOf(rule) < GRACE_MS || nowMs - this.#answersSinceMs < REPLAY_MS) {
      return;
    }
    let points: readonly FoundPoint[] = [];
    if (rule.kind !== 'canary') {
      if (this.#lateLeft <= 0) return;
      this.#lateLeft -= 1;
      const span = { fromMs: stepMs - everyMs, toMs: stepMs };
      await asked(reads.run(rule, stepMs));
      const all = await asked(reads.found(rule, span));
      const filled = all.length === 0 ? new Set() : await asked(reads.backfilled(span));
      points = all.filter(
        ({ exchange, pair, timeMs }) => !filled.has(`${exchange}:${pair}:${timeMs}`),
      );
    }
    await this.#keep(rule, { stepMs, late: true, points });
    metrics.steps.add({ result: 'missed' });
  }

  async #keep(
    rule: AlertRule,
    { stepMs, late, points }: { stepMs: number; late: boolean; points: readonly FoundPoint[] },
  ): Promise<void> {
    const { database, everyMs, metrics, reads, spread } = this.#options;
    const detailed = rule.kind === 'canary' ? [] : points.toSorted(byStrength).slice(0, DETAILED);
    const details =
      detailed.length === 0 ? undefined : await asked(reads.details(rule, detailed, stepMs));
    const windowStartMs = rule.kind === 'ratio' ? stepMs - everyMs - rule.windowMs : null;
    const firings = points.map((point): NewFiring => {
      const { series, exchange, pair, monitor, timeMs: atMs, value, average, samples } = point;
      return {
        ...{ series, exchange, pair, monitor: monitor === null ? null : Number(monitor) },
        ...{ atMs, value, average, samples },
        data: { limit: rule.limit, windowStartMs, ...told(details?.get(series)) },
      };
    });
    const cleared = await this.#cleared(rule, stepMs, firings);
    const step = { rule: rule.key, stepMs };
    await database.transaction((transaction) =>
      recordStep(transaction, { ...step, late, firings, cleared }),
    );
    metrics.firings.add({}, firings.length);
    if (firings.length > 0 || cleared.length > 0) await spread(step);
  }

  /** Series with an incident that had points in the step, which did not find them. */
  async #cleared(
    rule: AlertRule,
    stepMs: number,
    firings: readonly NewFiring[],
  ): Promise<readonly string[]> {
    const { database, everyMs, reads } = this.#options;
    const asking = { rule: rule.key, stepMs, limit: INCIDENTS_MAX };
    const wanted = new Set(await openIncidents(database, asking));
    for (const { series } of firings) wanted.delete(series);
    if (wanted.size === 0) return [];
    const span = { fromMs: stepMs - everyMs, toMs: stepMs };
    const seen = await asked(reads.seen(rule, span));
    return [...wanted].filter((series) => seen.has(series));
  }
}

/** All times of a message are written alike. */
function told(details: SeriesDetails | undefined): Pick<FiringData, 'recent' | 'rank'> {
  if (details === undefined) return {};
  const { recent, rank } = details;
  return { recent: recent.map(([time, value]) => [new Date(time).toISOString(), value]), rank };
}

interface MissingStep {
  readonly step: StepKey;
  readonly rule: AlertRule;
}

const keyOf = ({ rule, stepMs }: StepKey): string => `${rule} ${stepMs}`;

/** InfluxDB cannot be asked at all. */
class Away extends Error {}
/** InfluxDB has an objection to what one rule asks. */
class Refused extends Error {}

/** Says of what InfluxDB answers whether it answers at all. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    const refused = isCode(cause, 'invalid', 'internal', 'too-large', 'conflict');
    throw new (refused ? Refused : Away)(messageOf(cause), { cause });
  }
}

const strength = ({ value, average }: FoundPoint): number => {
  const ratio = average !== null && value > 0 && average > 0;
  return ratio ? Math.abs(Math.log(value) - Math.log(average)) : Math.abs(value);
};

const byStrength = (a: FoundPoint, b: FoundPoint): number => strength(b) - strength(a);
