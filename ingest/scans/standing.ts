import type { MonitorSettings } from '../../registry/monitors.ts';
import type { MonitorState, ScanClaim } from '../../registry/scans.ts';
import { outcomes, type Reason } from './outcome.ts';

/** How a monitor stands, and the scans in a row that brought it there. */
export type Standing = Pick<ScanClaim, 'state' | 'stateSinceMs' | 'successes' | 'failures'> & {
  /** Of the last result. */
  readonly reason: string | null;
};

export interface NewStanding {
  readonly state: MonitorState;
  readonly stateSinceMs: number;
  readonly successes: number;
  readonly failures: number;
  readonly changed: boolean;
}

type Thresholds = Pick<MonitorSettings, 'failuresBeforeDown' | 'successesBeforeUp'>;

/** These pass by themselves: only the second in a row says that nothing is known any more. */
const PASSING: ReadonlySet<Reason> = new Set(['throttled', 'timeout-match', 'local', 'internal']);
/** A monitor that is down stays so through at most this many results that say nothing. */
const DOWN_THROUGH_UNKNOWN = 10;
const COUNT_MAX = 1_000_000;

/**
 * How a monitor stands after a result.
 *
 * - `down` after `failuresBeforeDown` failures in a row; until then it is what it was.
 * - `up` again after `successesBeforeUp` successes in a row; from `new` and `unknown` at once.
 * - What says nothing (blocked, throttled, offline...) is neither a failure nor a success, and
 *   leaves the counts alone. It makes `up` and `new` `unknown`: at once, or with the second in a row
 *   where the cause passes by itself. `down` stays for as many of them as there were failures in a
 *   row, ten at most, so that an outage here does not end an incident there; then it is `unknown`.
 */
export function standingAfter(
  before: Standing,
  { reason, slotMs }: { readonly reason: Reason; readonly slotMs: number },
  thresholds: Thresholds,
): NewStanding {
  const { means } = outcomes[reason];
  const counts = countsAfter(before, means, thresholds);
  const state = stateAfter(before, { ...counts, reason }, thresholds);
  const changed = state !== before.state;
  const stateSinceMs = changed ? slotMs : (before.stateSinceMs ?? slotMs);
  return { state, stateSinceMs, ...counts, changed };
}

type Counts = Pick<Standing, 'successes' | 'failures'>;

function countsAfter(
  { state, successes, failures }: Standing,
  means: string,
  { successesBeforeUp }: Thresholds,
): Counts {
  if (means === 'up') {
    const more = Math.min(COUNT_MAX, successes + 1);
    // On its way up it is still down, and how long it was so still counts.
    return {
      successes: more,
      failures: state === 'down' && more < successesBeforeUp ? failures : 0,
    };
  }
  if (means === 'down') return { successes: 0, failures: Math.min(COUNT_MAX, failures + 1) };
  if (state !== 'down') return { successes, failures };
  return { successes, failures: Math.max(0, Math.min(DOWN_THROUGH_UNKNOWN, failures) - 1) };
}

function stateAfter(
  before: Standing,
  { successes, failures, reason }: Counts & { readonly reason: Reason },
  { failuresBeforeDown, successesBeforeUp }: Thresholds,
): MonitorState {
  const { state } = before;
  const { means } = outcomes[reason];
  if (means === 'up') return state === 'down' && successes < successesBeforeUp ? 'down' : 'up';
  if (means === 'down') return failures >= failuresBeforeDown ? 'down' : state;
  if (state === 'down') return failures > 0 ? 'down' : 'unknown';
  if (state !== 'up' || !PASSING.has(reason)) return 'unknown';
  return saysNothing(before.reason) ? 'unknown' : 'up';
}

function saysNothing(reason: string | null): boolean {
  return reason !== null && reason in outcomes && outcomes[reason as Reason].means === 'unknown';
}
