import type { Clock } from '../core/clock.ts';
import type { Tasks } from '../core/influx/resources.ts';
import type { SyncedTask } from './sync.ts';

export interface TaskHealth {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong, when it is not ok. */
  readonly reason: string | undefined;
  /** From the newest completed slot until now; undefined before the first. */
  readonly ageMs: number | undefined;
}

export interface HealthOptions {
  readonly tasks: Pick<Tasks, 'list'>;
  readonly synced: readonly SyncedTask[];
  readonly clock: Clock;
}

/** A run may take its time; two slots without one are trouble. */
const SLOTS_MAX = 3;

/**
 * How each task does, from what InfluxDB tells of it: InfluxDB itself only logs a task that fails,
 * and leaves it active.
 */
export async function taskHealth(options: HealthOptions): Promise<readonly TaskHealth[]> {
  const actual = new Map((await options.tasks.list()).map((task) => [task.id, task]));
  const nowMs = options.clock.nowMs();
  return options.synced.map(({ id, name, everyMs }): TaskHealth => {
    const task = actual.get(id);
    const completedMs = Date.parse(task?.latestCompleted ?? '');
    const ageMs = Number.isNaN(completedMs) ? undefined : nowMs - completedMs;
    const reason = taskTrouble(task, ageMs, everyMs);
    return { name, ok: reason === undefined, reason, ageMs };
  });
}

/** What is wrong with a task, by itself; undefined: nothing. */
export function taskTrouble(
  task:
    | { status?: string; lastRunStatus?: string | undefined; lastRunError?: string | undefined }
    | undefined,
  ageMs: number | undefined,
  everyMs: number,
): string | undefined {
  if (task === undefined) return 'was removed from InfluxDB';
  if (task.status !== 'active') return 'was made inactive';
  if (task.lastRunStatus === 'failed')
    return `last run failed: ${task.lastRunError ?? 'no reason'}`;
  if (ageMs !== undefined && ageMs > SLOTS_MAX * everyMs) {
    return `has not run for ${Math.round(ageMs / 1000)} s`;
  }
  return undefined;
}
