import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TidemarkError } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import { taskHealth } from '../../tasks/health.ts';
import { requestMissedRuns } from '../../tasks/missed.ts';
import type { SyncedTask } from '../../tasks/sync.ts';

const NOW = Date.parse('2026-01-01T12:00:30Z');
const clock = { nowMs: () => NOW, monotonicMs: () => 0, sleep: async () => {} };
const task = (id: string, measurement: string): SyncedTask => ({
  id,
  name: `tidemark: ${measurement}`,
  flux: '',
  everyMs: 60_000,
  measurement,
});
const tasks = [task('1', 'rank'), task('2', 'pair_rank')];

function influx(rows: Record<string, string>, startRun?: () => Promise<never>) {
  const runs: string[] = [];
  const queries: string[] = [];
  return {
    runs,
    queries,
    bucket: 'b',
    collect: async (flux: string) => {
      queries.push(flux);
      return Object.entries(rows).map(([_measurement, _time]) => ({
        _measurement,
        _time,
      })) as never;
    },
    tasks: {
      startRun: async (id: string, slot?: string) => {
        await startRun?.();
        runs.push(`${id} ${slot}`);
        return { id: 'r', taskID: id, status: 'scheduled' };
      },
    },
  };
}

describe('missed runs', () => {
  const request = (fake: ReturnType<typeof influx>) =>
    requestMissedRuns({ influx: fake, tasks, clock, log: silentLog });

  it('are requested for the newest slot, and only for it', async () => {
    const fake = influx({ rank: '2026-01-01T12:00:00Z', pair_rank: '2026-01-01T11:59:00Z' });
    assert.deepEqual(await request(fake), ['tidemark: pair_rank']);
    assert.deepEqual(fake.runs, ['2 2026-01-01T12:00:00.000Z']);
    assert.match(fake.queries[0]!, /start = 2026-01-01T12:00:00.000Z/);
  });

  it('are requested when nothing was ever written', async () => {
    assert.equal((await request(influx({}))).length, 2);
  });

  it('may be queued already', async () => {
    const fake = influx({}, () => Promise.reject(new TidemarkError('conflict', 'queued')));
    await request(fake);
    assert.deepEqual(fake.runs, []);
  });

  it('that cannot be requested are an error', async () => {
    const fake = influx({}, () => Promise.reject(new TidemarkError('unavailable', 'away')));
    await assert.rejects(request(fake), /away/);
  });
});

describe('health of tasks', () => {
  const health = async (rest: object) => {
    const entry = { id: '1', name: 'tidemark: rank', flux: '', status: 'active' as const, ...rest };
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
