import { isCode, TidemarkError } from '../core/errors.ts';
import type { Tasks } from '../core/influx/resources.ts';
import type { Log } from '../core/log.ts';
import { type DesiredTask, TASK_PREFIX } from './desired.ts';
import { type Action, planTasks } from './plan.ts';

export interface SyncOptions {
  readonly tasks: Pick<Tasks, 'list' | 'create' | 'update' | 'delete'>;
  readonly desired: readonly DesiredTask[];
  readonly bucket: string;
  readonly log: Log;
}

/** A desired task as it stands in InfluxDB. */
export interface SyncedTask extends DesiredTask {
  readonly id: string;
}

export interface SyncResult {
  readonly created: number;
  readonly updated: number;
  readonly removed: number;
  readonly tasks: readonly SyncedTask[];
}

/** Two processes that start at once need a second look to remove what both created. */
const ROUNDS_MAX = 4;

/**
 * Makes InfluxDB's tasks what they should be: creates, updates, removes, each logged with its
 * reason. A second call finds nothing to do. Throws what the client throws; calling it again goes
 * on from where it stopped.
 */
export async function syncTasks(options: SyncOptions): Promise<SyncResult> {
  const done = { create: 0, update: 0, remove: 0, leave: 0 };
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const actual = await options.tasks.list();
    const plan = planTasks(options.desired, actual, options);
    const work = plan.filter(({ kind }) => kind !== 'leave');
    if (work.length === 0) {
      const { create: created, update: updated, remove: removed } = done;
      return { created, updated, removed, tasks: synced(options.desired, plan) };
    }
    for (const action of work) {
      await carryOut(action, options);
      done[action.kind]++;
    }
  }
  throw new TidemarkError(
    'conflict',
    `tasks named "${TASK_PREFIX}..." change as fast as they are repaired: ` +
      'another program manages them, or InfluxDB alters the scripts',
  );
}

async function carryOut(action: Action, { tasks, log }: SyncOptions): Promise<void> {
  const { reason } = action;
  switch (action.kind) {
    case 'create': {
      const { id } = await tasks.create({ flux: action.task.flux });
      log.info({ task: action.task.name, id, reason }, 'task created');
      break;
    }
    case 'update':
      await tasks.update(action.task.id, action.change);
      log.info({ task: action.task.name, id: action.task.id, reason }, 'task updated');
      break;
    case 'remove':
      await removed(tasks, action.task.id);
      log.info({ task: action.task.name, id: action.task.id, reason }, 'task removed');
      break;
    case 'leave':
      break;
  }
}

/** Another process may have been quicker: gone is gone. */
async function removed(tasks: SyncOptions['tasks'], id: string): Promise<void> {
  try {
    await tasks.delete(id);
  } catch (error) {
    if (!isCode(error, 'not-found')) throw error;
  }
}

function synced(desired: readonly DesiredTask[], plan: readonly Action[]): SyncedTask[] {
  const ids = new Map<string, string>();
  for (const action of plan) {
    if (action.kind === 'leave' && action.reason === 'up to date') {
      ids.set(action.task.name, action.task.id);
    }
  }
  return desired.map((task) => ({ ...task, id: ids.get(task.name)! }));
}
