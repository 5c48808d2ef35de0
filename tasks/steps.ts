import {
  momentLevel,
  momentNames,
  patienceMs,
  type RollupLevel,
  rankWindows,
  stepMs,
  windowMs,
} from '../core/rollups.ts';
import type { TimeRange } from '../registry/dirty.ts';
import type { BoundTask } from './desired.ts';

/** How long things are kept, milliseconds; 0: for ever. */
export interface Retentions {
  readonly priceMs: number;
  readonly rollupMs: Readonly<Record<RollupLevel, number>>;
}

const HOUR_MS = 3_600_000;

/** How far back a task's steps are read by anybody, or can be computed again; milliseconds. */
export function horizonMs(task: BoundTask, retentions: Retentions): number {
  const kept = retentions.priceMs === 0 ? Number.POSITIVE_INFINITY : retentions.priceMs;
  if (task.kind === 'moments') {
    // The window that reads them, as far back as it waits for its steps; and what missed.ts leaves.
    const readers = rankWindows.filter((one) => momentNames(momentLevel(one)).mark === task.mark);
    const readMs = readers.map((window) => windowMs(window) + patienceMs(window));
    return Math.min(kept, Math.max(...readMs) + HOUR_MS);
  }
  const level = task.mark.replace('rollup-', '') as RollupLevel;
  return Math.min(kept, retentions.rollupMs[level] || kept);
}

/** Beginnings of the whole steps within a range, ascending. */
export function stepsWithin({ fromMs, toMs }: TimeRange, everyMs: number): number[] {
  const first = Math.ceil(fromMs / everyMs);
  const count = Math.max(0, Math.floor(toMs / everyMs) - first);
  return Array.from({ length: count }, (_, index) => (first + index) * everyMs);
}

/** Steps, ascending, that follow on each other: as ranges of at most `stepsMax` steps. */
export function runsOf(
  steps: readonly number[],
  everyMs: number,
  stepsMax = Number.POSITIVE_INFINITY,
): TimeRange[] {
  const runs: { fromMs: number; toMs: number }[] = [];
  for (const fromMs of steps) {
    const last = runs.at(-1);
    const follows = last?.toMs === fromMs && (fromMs - last.fromMs) / everyMs < stepsMax;
    if (last !== undefined && follows) last.toMs = fromMs + everyMs;
    else runs.push({ fromMs, toMs: fromMs + everyMs });
  }
  return runs;
}

/** Marks of steps without prices, as line protocol. */
export function emptyMarks(task: BoundTask, steps: readonly number[]): string {
  const { regular } = task.values;
  const fields = regular === undefined ? 'series=0i' : `series=0i,regular=${regular}i`;
  return steps.map((ms) => `rollup_step,task=${task.mark} ${fields} ${ms}000000\n`).join('');
}

/** Length of the shortest step that is marked dirty; a longer one is marked by its end. */
export const DIRTY_MS = stepMs('5m');
