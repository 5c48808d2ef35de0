import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TidemarkError } from '../../core/errors.ts';
import { boundTasks } from '../../tasks/desired.ts';
import { taskHealth } from '../../tasks/health.ts';
import { requestRanks } from '../../tasks/missed.ts';
import { horizonMs, runsOf, stepsWithin } from '../../tasks/steps.ts';
import type { SyncedTask } from '../../tasks/sync.ts';

const NOW = Date.parse('2026-01-01T12:00:30Z');
const clock = { nowMs: () => NOW, monotonicMs: () => 0, sleep: async () => {} };
const task = (id: string, mark: string): SyncedTask => ({
  id,
  name: `tidemark: ${mark}`,
  flux: '',
  everyMs: 60_000,
  mark,
  kind: mark.startsWith('rank') ? 'rank' : 'rollup',
});
const tasks = [task('1', 'rank-24h'), task('2', 'rollup-5m')];

describe('ranks at start', () => {
  const request = async (failure?: TidemarkError) => {
    const runs: string[] = [];
    const startRun = async (id: string, slot?: string) => {
      if (failure !== undefined) throw failure;
      runs.push(`${id} ${slot}`);
      return { id: 'r', taskID: id, status: 'scheduled' };
    };
    await requestRanks({ tasks: { startRun }, synced: tasks, clock });
    return runs;
  };

  it('are requested for the newest slot, and only they', async () => {
    assert.deepEqual(await request(), ['1 2026-01-01T12:00:00.000Z']);
  });

  it('may be queued already', async () => {
    assert.deepEqual(await request(new TidemarkError('conflict', 'queued')), []);
  });

  it('that cannot be requested are an error', async () => {
    await assert.rejects(request(new TidemarkError('unavailable', 'away')), /away/);
  });
});

describe('steps', () => {
  it('are whole ones within a range', () => {
    assert.deepEqual(stepsWithin({ fromMs: 1, toMs: 39 }, 10), [10, 20]);
    assert.deepEqual(stepsWithin({ fromMs: 0, toMs: 40 }, 10), [0, 10, 20, 30]);
    assert.deepEqual(stepsWithin({ fromMs: 11, toMs: 19 }, 10), []);
  });

  it('that follow on each other are a range, of so many at most', () => {
    const range = (fromMs: number, toMs: number) => ({ fromMs, toMs });
    assert.deepEqual(runsOf([0, 10, 30, 40, 50], 10), [range(0, 20), range(30, 60)]);
    assert.deepEqual(runsOf([0, 10, 20], 10, 2), [range(0, 20), range(20, 30)]);
    assert.deepEqual(runsOf([], 10), []);
  });
});

describe('how far back steps matter', () => {
  const HOUR_MS = 3_600_000;
  const sampling = { finestMs: 60_000, commonMs: 60_000 };
  const rollupMs = { '1m': 0, '5m': 0, '1h': 0, '1d': 0 };
  const hours = (kind: string, priceMs: number) =>
    boundTasks({ bucket: 'b', sampling })
      .filter((one) => one.kind === kind)
      .map((one) => horizonMs(one, { priceMs, rollupMs }) / HOUR_MS);

  it('is as far as a waiting window reads them, and as the prices are kept', () => {
    assert.deepEqual(hours('moments', 0), [2.5, 26, 7 * 24 + 4]);
    assert.deepEqual(hours('moments', 2 * HOUR_MS), [2, 2, 2]);
  });

  it('is for ever where prices and roll-ups are kept so', () => {
    assert.deepEqual(new Set(hours('rollup', 0)), new Set([Number.POSITIVE_INFINITY]));
  });
});

describe('health of tasks', () => {
  const health = async (rest: object) => {
    const entry = {
      id: '1',
      name: 'tidemark: rank-24h',
      flux: '',
      status: 'active' as const,
      ...rest,
    };
    const list = async () => [entry];
    return (await taskHealth({ tasks: { list }, synced: [tasks[0]!], clock }))[0];
  };
  const cases: readonly (readonly [string, object, string | undefined])[] = [
    ['before the first run', {}, undefined],
    [
      'after a run',
      { latestCompleted: '2026-01-01T12:00:00Z', lastRunStatus: 'success' },
      undefined,
    ],
    ['while a run is late', { latestCompleted: '2026-01-01T11:57:30Z' }, undefined],
    ['without runs', { latestCompleted: '2026-01-01T11:57:29Z' }, 'has not run for 181 s'],
    ['after a failed run', { lastRunStatus: 'failed', lastRunError: 'x' }, 'last run failed: x'],
    ['when inactive', { status: 'inactive' }, 'was made inactive'],
    ['when it is gone', { id: '9' }, 'was removed from InfluxDB'],
  ];
  for (const [when, rest, reason] of cases) {
    it(`${when} is ${reason ?? 'good'}`, async () => {
      const found = await health(rest);
      assert.deepEqual([found?.ok, found?.reason], [reason === undefined, reason]);
    });
  }

  it('tells the age of the newest slot', async () => {
    assert.equal((await health({ latestCompleted: '2026-01-01T12:00:00Z' }))?.ageMs, 30_000);
    assert.equal((await health({}))?.ageMs, undefined);
  });
});
