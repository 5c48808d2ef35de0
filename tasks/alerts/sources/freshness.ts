import { type Clock, slotAt } from '../../../core/clock.ts';
import { formatMs } from '../../../core/duration.ts';
import type { Influx } from '../../../core/influx/influx.ts';
import {
  claimLook,
  type ExpectedExchange,
  expectedMarkets,
  freshnessWishes,
} from '../../../registry/alert-expected.ts';
import type { NewFiring } from '../../../registry/alert-firings.ts';
import { openIncidents } from '../../../registry/alert-incidents.ts';
import { type NewStep, recordStep } from '../../../registry/alert-steps.ts';
import type { Database } from '../../../registry/database.ts';
import type { AlertSource } from '../service.ts';
import { type Finding, judge } from './freshness-judge.ts';
import { PriceLooks } from './freshness-look.ts';
import { Told } from './freshness-told.ts';
import { exchangesOf, type Wanted, wantedOf } from './freshness-wanted.ts';

export interface FreshnessOptions {
  readonly influx: Pick<Influx, 'collect' | 'bucket'>;
  readonly registry: Database;
  readonly clock: Clock;
}

const EVERY_MS = 60_000;
/** From the end of a minute until its prices are there. */
const DELAY_MS = 15_000;
/** Whoever did not look the last time leaves the next one to who did, for so long. */
const TAKE_OVER_MS = 20_000;
/** After a look that failed. */
const RETRY_MS = 5_000;
const NAME = 'alerts-freshness';
const INCIDENTS_MAX = 20_000;

/**
 * Finds prices that do not come, come late or stand still: once a minute, by one process of all,
 * for all alerts together. Where the store cannot be asked it finds nothing, and throws.
 */
export function createFreshnessSource(options: FreshnessOptions): AlertSource {
  const source = new FreshnessSource(options);
  return { name: 'alerts of kind freshness', look: (signal) => source.look(signal) };
}

class FreshnessSource {
  readonly #options: FreshnessOptions;
  readonly #looks: PriceLooks;
  #told = new Told();
  /** The last minute that is done, here or by somebody else. */
  #doneMs = Number.NaN;
  #claimedMs = Number.NaN;
  /** It was this process that looked at the last one. */
  #mine = false;
  /** Since when each look succeeds. */
  #readyMs: number | undefined;
  #failure: { readonly error: unknown; readonly atMs: number } | undefined;

  constructor(options: FreshnessOptions) {
    this.#options = options;
    this.#looks = new PriceLooks(options.influx);
  }

  async look(signal: AbortSignal): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const stepMs = slotAt(nowMs - DELAY_MS, EVERY_MS);
    if (stepMs === this.#doneMs) return;
    // Until it can be asked again what was is what is.
    if (this.#failure !== undefined && nowMs - this.#failure.atMs < RETRY_MS) {
      throw this.#failure.error;
    }
    try {
      await this.#turn(stepMs, signal);
      this.#failure = undefined;
    } catch (error) {
      this.#forget();
      this.#mine = false;
      this.#failure = { error, atMs: nowMs };
      throw error;
    }
  }

  async #turn(stepMs: number, signal: AbortSignal): Promise<void> {
    const { registry, clock } = this.#options;
    const wishes = await freshnessWishes(registry);
    if (wishes.length === 0) return this.#leave(stepMs);
    if (!this.#mine && clock.nowMs() < stepMs + DELAY_MS + TAKE_OVER_MS) return;
    if (this.#claimedMs !== stepMs && !(await claimLook(registry, { name: NAME, stepMs }))) {
      return this.#leave(stepMs);
    }
    this.#claimedMs = stepMs;
    const expected = await expectedMarkets(registry, exchangesOf(wishes));
    await this.#find(stepMs, { wanted: wantedOf(wishes), expected }, signal);
    [this.#doneMs, this.#mine] = [stepMs, true];
  }

  /** Nobody wants it, or somebody else does it. */
  #leave(stepMs: number): void {
    this.#forget();
    this.#doneMs = stepMs;
    this.#mine = false;
  }

  #forget(): void {
    this.#looks.forget();
    this.#told = new Told();
    this.#readyMs = undefined;
  }

  async #find(
    stepMs: number,
    asked: { readonly wanted: readonly Wanted[]; readonly expected: readonly ExpectedExchange[] },
    signal: AbortSignal,
  ): Promise<void> {
    const { registry, clock } = this.#options;
    const { wanted, expected } = asked;
    const intervalMs = Math.max(EVERY_MS, ...expected.map((one) => one.intervalMs));
    const book = await this.#looks.look({ toMs: stepMs, wanted, intervalMs, signal });
    this.#readyMs ??= clock.nowMs();
    const judged = { expected, book, nowMs: stepMs, readyMs: this.#readyMs };
    const steps: NewStep[] = [];
    for (const one of wanted) {
      const rule = `freshness-${one.kind}`;
      const asking = { rule, stepMs, limit: INCIDENTS_MAX };
      const incidents = new Set(await openIncidents(registry, asking));
      const { found, cleared } = judge(one, { ...judged, incidents });
      const firings = found
        .filter((finding) => this.#told.take(finding, one, stepMs))
        .map((finding) => firingOf(finding, stepMs));
      this.#told.keep(one.kind, new Set(found.map(({ series }) => series)));
      if (firings.length === 0 && cleared.length === 0) continue;
      steps.push({ rule, stepMs, late: false, firings, cleared });
    }
    if (steps.length === 0) return;
    await registry.transaction(async (transaction) => {
      for (const step of steps) await recordStep(transaction, step);
    });
  }
}

/**
 * Its time is that of the look: the windows in which it is told once are those in which it lasts.
 */
function firingOf(finding: Finding, stepMs: number): NewFiring {
  const { series, kind, of, pair, markets, named, sinceMs, ageMs } = finding;
  const { exchange, intervalMs, state, lastError } = of;
  const since = new Date(sinceMs).toISOString();
  return {
    ...{ series, exchange, pair, monitor: null, atMs: stepMs },
    ...{ value: null, average: null, samples: null },
    data: {
      match: { freshness: kind, ageMs, ...(named && { named }) },
      about: {
        ...{ freshness: kind, exchange, pair, markets, since, seconds: Math.round(ageMs / 1_000) },
        ...{ intervalSeconds: intervalMs / 1_000, state, lastError },
      },
      reason: reasonOf(finding),
    },
  };
}

function reasonOf({ kind, of, pair, markets, ageMs, atLeast, sinceMs }: Finding): string {
  const { exchange, state, lastError } = of;
  const what = pair === null ? `${exchange}, all ${markets} markets` : `${pair} on ${exchange}`;
  const age = formatMs(Math.round(ageMs / 1_000) * 1_000);
  const why =
    state === null || state === 'ok' ? '' : ` (the exchange is ${state}${said(lastError)})`;
  const from = `since ${new Date(sinceMs).toISOString()}${atLeast ? ' or before' : ''}`;
  if (kind === 'late') return `The prices of ${what} are ${age} old when they come${why}.`;
  if (kind === 'frozen') return `The prices of ${what} come and do not change, ${from}${why}.`;
  return `No price of ${what} ${from}${why}.`;
}

const said = (error: string | null): string => (error === null ? '' : `: ${error}`);
