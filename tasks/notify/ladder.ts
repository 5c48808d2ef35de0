/** After the first attempt fails, the second, and so on; then the last of them for ever. */
const LADDER_MS = [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 7_200_000];
const JITTER = 0.2;
/** What a receiver asks for is obeyed between these: not a flood, nor for ever. */
const ASKED_MS_MIN = 10_000;
const ASKED_MS_MAX = 7_200_000;

export interface Rung {
  /** How many attempts in a row failed before this one. */
  readonly step: number;
  /** `Retry-After`, where there was one. */
  readonly retryAfterMs?: number | undefined;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/**
 * How long until the next attempt: by the ladder, up to a fifth more or less, and never sooner than
 * the receiver asked for.
 */
export function nextDelayMs({ step, retryAfterMs, random }: Rung): number {
  const rungMs = LADDER_MS[Math.min(step, LADDER_MS.length - 1)]!;
  const ladderMs = rungMs * (1 - JITTER + 2 * JITTER * random());
  if (retryAfterMs === undefined) return ladderMs;
  const askedMs = Math.min(ASKED_MS_MAX, Math.max(ASKED_MS_MIN, retryAfterMs));
  return Math.max(ladderMs, askedMs * (1 + JITTER * random()));
}
