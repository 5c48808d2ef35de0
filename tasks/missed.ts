import { type Clock, slotAt } from '../core/clock.ts';
import { isCode } from '../core/errors.ts';
import type { Influx } from '../core/influx/influx.ts';
import type { Log } from '../core/log.ts';
import { bind, loadFlux } from '../flux/load.ts';
import type { SyncedTask } from './sync.ts';

export interface MissedOptions {
  readonly influx: Pick<Influx, 'collect' | 'bucket'> & {
    readonly tasks: Pick<Influx['tasks'], 'startRun'>;
  };
  readonly tasks: readonly SyncedTask[];
  readonly clock: Clock;
  readonly log: Log;
}

const ROW = { _measurement: 'string', _time: 'time' } as const;

/**
 * Asks for the newest run of each task whose output is older than its slot. InfluxDB never runs
 * what it missed while it was away: without this, ranks would be as old as the outage until the
 * next slot. Older slots stay empty: nobody reads a rank of the past. Writing a slot twice is
 * harmless, its points overwrite themselves. Returns the names of the tasks that were asked to run.
 */
export async function requestMissedRuns(options: MissedOptions): Promise<readonly string[]> {
  const { influx, tasks, clock, log } = options;
  const nowMs = clock.nowMs();
  const newest = await newestOutput(options, nowMs);
  const missed = tasks.filter(
    ({ measurement, everyMs }) => (newest.get(measurement) ?? 0) < slotAt(nowMs, everyMs),
  );
  for (const { id, name, everyMs } of missed) {
    const slot = new Date(slotAt(nowMs, everyMs)).toISOString();
    try {
      await influx.tasks.startRun(id, slot);
      log.info({ task: name, slot }, 'missed run requested');
    } catch (error) {
      // The scheduler was quicker: the run is queued already.
      if (!isCode(error, 'conflict')) throw error;
    }
  }
  return missed.map(({ name }) => name);
}

/** Measurement -> time of its newest point, in milliseconds; absent when none is young enough. */
async function newestOutput(
  { influx, tasks }: MissedOptions,
  nowMs: number,
): Promise<ReadonlyMap<string, number>> {
  if (tasks.length === 0) return new Map();
  const start = new Date(Math.min(...tasks.map(({ everyMs }) => slotAt(nowMs, everyMs))));
  const query = bind(loadFlux('rank-runs-newest'), { bucket: influx.bucket, start });
  // Our own now: with a server whose clock is behind, the range would be empty, which is refused.
  const now = new Date(nowMs + 1).toISOString();
  const rows = await influx.collect(query, ROW, { now });
  return new Map(rows.map((row) => [row._measurement, Date.parse(row._time)]));
}
