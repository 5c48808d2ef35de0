import type { RollupLevel } from '../../core/rollups.ts';
import { stepMs } from '../../core/rollups.ts';

/** Half open, milliseconds since the epoch. */
export interface Stretch {
  readonly startMs: number;
  readonly stopMs: number;
}

export type Source = RollupLevel | 'raw';

/** A stretch and what it is read from. */
export interface Segment extends Stretch {
  readonly source: Source;
}

/** What a level of roll-ups has. */
export interface Coverage {
  readonly level: RollupLevel;
  readonly keptFromMs: number;
  /** What is not rolled up yet, or does not fit its prices: by time, not touching each other. */
  readonly holes: readonly Stretch[];
}

export interface Kept {
  /** From when on prices are kept as they were written. */
  readonly rawFromMs: number;
  /** Coarsest first. */
  readonly levels: readonly Coverage[];
}

const floor = (ms: number, step: number) => Math.floor(ms / step) * step;
const ceil = (ms: number, step: number) => Math.ceil(ms / step) * step;

/** The levels whose steps fill windows of this length without a rest. */
export function usable({ levels }: Kept, everyMs: number): readonly Coverage[] {
  return levels.filter(({ level }) => everyMs % stepMs(level) === 0);
}

/** The finest steps that there are at a time, of these: 1 ms where prices are kept as they were. */
export function finestStepMs(
  { rawFromMs }: Kept,
  levels: readonly Coverage[],
  timeMs: number,
): number | undefined {
  if (timeMs >= rawFromMs) return 1;
  const finest = levels.findLast(({ keptFromMs }) => keptFromMs <= timeMs);
  return finest && stepMs(finest.level);
}

/**
 * A stretch with its ends moved outward to where steps begin and end, as far as nothing finer is
 * kept. Undefined: not even steps are kept of its beginning.
 */
export function widened(
  kept: Kept,
  levels: readonly Coverage[],
  { startMs, stopMs }: Stretch,
): Stretch | undefined {
  const first = finestStepMs(kept, levels, startMs);
  const last = finestStepMs(kept, levels, stopMs);
  if (first === undefined || last === undefined) return undefined;
  return { startMs: floor(startMs, first), stopMs: ceil(stopMs, last) };
}

/**
 * What to read a stretch from: the coarsest level wherever it has whole steps, for the rest the
 * next finer one, and the prices themselves for what no level has. By time, without gap or overlap;
 * each step is read once and lies within one window.
 */
export function segmentsOf(
  stretch: Stretch,
  levels: readonly Coverage[],
  rawFromMs: number,
): readonly Segment[] {
  const { startMs, stopMs } = stretch;
  if (startMs >= stopMs) return [];
  const [coverage, ...finer] = levels;
  if (coverage === undefined) return [{ startMs, stopMs, source: 'raw' }];
  const segments: Segment[] = [];
  let atMs = startMs;
  for (const whole of wholeSteps(stretch, coverage, rawFromMs)) {
    segments.push(...segmentsOf({ startMs: atMs, stopMs: whole.startMs }, finer, rawFromMs));
    segments.push({ ...whole, source: coverage.level });
    atMs = whole.stopMs;
  }
  return [...segments, ...segmentsOf({ startMs: atMs, stopMs }, finer, rawFromMs)];
}

/** What a level has of a stretch, in whole steps. */
function wholeSteps(
  { startMs, stopMs }: Stretch,
  { level, keptFromMs, holes }: Coverage,
  rawFromMs: number,
): Stretch[] {
  const step = stepMs(level);
  const endMs = floor(stopMs, step);
  const found: Stretch[] = [];
  let atMs = ceil(Math.max(startMs, keptFromMs), step);
  for (const hole of holes) {
    // Of a step whose first prices are gone, the roll-up is the best there is.
    const fromMs = Math.max(floor(hole.startMs, step), ceil(rawFromMs, step));
    const goesOnMs = ceil(hole.stopMs, step);
    if (goesOnMs <= fromMs) continue;
    const toMs = Math.min(fromMs, endMs);
    if (toMs > atMs) found.push({ startMs: atMs, stopMs: toMs });
    atMs = Math.max(atMs, goesOnMs);
  }
  if (endMs > atMs) found.push({ startMs: atMs, stopMs: endMs });
  return found;
}

/** More holes than this would be more queries than they are worth. */
const HOLES_MAX = 6;

/**
 * Sorts stretches and joins those that touch; of more than a few, the nearest are joined as well:
 * what lies between them is then read from finer steps, which is as right, only slower.
 */
export function joined(stretches: readonly Stretch[]): readonly Stretch[] {
  const sorted = stretches
    .filter(({ startMs, stopMs }) => startMs < stopMs)
    .toSorted((a, b) => a.startMs - b.startMs);
  const apart = joinedWithin(sorted, 0);
  if (apart.length <= HOLES_MAX) return apart;
  const distances = apart
    .slice(1)
    .map(({ startMs }, index) => startMs - apart[index]!.stopMs)
    .sort((a, b) => a - b);
  return joinedWithin(apart, distances[apart.length - HOLES_MAX - 1]!);
}

function joinedWithin(sorted: readonly Stretch[], distanceMs: number): readonly Stretch[] {
  const apart: Stretch[] = [];
  for (const { startMs, stopMs } of sorted) {
    const last = apart.at(-1);
    if (last === undefined || startMs - last.stopMs > distanceMs) {
      apart.push({ startMs, stopMs });
    } else {
      apart[apart.length - 1] = { ...last, stopMs: Math.max(last.stopMs, stopMs) };
    }
  }
  return apart;
}
