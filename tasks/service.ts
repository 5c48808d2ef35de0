import type { Clock } from '../core/clock.ts';
import { isCode, messageOf } from '../core/errors.ts';
import type { Influx } from '../core/influx/influx.ts';
import type { Log } from '../core/log.ts';
import { desiredTasks } from './desired.ts';
import { type TaskHealth, taskHealth } from './health.ts';
import { requestMissedRuns } from './missed.ts';
import { type SyncedTask, syncTasks } from './sync.ts';

export interface TaskServiceOptions {
  readonly influx: Pick<Influx, 'tasks' | 'collect' | 'bucket'>;
  readonly clock: Clock;
  readonly log: Log;
  /** How often drift is looked for. Default 10 minutes. */
  readonly intervalMs?: number;
  /** First wait after a failure, doubled up to `intervalMs`. Default 1 s. */
  readonly retryMs?: number;
}

export interface TaskService {
  /** Resolves when the tasks stood right for the first time. */
  readonly synced: Promise<void>;
  /**
   * Each task, after an entry `sync` while the tasks cannot be made right. Throws when InfluxDB
   * cannot be asked.
   */
  health(): Promise<readonly TaskHealth[]>;
  close(): Promise<void>;
}

/** Keeps InfluxDB's tasks right: at start, after an outage, and when somebody changed them. */
export function startTasks(options: TaskServiceOptions): TaskService {
  const { influx, clock, log, intervalMs = 600_000, retryMs = 1_000 } = options;
  const { bucket } = influx;
  const desired = desiredTasks({ bucket });
  const ending = new AbortController();
  let known: readonly SyncedTask[] = [];
  let trouble: string | undefined = 'has not been done yet';
  let announce = (): void => {};
  const synced = new Promise<void>((resolve) => {
    announce = resolve;
  });

  async function round(): Promise<void> {
    const result = await syncTasks({ tasks: influx.tasks, desired, bucket, log });
    known = result.tasks;
    // At start and after an outage; in between, the newest run may just be under way.
    if (trouble !== undefined) await requestMissedRuns({ influx, tasks: known, clock, log });
    trouble = undefined;
    announce();
  }

  async function loop(): Promise<void> {
    for (let failures = 0; !ending.signal.aborted; ) {
      try {
        await round();
        failures = 0;
      } catch (error) {
        // One line an outage; the readiness probe tells how long it lasts.
        trouble = messageOf(error);
        if (failures === 0) log.warn({ error: trouble }, 'tasks could not be synced');
        failures++;
      }
      const waitMs = failures === 0 ? intervalMs : retryMs * 2 ** Math.min(failures - 1, 20);
      await clock.sleep(Math.min(waitMs, intervalMs), ending.signal).catch(unlessCancelled);
    }
  }

  const running = loop();
  return {
    synced,
    async health() {
      const sync = { name: 'sync', ok: false, reason: trouble, ageMs: undefined };
      const tasks = await taskHealth({ tasks: influx.tasks, synced: known, clock });
      return trouble === undefined ? tasks : [sync, ...tasks];
    },
    async close() {
      ending.abort();
      await running;
    },
  };
}

function unlessCancelled(error: unknown): void {
  if (!isCode(error, 'cancelled')) throw error;
}
