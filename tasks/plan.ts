import type { Task, TaskChange } from '../core/influx/resources.ts';
import { type DesiredTask, TASK_PREFIX } from './desired.ts';
import { bucketOf, sameScript } from './script.ts';

export type ActualTask = Pick<Task, 'id' | 'name' | 'flux' | 'status'>;

/** What to do about one task, and why. */
export type Action =
  | { readonly kind: 'create'; readonly task: DesiredTask; readonly reason: 'absent' }
  | {
      readonly kind: 'update';
      readonly task: ActualTask;
      readonly change: TaskChange;
      readonly reason: 'script differs' | 'inactive' | 'script differs and inactive';
    }
  | {
      readonly kind: 'leave';
      readonly task: ActualTask;
      readonly reason: 'up to date' | 'not ours' | 'of another bucket';
    }
  | {
      readonly kind: 'remove';
      readonly task: ActualTask;
      readonly reason: 'no longer wanted' | 'duplicate';
    };

/**
 * The way from the tasks that are there to those that should be. Pure. Ours are those with our
 * prefix whose script reads our bucket: a second Tidemark in the same organisation keeps its own.
 * InfluxDB allows many tasks of one name (two processes that start at once make two): the oldest
 * stays, so that both come to the same end.
 */
export function planTasks(
  desired: readonly DesiredTask[],
  actual: readonly ActualTask[],
  { bucket }: { readonly bucket: string },
): readonly Action[] {
  const wanted = new Map(desired.map((task) => [task.name, task]));
  const met = new Set<string>();
  // Ids are hexadecimal, of one length, and grow.
  const oldestFirst = [...actual].sort((a, b) => (a.id < b.id ? -1 : 1));
  const actions = oldestFirst.map((task): Action => {
    if (!task.name.startsWith(TASK_PREFIX)) return { kind: 'leave', task, reason: 'not ours' };
    if (bucketOf(task.flux) !== bucket) return { kind: 'leave', task, reason: 'of another bucket' };
    const target = wanted.get(task.name);
    if (target === undefined) return { kind: 'remove', task, reason: 'no longer wanted' };
    if (met.has(task.name)) return { kind: 'remove', task, reason: 'duplicate' };
    met.add(task.name);
    return compare(task, target);
  });
  const absent = desired.filter(({ name }) => !met.has(name));
  return [
    ...actions,
    ...absent.map((task): Action => ({ kind: 'create', task, reason: 'absent' })),
  ];
}

function compare(task: ActualTask, target: DesiredTask): Action {
  const same = sameScript(task.flux, target.flux);
  const active = task.status === 'active';
  if (same && active) return { kind: 'leave', task, reason: 'up to date' };
  if (same) return { kind: 'update', task, change: { status: 'active' }, reason: 'inactive' };
  const change: TaskChange = { flux: target.flux, ...(active ? {} : { status: 'active' }) };
  const reason = active ? 'script differs' : 'script differs and inactive';
  return { kind: 'update', task, change, reason };
}
