import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AlertRule, ratioRules } from '../../core/alert-rules.ts';
import type { Clock } from '../../core/clock.ts';
import { TidemarkError } from '../../core/errors.ts';
import type { Task } from '../../core/influx/resources.ts';
import { silentLog } from '../../core/log.ts';
import { startTasks } from '../../tasks/service.ts';

const MEND_MS = 777;
const shared = {
  log: silentLog,
  registry: { query: async () => [] },
  retentions: { priceMs: 864e5, rollupMs: { '1m': 0, '5m': 0, '1h': 0, '1d': 0 } },
  sampling: async () => ({ finestMs: 60_000, commonMs: 60_000 }),
  mendMs: MEND_MS,
};
/** Three roll-ups, three moments, two ranks for each of three windows. */
const TASKS = 12;
const RANKS = 6;

/** Sleeps end when the test says so; `slept` tells how long was asked for. */
function handClock() {
  const slept: number[] = [];
  let wake = (): void => {};
  let asleep = (): void => {};
  const clock: Clock = {
    nowMs: () => Date.parse('2026-01-01T12:00:30Z'),
    monotonicMs: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const cancel = () => reject(new TidemarkError('cancelled', 'woken'));
        if (signal?.aborted) cancel();
        signal?.addEventListener('abort', cancel);
        // The loop that mends has nothing to do here.
        if (ms === MEND_MS) return;
        slept.push(ms);
        wake = resolve;
        asleep();
      }),
  };
  const sleeping = () =>
    new Promise<void>((resolve) => {
      asleep = resolve;
    });
  return { clock, slept, sleeping, wake: () => wake() };
}

function fakeInflux() {
  const state = { away: false, list: [] as Task[], runs: 0 };
  const tasks = {
    list: async () => {
      if (state.away) throw new TidemarkError('unavailable', 'away');
      return [...state.list];
    },
    create: async ({ flux }: { flux: string }) => {
      const name = /name: "([^"]*)"/.exec(flux)?.[1] ?? '';
      const task: Task = { id: `${state.list.length}`, name, flux, status: 'active' };
      state.list.push(task);
      return task;
    },
    update: async (id: string, change: Partial<Task>) => {
      const index = state.list.findIndex((task) => task.id === id);
      const task: Task = { ...state.list[index]!, ...change };
      state.list[index] = task;
      return task;
    },
    delete: async (id: string) => {
      state.list = state.list.filter((task) => task.id !== id);
    },
    startRun: async () => {
      state.runs++;
      return { id: 'r', taskID: '', status: 'scheduled' };
    },
  };
  const influx = {
    bucket: 'b',
    buckets: { ensure: async () => ({}) },
    collect: async () => [],
    write: async () => ({ status: 204 }),
    tasks,
  } as unknown;
  return { state, influx: influx as Parameters<typeof startTasks>[0]['influx'] };
}

describe('service of tasks', () => {
  it('tries until InfluxDB is there, ever more slowly, then looks for drift', async () => {
    const { state, influx } = fakeInflux();
    const { clock, slept, sleeping, wake } = handClock();
    state.away = true;
    const first = sleeping();
    const service = startTasks({
      ...shared,
      influx,
      clock,
      intervalMs: 5_000,
      retryMs: 1_000,
    });
    await first;
    for (let i = 0; i < 4; i++) {
      const next = sleeping();
      if (i === 3) state.away = false;
      wake();
      await next;
    }
    await service.synced;
    assert.deepEqual(slept, [1_000, 2_000, 4_000, 5_000, 5_000]);
    assert.equal(state.list.length, TASKS);
    assert.equal(state.runs, RANKS, 'ranks are asked for');
    state.list.pop();
    const next = sleeping();
    wake();
    await next;
    assert.equal(state.list.length, TASKS, 'what was removed is there again');
    assert.equal(state.runs, RANKS, 'nothing was missed since');
    assert.ok((await service.health()).every(({ ok }) => ok));
    await service.close();
  });

  it('has a task for each rule that is wanted now, at once when it is told so', async () => {
    const { state, influx } = fakeInflux();
    const { clock, sleeping } = handClock();
    let wanted: readonly AlertRule[] = ratioRules({});
    const first = sleeping();
    const alertRules = async () => wanted;
    const service = startTasks({ ...shared, influx, clock, alertRules, alertEveryMs: 10_000 });
    await first;
    const alerts = () =>
      state.list.filter(({ name }) => name.startsWith('tidemark: alert-')).map(({ name }) => name);
    assert.deepEqual(alerts(), [
      'tidemark: alert-ratio-price-above-3-1h',
      'tidemark: alert-ratio-volume-above-3-1h',
    ]);
    assert.match(state.list.at(-1)?.flux ?? '', /every: 10s, offset: 5s/);
    wanted = ratioRules({ metrics: ['volume'] });
    const next = sleeping();
    service.refresh();
    await next;
    assert.deepEqual(alerts(), ['tidemark: alert-ratio-volume-above-3-1h']);
    assert.equal(state.list.length, TASKS + 1);
    await service.close();
  });

  it('is not healthy while the tasks cannot be made right, and says why', async () => {
    const { state, influx } = fakeInflux();
    const { clock, sleeping, wake } = handClock();
    const forbidden = () => Promise.reject(new TidemarkError('forbidden', 'no write:tasks'));
    const create = influx.tasks.create;
    influx.tasks.create = forbidden;
    const asleep = sleeping();
    const service = startTasks({ ...shared, influx, clock });
    await asleep;
    const health = async () => (await service.health()).map(({ name, reason }) => [name, reason]);
    assert.deepEqual(await health(), [['sync', 'no write:tasks']]);
    influx.tasks.create = create;
    const next = sleeping();
    wake();
    await next;
    assert.equal(state.list.length, TASKS);
    assert.deepEqual((await health())[0], ['tidemark: rollup-5m', undefined]);
    await service.close();
  });

  it('has other tasks as soon as it is told that prices come otherwise', async () => {
    const { state, influx } = fakeInflux();
    const { clock, sleeping } = handClock();
    const intervals = [60_000, 1_000];
    const sampling = async () => {
      const finestMs = intervals.shift() ?? 0;
      return { finestMs, commonMs: finestMs };
    };
    const asleep = sleeping();
    const service = startTasks({ ...shared, influx, clock, sampling });
    await asleep;
    assert.equal(state.list.length, TASKS);
    const next = sleeping();
    service.refresh();
    await next;
    assert.ok(state.list.some(({ name }) => name === 'tidemark: rollup-1m'));
    assert.ok(state.list.some(({ flux }) => /^regular = 300$/m.test(flux)));
    await service.close();
  });

  it('ends while it waits', async () => {
    const { influx } = fakeInflux();
    const { clock, sleeping } = handClock();
    const asleep = sleeping();
    const service = startTasks({ ...shared, influx, clock });
    await asleep;
    await service.close();
  });
});
