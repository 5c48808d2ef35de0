import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../core/clock.ts';
import { TidemarkError } from '../../core/errors.ts';
import type { Task } from '../../core/influx/resources.ts';
import { silentLog } from '../../core/log.ts';
import { startTasks } from '../../tasks/service.ts';

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
        slept.push(ms);
        wake = resolve;
        const cancel = () => reject(new TidemarkError('cancelled', 'woken'));
        if (signal?.aborted) cancel();
        signal?.addEventListener('abort', cancel);
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
    startRun: async () => {
      state.runs++;
      return { id: 'r', taskID: '', status: 'scheduled' };
    },
  };
  const influx = { bucket: 'b', collect: async () => [], tasks } as unknown;
  return { state, influx: influx as Parameters<typeof startTasks>[0]['influx'] };
}

describe('service of tasks', () => {
  it('tries until InfluxDB is there, ever more slowly, then looks for drift', async () => {
    const { state, influx } = fakeInflux();
    const { clock, slept, sleeping, wake } = handClock();
    state.away = true;
    const first = sleeping();
    const service = startTasks({
      influx,
      clock,
      log: silentLog,
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
    assert.equal(state.list.length, 2);
    assert.equal(state.runs, 2, 'missed runs are asked for');
    state.list.pop();
    const next = sleeping();
    wake();
    await next;
    assert.equal(state.list.length, 2, 'what was removed is there again');
    assert.equal(state.runs, 2, 'nothing was missed since');
    assert.deepEqual(
      (await service.health()).map(({ ok }) => ok),
      [true, true],
    );
    await service.close();
  });

  it('is not healthy while the tasks cannot be made right, and says why', async () => {
    const { state, influx } = fakeInflux();
    const { clock, sleeping, wake } = handClock();
    const forbidden = () => Promise.reject(new TidemarkError('forbidden', 'no write:tasks'));
    const create = influx.tasks.create;
    influx.tasks.create = forbidden;
    const asleep = sleeping();
    const service = startTasks({ influx, clock, log: silentLog });
    await asleep;
    const health = async () => (await service.health()).map(({ name, reason }) => [name, reason]);
    assert.deepEqual(await health(), [['sync', 'no write:tasks']]);
    influx.tasks.create = create;
    const next = sleeping();
    wake();
    await next;
    assert.equal(state.list.length, 2);
    assert.deepEqual(await health(), [
      ['tidemark: pair-rank', undefined],
      ['tidemark: rank', undefined],
    ]);
    await service.close();
  });

  it('ends while it waits', async () => {
    const { influx } = fakeInflux();
    const { clock, sleeping } = handClock();
    const asleep = sleeping();
    const service = startTasks({ influx, clock, log: silentLog });
    await asleep;
    await service.close();
  });
});
