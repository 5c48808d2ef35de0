import type { Clock } from '../core/clock.ts';
import type { Influx } from '../core/influx/influx.ts';
import { noTrace, type Trace } from '../core/trace.ts';
import { bind, loadTask } from '../flux/load.ts';
import type { Queries } from '../registry/database.ts';
import { claimDirty, completeDirty, type DirtyRange } from '../registry/dirty.ts';
import type { BoundTask } from './desired.ts';
import { writeMarks } from './missed.ts';
import { horizonMs, type Retentions, runsOf } from './steps.ts';

export interface MendOptions {
  readonly influx: Pick<Influx, 'collect' | 'bucket' | 'write'>;
  readonly registry: Queries;
  /** In the order in which they build on each other. */
  readonly tasks: readonly BoundTask[];
  readonly retentions: Retentions;
  readonly clock: Clock;
  /** Marks younger than this wait for more of the same; default 5 s. */
  readonly settleMs?: number;
  readonly trace?: Trace;
}

/** An hour at a time: a lease that is long enough for 13,827 markets, and short after a crash. */
const RANGES_MAX = 12;
const LEASE_MS = 900_000;
const SETTLE_MS = 5_000;
/** Steps computed by one query: its answer comes before the client loses patience. */
const RUN_STEPS_MAX = 4;

/**
 * Computes again what was made of prices that have changed since: every roll-up and the moments of
 * the newest dirty ranges, each by its own script, for a time of the past. Points overwrite
 * themselves, so doing it twice is harmless. Returns how many ranges were done; 0: none is left.
 */
export async function mendOnce(options: MendOptions): Promise<number> {
  const { registry, settleMs = SETTLE_MS, trace = noTrace } = options;
  const claim = { limit: RANGES_MAX, settleMs, leaseMs: LEASE_MS };
  const ranges = await claimDirty(registry, claim);
  if (ranges.length === 0) return 0;
  const changed = new Set<string>();
  for (const task of options.tasks) {
    const about = { 'tidemark.task': task.mark, 'tidemark.ranges': ranges.length };
    const changes = await trace.span('task steps', about, () => mend(options, task, ranges));
    if (changes > 0) changed.add(task.mark);
    if (task.kind === 'rank' && changed.has(String(task.values.source))) await again(options, task);
  }
  await completeDirty(registry, ranges);
  return ranges.length;
}

/** How many steps of moments were written. */
async function mend(options: MendOptions, task: BoundTask, ranges: readonly DirtyRange[]) {
  if (task.kind === 'rollup') await mendRollup(options, task, ranges);
  return task.kind === 'moments' ? mendMoments(options, task, ranges) : 0;
}

/** Steps of a task that the ranges touch, that have ended, and whose prices are still there. */
function touched(
  { clock, retentions }: MendOptions,
  task: BoundTask,
  ranges: readonly DirtyRange[],
): number[] {
  const { everyMs } = task;
  const nowMs = clock.nowMs();
  const oldestMs = nowMs - horizonMs(task, retentions);
  const steps = new Set<number>();
  for (const { fromMs, toMs } of ranges) {
    for (let ms = Math.floor(fromMs / everyMs) * everyMs; ms < toMs; ms += everyMs) {
      if (ms >= oldestMs && ms + everyMs <= nowMs) steps.add(ms);
    }
  }
  return [...steps].sort((a, b) => a - b);
}

async function mendRollup(options: MendOptions, task: BoundTask, ranges: readonly DirtyRange[]) {
  const { influx } = options;
  for (const { fromMs, toMs } of runsOf(
    touched(options, task, ranges),
    task.everyMs,
    RUN_STEPS_MAX,
  )) {
    const start = new Date(fromMs);
    const stop = new Date(toMs);
    const steps = Array.from(
      { length: (toMs - fromMs) / task.everyMs },
      (_, i) => fromMs + i * task.everyMs,
    );
    // The script leaves a mark of those that have prices.
    await writeMarks(influx, task, steps);
    const flux = bind(loadTask(task.file), { ...task.values, start, stop });
    await influx.collect(flux, {}, { now: stop.toISOString() });
  }
}

/** How many steps were written. */
async function mendMoments(options: MendOptions, task: BoundTask, ranges: readonly DirtyRange[]) {
  const steps = touched(options, task, ranges);
  for (const fromMs of steps) {
    const flux = bind(loadTask(task.file), { ...task.values, all: true });
    const now = new Date(fromMs + task.everyMs).toISOString();
    await options.influx.collect(flux, {}, { now });
  }
  return steps.length;
}

/** The newest ranks, which read what has just changed. */
async function again({ influx, clock }: MendOptions, task: BoundTask): Promise<void> {
  const flux = bind(loadTask(task.file), { ...task.values, again: true });
  await influx.collect(flux, {}, { now: new Date(clock.nowMs()).toISOString() });
}
