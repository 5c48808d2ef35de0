import PQueue from 'p-queue';
import { type Clock, slotAt } from '../core/clock.ts';
import { fixedMsOrNone } from '../core/duration.ts';
import { isCode } from '../core/errors.ts';
import type { Run, Task, Tasks } from '../core/influx/resources.ts';
import type { TaskStatus } from '../core/task-status.ts';
import { TASK_PREFIX } from './desired.ts';
import { taskTrouble } from './health.ts';
import { bucketOf } from './script.ts';

export interface StatusOptions {
  readonly tasks: Pick<Tasks, 'list' | 'runs'>;
  readonly bucket: string;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly signal?: AbortSignal;
}

/** The newest runs of each task that are looked at. */
const RUNS = 20;
const QUESTIONS_AT_ONCE = 4;

/**
 * Our tasks as they stand in InfluxDB, by name, each with what its newest runs tell. Throws what
 * the client throws.
 */
export async function taskStatuses(options: StatusOptions): Promise<readonly TaskStatus[]> {
  const { tasks, bucket, clock, signal } = options;
  const all = await tasks.list();
  const ours = all.filter(
    ({ name, flux }) => name.startsWith(TASK_PREFIX) && bucketOf(flux) === bucket,
  );
  const queue = new PQueue({ concurrency: QUESTIONS_AT_ONCE });
  const statuses = await queue.addAll(
    ours.map((task) => async () => {
      signal?.throwIfAborted();
      return statusOf(task, await runsOf(tasks, task), clock.nowMs());
    }),
  );
  return statuses.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function runsOf(tasks: StatusOptions['tasks'], { id }: Task): Promise<readonly Run[]> {
  try {
    return await tasks.runs(id, { limit: RUNS });
  } catch (error) {
    // Removed since it was listed.
    if (isCode(error, 'not-found')) return [];
    throw error;
  }
}

/** What a task and its newest runs tell; pure. */
export function statusOf(task: Task, runs: readonly Run[], nowMs: number): TaskStatus {
  const everyMs = fixedMsOrNone(task.every ?? '') ?? null;
  const offsetMs = fixedMsOrNone(task.offset ?? '') ?? 0;
  // Newest first; of those for one slot the last to end counts.
  const ended = [...runs]
    .filter(({ status }) => status === 'success' || status === 'failed' || status === 'canceled')
    .sort(
      (a, b) => slotOf(b) - slotOf(a) || (b.finishedAt ?? '').localeCompare(a.finishedAt ?? ''),
    );
  const last = ended[0];
  const good = ended.find(({ status }) => status === 'success');
  const failed = ended.filter(({ status }) => status === 'failed').length;
  const completedMs = Date.parse(task.latestCompleted ?? '');
  const ageMs = Number.isNaN(completedMs) ? undefined : nowMs - completedMs;
  const reason =
    taskTrouble(task, ageMs, everyMs ?? Number.POSITIVE_INFINITY) ??
    (failed * 2 > ended.length ? `${failed} of ${ended.length} runs failed` : null);
  const dueMs = everyMs === null ? undefined : slotAt(nowMs - offsetMs, everyMs);
  const behindMs = good && dueMs !== undefined ? Math.max(0, dueMs - slotOf(good)) : null;
  return {
    ...{ id: task.id, name: task.name, active: task.status === 'active', everyMs },
    ...{ ok: reason === null, reason },
    lastRunMs: last ? slotOf(last) : null,
    lastRunStatus: last?.status ?? task.lastRunStatus ?? null,
    lastError: task.lastRunStatus === 'failed' ? (task.lastRunError ?? 'no reason') : null,
    ...{ runs: ended.length, failed, skipped: everyMs === null ? 0 : skippedOf(runs, everyMs) },
    lagMs: behindMs,
  };
}

function slotOf({ scheduledFor }: Run): number {
  return Date.parse(scheduledFor ?? '') || 0;
}

/** Slots between the oldest and the newest of these runs that have none. */
function skippedOf(runs: readonly Run[], everyMs: number): number {
  const slots = new Set(runs.map(slotOf).filter((ms) => ms > 0 && ms % everyMs === 0));
  if (slots.size === 0) return 0;
  const list = [...slots];
  const span = list.reduce((a, b) => Math.max(a, b)) - list.reduce((a, b) => Math.min(a, b));
  return span / everyMs + 1 - slots.size;
}
