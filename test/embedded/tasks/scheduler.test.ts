import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { silentLog } from '../../../core/log.ts';
import type { Task } from '../../../embedded/resources/model.ts';
import { Resources } from '../../../embedded/resources/resources.ts';
import { openStorage, type Storage } from '../../../embedded/storage/storage.ts';
import { RUNS_KEPT, TaskRunner } from '../../../embedded/tasks/runner.ts';
import { TaskScheduler } from '../../../embedded/tasks/scheduler.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { eventually } from '../../helpers/eventually.ts';

const START = Date.parse('2026-01-01T00:00:30Z');

let dir: string;
let storage: Storage;
let resources: Resources;
let clock: ManualClock;
let runner: TaskRunner;
let scheduler: TaskScheduler;
/** Slots that were run, in order, and how the next run behaves. */
let ran: string[];
let behave: (signal: AbortSignal) => Promise<void>;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidemark-tasks-'));
  clock = new ManualClock(START);
  ran = [];
  behave = async () => {};
  await open();
});

afterEach(async () => {
  await close();
  await rm(dir, { recursive: true });
});

async function open(): Promise<void> {
  storage = await openStorage({ dir, memoryBytesMax: 64_000_000 });
  const nowMs = () => clock.nowMs();
  resources = await Resources.load({ storage, nowMs, random: () => 0.5 });
  runner = new TaskRunner({
    resources,
    nowMs,
    log: silentLog,
    async runScript(task, slotMs, signal) {
      ran.push(`${task.name} ${new Date(slotMs).toISOString().slice(11, 19)}`);
      await behave(signal);
    },
  });
  scheduler = new TaskScheduler({ resources, runner, clock, log: silentLog });
  scheduler.start();
}

async function close(): Promise<void> {
  await scheduler.stop();
  await runner.close();
  await storage.close();
}

async function add(name: string, options: string, status: Task['status'] = 'active') {
  const task = await resources.tasks.put({
    id: resources.newId(),
    orgID: '0000000000000001',
    ownerID: '0000000000000002',
    name,
    flux: `option task = {name: "${name}", ${options}}\nx = 1`,
    status,
    latestCompleted: '2026-01-01T00:00:30Z',
    createdAt: '2026-01-01T00:00:30Z',
  });
  scheduler.taskChanged(task);
  return task;
}

/** Moves the clock and lets what became due be done. */
async function advance(ms: number, expected: number): Promise<void> {
  await clock.advance(ms);
  await eventually(() => assert.equal(ran.length, expected));
  await eventually(() => assert.ok(resources.tasks.all().every((task) => !runner.isBusy(task.id))));
}

test('a task runs once at each of its slots', async () => {
  await add('a', 'every: 1m');
  await advance(29_000, 0);
  await advance(1_000, 1);
  await advance(60_000, 2);
  assert.deepEqual(ran, ['a 00:01:00', 'a 00:02:00']);
});

test('an offset delays the run; its now() is the slot', async () => {
  await add('a', 'every: 1m, offset: 10s');
  await advance(39_000, 0);
  await advance(1_000, 1);
  assert.deepEqual(ran, ['a 00:01:00']);
});

test('an inactive task does not run; a changed one follows its new script', async () => {
  const task = await add('a', 'every: 1m');
  await advance(30_000, 1);
  scheduler.taskChanged(await resources.tasks.put({ ...task, status: 'inactive' }));
  await advance(120_000, 1);
  const flux = task.flux.replace('1m', '1h');
  scheduler.taskChanged(await resources.tasks.put({ ...task, flux }));
  await advance(3_600_000, 2);
  assert.equal(ran[1], 'a 01:00:00');
});

test('what was missed while the engine was away is not made up for', async () => {
  await add('a', 'every: 1m');
  await advance(30_000, 1);
  await close();
  await clock.advance(600_000);
  await open();
  await advance(60_000, 2);
  assert.equal(ran[1], 'a 00:12:00');
});

test('a slot that comes while the task still runs is left out', async () => {
  let finish = () => {};
  behave = () => new Promise((resolve) => (finish = resolve));
  await add('slow', 'every: 1m');
  await clock.advance(30_000);
  await eventually(() => assert.equal(ran.length, 1));
  await clock.advance(60_000);
  finish();
  await eventually(() => assert.ok(resources.tasks.all().every((task) => !runner.isBusy(task.id))));
  behave = async () => {};
  await advance(60_000, 2);
  assert.deepEqual(ran, ['slow 00:01:00', 'slow 00:03:00']);
});

test('success and failure are kept with the run and the task', async () => {
  const { id } = await add('a', 'every: 1m');
  behave = async () => {
    throw new Error('boom');
  };
  await advance(30_000, 1);
  await eventually(() => assert.equal(resources.tasks.get(id)?.lastRunStatus, 'failed'));
  const failed = resources.tasks.get(id);
  assert.equal(failed?.lastRunError, 'error exhausting result iterator: boom');
  behave = async () => {};
  await advance(60_000, 2);
  await eventually(() => assert.equal(resources.tasks.get(id)?.lastRunStatus, 'success'));
  const task = resources.tasks.get(id);
  assert.deepEqual(
    [task?.lastRunError, task?.latestCompleted, task?.latestSuccess, task?.latestFailure],
    [undefined, '2026-01-01T00:02:00Z', '2026-01-01T00:02:00Z', '2026-01-01T00:01:00Z'],
  );
  assert.deepEqual(
    runner.runs(id).map((run) => [run.status, run.scheduledFor]),
    [
      ['success', '2026-01-01T00:02:00Z'],
      ['failed', '2026-01-01T00:01:00Z'],
    ],
  );
  await close();
  await open();
  assert.equal(runner.runs(id).length, 2);
});

test('a run can be cancelled, waiting or running', async () => {
  behave = (signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const task = await add('a', 'every: 1h');
  const running = runner.request(task, START);
  const waiting = runner.request(task, START);
  await eventually(() => assert.equal(ran.length, 1));
  assert.ok(runner.cancel(task.id, waiting.id));
  assert.ok(runner.cancel(task.id, running.id));
  await eventually(() => assert.ok(!runner.isBusy(task.id)));
  assert.deepEqual(
    runner.runs(task.id).map((run) => run.status),
    ['canceled', 'canceled'],
  );
  assert.equal(ran.length, 1);
  assert.ok(!runner.cancel(task.id, running.id));
});

test('history is bounded', async () => {
  const task = await add('a', 'every: 1h');
  for (let i = 0; i < RUNS_KEPT + 10; i++) {
    runner.request(task, START);
    await eventually(() => assert.ok(!runner.isBusy(task.id)));
  }
  assert.equal(runner.runs(task.id).length, RUNS_KEPT);
});

test('a deleted task leaves nothing behind, also in the middle of a run', async () => {
  behave = (signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const { id } = await add('a', 'every: 1m');
  await clock.advance(30_000);
  await eventually(() => assert.equal(ran.length, 1));
  scheduler.taskDeleted(id);
  await runner.cancelAll(id);
  await resources.deleteTask(id);
  await eventually(() => assert.ok(!runner.isBusy(id)));
  assert.deepEqual([resources.tasks.all(), resources.runs.all()], [[], []]);
  await advance(120_000, 1);
});
