export interface Backoff {
  /** Most for the first wait, milliseconds; doubled each time. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/** A server that asks for more than this is asked again earlier. */
const RETRY_AFTER_MS_MAX = 600_000;

/**
 * Exponential with full jitter: anything from nothing to `base x 2^attempt`, so that many writers
 * do not come back at the same moment. Never before the moment that the server asked for.
 */
export function backoffMs(
  { baseMs, maxMs }: Backoff,
  attempt: number,
  random: () => number,
  retryAfterMs = 0,
): number {
  const jitter = random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.min(retryAfterMs, RETRY_AFTER_MS_MAX) + jitter;
}
