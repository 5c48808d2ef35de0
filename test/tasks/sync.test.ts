import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TidemarkError } from '../../core/errors.ts';
import type { Task, Tasks } from '../../core/influx/resources.ts';
import { silentLog } from '../../core/log.ts';
import { desiredTasks } from '../../tasks/desired.ts';
import { syncTasks } from '../../tasks/sync.ts';

const bucket = 'b';
const desired = desiredTasks({ bucket, sampling: { finestMs: 60_000, commonMs: 60_000 } });

/** Tasks as InfluxDB keeps them: many of one name, scripts laid out anew by a change. */
class FakeTasks implements Pick<Tasks, 'list' | 'create' | 'update' | 'delete'> {
  readonly all = new Map<string, Task>();
  readonly calls: string[] = [];
  #next = 1;

  async list(): Promise<Task[]> {
    return [...this.all.values()];
  }

  async create({ flux }: { readonly flux: string }): Promise<Task> {
    const name = /name: "([^"]*)"/.exec(flux)?.[1] ?? '';
    const task: Task = { id: `0${this.#next++}`, name, flux, status: 'active' };
    this.all.set(task.id, task);
    this.calls.push(`create ${name}`);
    return task;
  }

  async update(id: string, change: object): Promise<Task> {
    const task = { ...this.all.get(id)!, ...change } as Task;
    this.all.set(id, { ...task, flux: `${task.flux}\n\n` });
    this.calls.push(`update ${id}`);
    return task;
  }

  async delete(id: string): Promise<void> {
    this.calls.push(`delete ${id}`);
    if (!this.all.delete(id)) throw new TidemarkError('not-found', 'task not found');
  }
}

const sync = (tasks: FakeTasks) => syncTasks({ tasks, desired, bucket, log: silentLog });

describe('sync of tasks', () => {
  it('creates what is absent; a second one changes nothing', async () => {
    const tasks = new FakeTasks();
    const first = await sync(tasks);
    assert.deepEqual([first.created, first.updated, first.removed], [desired.length, 0, 0]);
    assert.deepEqual(
      first.tasks.map(({ id, name }) => [tasks.all.get(id)?.name, name]),
      desired.map(({ name }) => [name, name]),
    );
    tasks.calls.length = 0;
    const second = await sync(tasks);
    assert.deepEqual(tasks.calls, []);
    assert.deepEqual(second.tasks, first.tasks);
  });

  it('repairs what was changed, once', async () => {
    const tasks = new FakeTasks();
    const { tasks: synced } = await sync(tasks);
    const { id } = synced[0]!;
    const flux = tasks.all.get(id)!.flux.replace('= "b"', '= "b"\nother = 1');
    await tasks.update(id, { flux, status: 'inactive' });
    tasks.calls.length = 0;
    assert.equal((await sync(tasks)).updated, 1);
    assert.deepEqual(tasks.calls, [`update ${id}`]);
    assert.equal((await sync(tasks)).updated, 0);
    assert.equal(tasks.all.get(id)?.status, 'active');
  });

  it('leaves the tasks of others alone', async () => {
    const tasks = new FakeTasks();
    await tasks.create({ flux: 'option task = {name: "rank", every: 1m}' });
    const before = await tasks.list();
    await sync(tasks);
    assert.deepEqual((await tasks.list())[0], before[0]);
  });

  it('ends with one task of each name when two start at once', async () => {
    const tasks = new FakeTasks();
    await Promise.all([sync(tasks), sync(tasks)]);
    await sync(tasks);
    const names = (await tasks.list()).map(({ name }) => name).sort();
    assert.deepEqual(names, desired.map(({ name }) => name).sort());
  });

  it('goes on where a failed one stopped', async () => {
    const tasks = new FakeTasks();
    const create = tasks.create.bind(tasks);
    tasks.create = async (task) => {
      if (tasks.calls.length === 1) throw new TidemarkError('unavailable', 'away');
      return create(task);
    };
    await assert.rejects(sync(tasks), /away/);
    tasks.create = create;
    assert.equal((await sync(tasks)).created, desired.length - 1);
  });

  it('gives up on tasks that do not stay as they are made', async () => {
    const tasks = new FakeTasks();
    tasks.list = async () => [];
    await assert.rejects(sync(tasks), /change as fast as they are repaired/);
  });
});
