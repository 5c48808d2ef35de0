import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { Turns } from '../../core/turns.ts';
import { ensureCanary, lastCanary, removeCanary, trimCanary } from '../../registry/alert-canary.ts';
import type { Database } from '../../registry/database.ts';

export interface CanaryOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** How often rules are evaluated, milliseconds. */
  readonly everyMs: number;
  readonly ttlMs: number;
  /** False: there is to be none. */
  readonly on: boolean;
}

export interface CanaryState {
  /** Since the newest message came to its end; undefined: none is known. */
  readonly ageMs: number | undefined;
  /** That is too long ago: the way from a rule to a receiver is not open. */
  readonly overdue: boolean;
}

export interface Canary {
  state(): CanaryState;
  close(): Promise<void>;
}

const GAP_MS = 250;
const RETRY_MS = 5_000;
const LOOK_MS = 10_000;
const TRIM_MS = 600_000;
/** After the start, when nothing came through yet. */
const FIRST_MS = 300_000;
const LATE_STEPS = 3;
const LATE_MS = 60_000;

/**
 * Keeps the alert of our own, whose rule finds something in each step, and watches how old the
 * newest of its messages is. Any number of processes have one of it.
 */
export function startCanary(options: CanaryOptions): Canary {
  const { database, clock, log, everyMs, ttlMs, on } = options;
  const startMs = clock.monotonicMs();
  const lateMs = LATE_STEPS * everyMs + LATE_MS;
  let ensured = false;
  let trimmedMs = Number.NEGATIVE_INFINITY;
  let last: { readonly ageMs: number; readonly readMs: number } | undefined;
  const turns = new Turns({
    ...{ clock, log, gapMs: GAP_MS, retryMs: RETRY_MS, failing: 'the canary is not looked after' },
    async turn() {
      if (!ensured) await (on ? ensureCanary(database, { ttlMs }) : removeCanary(database));
      ensured = true;
      const readMs = clock.monotonicMs();
      const { nowMs, deliveredMs } = await lastCanary(database);
      last = deliveredMs === null ? undefined : { ageMs: nowMs - deliveredMs, readMs };
      if (readMs - trimmedMs >= TRIM_MS && (await trimCanary(database)) === 0) trimmedMs = readMs;
      return LOOK_MS;
    },
  });
  return {
    state() {
      const nowMs = clock.monotonicMs();
      const ageMs = last === undefined ? undefined : last.ageMs + nowMs - last.readMs;
      // What came through before this process was there says nothing about now.
      const seen = ageMs !== undefined && ageMs < nowMs - startMs;
      const begun = seen || nowMs - startMs > Math.max(FIRST_MS, lateMs);
      return { ageMs, overdue: on && begun && (ageMs ?? Number.POSITIVE_INFINITY) > lateMs };
    },
    close: () => turns.close(),
  };
}
