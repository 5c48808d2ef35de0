import type { Reason } from './reasons.ts';

const MINUTE_MS = 60_000;
/** After the first attempt at a page, the second, ...; after the last of them there is none. */
const WAITS_MS = [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 120 * MINUTE_MS];

/** How long a page is left alone after so many attempts; undefined: it is given up. */
export function retryMs(attempts: number, random: () => number): number | undefined {
  const waitMs = WAITS_MS[Math.max(1, attempts) - 1];
  // Pages of one site that failed together do not come back together.
  return waitMs === undefined ? undefined : waitMs * (0.8 + 0.4 * random());
}

/** Reasons that another attempt would only find again. */
const FINAL: ReadonlySet<Reason> = new Set([
  'not-found',
  'gone',
  'target',
  'too-large',
  'too-complex',
  'too-deep',
  'not-html',
  'no-article',
  'slow',
]);

export function isFinal(reason: Reason): boolean {
  return FINAL.has(reason);
}
