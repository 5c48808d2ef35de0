import { type Clock, slotAt } from '../core/clock.ts';
import { isCode, TidemarkError } from '../core/errors.ts';
import type { Influx } from '../core/influx/influx.ts';
import type { Log } from '../core/log.ts';
import { bind, loadFlux } from '../flux/load.ts';
import type { Queries } from '../registry/database.ts';
import { markDirty } from '../registry/dirty.ts';
import type { BoundTask } from './desired.ts';
import { DIRTY_MS, emptyMarks, horizonMs, type Retentions, runsOf, stepsWithin } from './steps.ts';
import type { SyncedTask } from './sync.ts';

export interface RankRunOptions {
  readonly tasks: Pick<Influx['tasks'], 'startRun'>;
  readonly synced: readonly SyncedTask[];
  readonly clock: Clock;
}

/**
 * Asks for a run of each rank task at its newest slot. InfluxDB never runs what it missed while it
 * was away, and a first start need not wait for the next slot. A run that finds nothing new to rank
 * writes nothing. Returns how many were asked for.
 */
export async function requestRanks({ tasks, synced, clock }: RankRunOptions): Promise<number> {
  const ranks = synced.filter(({ kind }) => kind === 'rank');
  for (const { id, everyMs } of ranks) {
    const slot = new Date(slotAt(clock.nowMs(), everyMs)).toISOString();
    try {
      await tasks.startRun(id, slot);
    } catch (error) {
      // The scheduler was quicker: the run is queued already.
      if (!isCode(error, 'conflict')) throw error;
    }
  }
  return ranks.length;
}

export interface MissedOptions {
  readonly influx: Pick<Influx, 'collect' | 'bucket' | 'write'>;
  readonly registry: Queries;
  readonly tasks: readonly BoundTask[];
  readonly retentions: Retentions;
  /** How far back to look, milliseconds; as far as steps can be computed again by default. */
  readonly lookbackMs?: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** A step that ended so lately may yet be written by its own run. */
const GRACE_MS = 180_000;
/** Steps at the far end of the retention would lose their prices while they are computed. */
const MARGIN_MS = 3_600_000;
/** The points that a write takes at once. */
const LINES_MAX = 10_000;

const TIME = { _time: 'time' } as const;

/**
 * Finds the steps that no run has written: InfluxDB or its tasks were away, or the installation is
 * new. Those with prices are marked dirty, for mend.ts; those from before the first price get the
 * mark of an empty step. Returns how many steps were marked dirty.
 */
export async function markMissedSteps(options: MissedOptions): Promise<number> {
  const nowMs = options.clock.nowMs();
  let marked = 0;
  for (const task of options.tasks.filter(({ kind }) => kind !== 'rank' && kind !== 'alert')) {
    const missing = await missingSteps(options, task, nowMs);
    if (missing.length === 0) continue;
    const beginMs = await firstPriceMs(options, missing[0]!, nowMs);
    const empty = missing.filter((ms) => ms + task.everyMs <= beginMs);
    const wanted = missing.slice(empty.length);
    await writeMarks(options.influx, task, empty);
    // A long step is computed again with any five minutes of it.
    const alsoMs = Math.max(0, task.everyMs - DIRTY_MS);
    for (const { fromMs, toMs } of runsOf(
      wanted.map((ms) => ms + alsoMs),
      DIRTY_MS,
    )) {
      await markDirty(options.registry, { fromMs, toMs });
    }
    marked += wanted.length;
    const told = { task: task.mark, steps: wanted.length };
    if (wanted.length > 0) options.log.info(told, 'missed steps will be made good');
  }
  return marked;
}

async function missingSteps(
  { influx, retentions, lookbackMs = Number.POSITIVE_INFINITY }: MissedOptions,
  task: BoundTask,
  nowMs: number,
): Promise<number[]> {
  const { bucket } = influx;
  const horizon = horizonMs(task, retentions);
  const backMs = Math.min(horizon === Infinity ? FOR_EVER_MS : horizon - MARGIN_MS, lookbackMs);
  const steps = stepsWithin({ fromMs: nowMs - backMs, toMs: nowMs - GRACE_MS }, task.everyMs);
  if (steps.length === 0) return [];
  const range = { start: new Date(steps[0]!), stop: new Date(steps.at(-1)! + 1) };
  const { regular } = task.values;
  const query =
    typeof regular === 'number'
      ? bind(loadFlux('moments-steps'), { bucket, task: task.mark, regular, ...range })
      : bind(loadFlux('rollup-steps'), { bucket, task: task.mark, ...range });
  const rows = await influx.collect(query, TIME);
  const written = new Set(rows.map(({ _time }) => Date.parse(_time)));
  return steps.filter((ms) => !written.has(ms));
}

/** Prices that are kept for ever are rolled up again for the last ten years. */
const FOR_EVER_MS = 3_650 * 86_400_000;

/** Infinite when there is no price. */
async function firstPriceMs({ influx }: MissedOptions, fromMs: number, nowMs: number) {
  const range = { start: new Date(fromMs), stop: new Date(nowMs) };
  const query = bind(loadFlux('prices-begin'), { bucket: influx.bucket, ...range });
  const [row] = await influx.collect(query, TIME);
  return row === undefined ? Number.POSITIVE_INFINITY : Date.parse(row._time);
}

/** Marks steps as written, without prices so far. Throws `upstream` when they are not taken. */
export async function writeMarks(
  influx: Pick<Influx, 'write'>,
  task: BoundTask,
  steps: readonly number[],
): Promise<void> {
  for (let from = 0; from < steps.length; from += LINES_MAX) {
    const lines = emptyMarks(task, steps.slice(from, from + LINES_MAX));
    const { status, text } = await influx.write(lines, { gzip: false });
    if (status === 204) continue;
    throw new TidemarkError('upstream', `InfluxDB refused marks of steps: ${status} ${text}`);
  }
}
