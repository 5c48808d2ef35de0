/** How long to wait before the next attempt. */
export interface Backoff {
  /** @param healthyMs how long the attempt that ended had been good; 0: never */
  nextMs(healthyMs: number): number;
}

const FLOOR_MS = 1_000;
const CEILING_MS = 60_000;
const HEALTHY_MS = 60_000;

/**
 * Exponential with full jitter above a floor: 1 s and up to 1, 3, 7, .. 59 s more. A connection
 * that had been good for a minute begins anew.
 * @param random from 0 to 1
 */
export function createBackoff(random: () => number): Backoff {
  let failures = 0;
  return {
    nextMs(healthyMs) {
      if (healthyMs >= HEALTHY_MS) failures = 0;
      failures = Math.min(failures + 1, 16);
      const ceilingMs = Math.min(FLOOR_MS * 2 ** failures, CEILING_MS);
      return FLOOR_MS + random() * (ceilingMs - FLOOR_MS);
    },
  };
}
