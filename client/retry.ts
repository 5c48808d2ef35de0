/** Whether a request is sent again, and when. Pure: chance is passed in. */
import type { TidemarkApiError } from './errors.ts';

const BASE_MS = 250;
const PAUSE_MS_MAX = 20_000;
/** Who is told to stay away for longer hears of it at once. */
const RETRY_AFTER_MS_MAX = 60_000;

const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export interface Attempt {
  readonly method: string;
  /** How often it was sent so far. */
  readonly sent: number;
  /** How often it may be sent. */
  readonly attempts: number;
  readonly error: TidemarkApiError;
}

/**
 * How long to wait before it is sent again, in ms; undefined: never. What changes something is
 * sent again after a 429 that says when: that one comes before anything is done. A 503 may come
 * in the middle.
 */
export function pauseMsOf({ method, sent, attempts, error }: Attempt, random: () => number) {
  const { status, retryAfterMs } = error;
  if (sent >= attempts) return undefined;
  const passing =
    method === 'GET'
      ? status === 0 || PASSING.has(status)
      : status === 429 && retryAfterMs !== undefined;
  if (!passing || (retryAfterMs ?? 0) > RETRY_AFTER_MS_MAX) return undefined;
  return (retryAfterMs ?? 0) + fullJitterMs(sent, random);
}

/** Between nothing and a bound that doubles each time: many clients do not come back at once. */
export function fullJitterMs(failures: number, random: () => number): number {
  return random() * Math.min(PAUSE_MS_MAX, BASE_MS * 2 ** Math.min(failures, 16));
}
