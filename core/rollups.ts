/**
 * Roll-ups: prices of a step of time in six numbers, kept longer than the prices themselves. The
 * names that tasks write and queries read.
 */

/** Finest first. */
export const rollupLevels = ['1m', '5m', '1h', '1d'] as const;
export type RollupLevel = (typeof rollupLevels)[number];

/** Steps that ranks are computed from: flux/tasks/moments.flux. */
export type MomentLevel = '5m' | '10m' | '1h';

const LEVEL_MS: Readonly<Record<RollupLevel | MomentLevel, number>> = {
  '1m': 60_000,
  '5m': 300_000,
  '10m': 600_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
};

/** Length of a step in milliseconds. Steps begin at whole multiples since the epoch, in UTC. */
export function stepMs(level: RollupLevel | MomentLevel): number {
  return LEVEL_MS[level];
}

/** The bucket of a level: each has a retention of its own. */
export function rollupBucket(bucket: string, level: RollupLevel): string {
  return `${bucket}_${level}`;
}

/** `price_5m`: fields first, max, min, last, mean, count; the time is the beginning of the step. */
export function rollupMeasurement(level: RollupLevel): `price_${RollupLevel}` {
  return `price_${level}`;
}

/** The bucket of what the rank tasks compute with. */
export function rankBucket(bucket: string): string {
  return `${bucket}_rank`;
}

/** Trailing windows of the ranks: the tag `window` of `rank` and `pair_rank`. */
export const rankWindows = ['1h', '24h', '7d'] as const;
export type RankWindow = (typeof rankWindows)[number];

interface WindowSpec {
  readonly ms: number;
  readonly level: MomentLevel;
  readonly patienceMs: number;
}

/** A longer window is read in longer steps: what it costs is the points of each market. */
const WINDOWS: Readonly<Record<RankWindow, WindowSpec>> = {
  '1h': { ms: 3_600_000, level: '5m', patienceMs: 1_800_000 },
  '24h': { ms: 86_400_000, level: '10m', patienceMs: 3_600_000 },
  '7d': { ms: 604_800_000, level: '1h', patienceMs: 10_800_000 },
};

export const defaultRankWindow: RankWindow = '24h';

/** Length of a rank's window in milliseconds. */
export function windowMs(window: RankWindow): number {
  return WINDOWS[window].ms;
}

/** The steps that a window consists of: its rank moves once a step. */
export function momentLevel(window: RankWindow): MomentLevel {
  return WINDOWS[window].level;
}

/** How long a window with a step missing waits before the prices are read, milliseconds. */
export function patienceMs(window: RankWindow): number {
  return WINDOWS[window].patienceMs;
}

/** The levels that a window reads; there are no steps of others. Finest first. */
export const momentLevels: readonly MomentLevel[] = [...new Set(rankWindows.map(momentLevel))];

/** `moments_10m` and `deficit_10m`, in the bucket of the ranks; and the mark of their task. */
export function momentNames(level: MomentLevel) {
  return {
    points: `moments_${level}`,
    shortfalls: `deficit_${level}`,
    mark: `moments-${level}`,
  } as const;
}

/**
 * Whether steps of a level are worth writing where the prices come every `intervalMs`: a step of
 * fewer than two prices is no shorter than the prices themselves.
 */
export function worthRolling(level: RollupLevel | MomentLevel, intervalMs: number): boolean {
  return intervalMs * 2 <= LEVEL_MS[level];
}

/** From the end of a step to the first task that reads it: tasks/desired.ts. */
const FIRST_READ_MS = 5_000;

/** Prices from before this may be rolled up by now; one that comes later has to be told. */
export function rolledUpToMs(nowMs: number): number {
  return Math.floor((nowMs - FIRST_READ_MS) / LEVEL_MS['1m']) * LEVEL_MS['1m'];
}
