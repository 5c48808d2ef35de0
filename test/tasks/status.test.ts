import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TidemarkError } from '../../core/errors.ts';
import type { Run, Task } from '../../core/influx/resources.ts';
import { statusOf, taskStatuses } from '../../tasks/status.ts';

const NOW = Date.parse('2026-01-01T12:00:30Z');
const MINUTE_MS = 60_000;
const slot = (ago: number) => new Date(NOW - 30_000 - ago * MINUTE_MS).toISOString();
const task = (rest: Partial<Task> = {}): Task => ({
  ...{ id: '1', name: 'tidemark: a', flux: 'bucket = "b"\nfrom(bucket: bucket)' },
  ...{ status: 'active', every: '1m', offset: '10s', latestCompleted: slot(0) },
  ...rest,
});
const run = (ago: number, status = 'success'): Run => {
  const scheduledFor = slot(ago);
  return { id: `r${ago}`, taskID: '1', status, scheduledFor, finishedAt: scheduledFor };
};

describe('status of a task', () => {
  it('is well when each slot has a run that went well', () => {
    const status = statusOf(task(), [run(0), run(1), run(2)], NOW);
    assert.deepEqual(status, {
      ...{ id: '1', name: 'tidemark: a', active: true, everyMs: MINUTE_MS, ok: true },
      ...{ reason: null, lastRunMs: Date.parse(slot(0)), lastRunStatus: 'success' },
      ...{ lastError: null, runs: 3, failed: 0, skipped: 0, lagMs: 0 },
    });
  });

  it('counts failures, and says why the last run failed', () => {
    const failing = task({ lastRunStatus: 'failed', lastRunError: 'no bucket' });
    const status = statusOf(failing, [run(0, 'failed'), run(1), run(2, 'failed'), run(3)], NOW);
    assert.deepEqual([status.ok, status.reason], [false, 'last run failed: no bucket']);
    const { lastRunStatus, lastError, runs, failed, lagMs } = status;
    assert.deepEqual(
      [lastRunStatus, lastError, runs, failed, lagMs],
      ['failed', 'no bucket', 4, 2, MINUTE_MS],
    );
    const often = statusOf(task(), [run(0), run(1, 'failed'), run(2, 'failed')], NOW);
    assert.deepEqual([often.ok, often.reason], [false, '2 of 3 runs failed']);
  });

  it('counts slots without a run, and not those that are run twice or at another time', () => {
    const by = { ...run(5), scheduledFor: '2026-01-01T11:53:07Z' };
    assert.equal(statusOf(task(), [run(0), run(0), run(3), run(4), by], NOW).skipped, 2);
    assert.equal(statusOf(task(), [], NOW).skipped, 0);
  });

  it('tells how far it is behind, and for how long nothing ran', () => {
    const late = statusOf(task({ latestCompleted: slot(9) }), [run(9)], NOW);
    assert.deepEqual(
      [late.lagMs, late.ok, late.reason],
      [9 * MINUTE_MS, false, 'has not run for 570 s'],
    );
    // The slot of now is due after its offset.
    assert.equal(statusOf(task({ offset: '31s' }), [run(1)], NOW).lagMs, 0);
    assert.equal(statusOf(task(), [run(0, 'started'), run(1)], NOW).lagMs, MINUTE_MS);
    const fresh = statusOf(task({ latestCompleted: undefined }), [], NOW);
    assert.deepEqual([fresh.lagMs, fresh.lastRunMs, fresh.ok], [null, null, true]);
  });

  it('is asked for our tasks alone, by name, also while one is removed', async () => {
    const list = [
      task({ id: '2', name: 'tidemark: b' }),
      task({ id: '1' }),
      task({ id: '3', name: 'mine' }),
      task({ id: '4', flux: 'bucket = "other"\nfrom(bucket: bucket)' }),
    ];
    const asked: string[] = [];
    const runs = async (id: string) => {
      asked.push(id);
      if (id === '2') throw new TidemarkError('not-found', 'task not found');
      return [run(0)];
    };
    const tasks = { list: async () => list, runs };
    const found = await taskStatuses({ tasks, bucket: 'b', clock: { nowMs: () => NOW } });
    assert.deepEqual(
      found.map(({ name, runs }) => [name, runs]),
      [
        ['tidemark: a', 1],
        ['tidemark: b', 0],
      ],
    );
    assert.deepEqual(asked.sort(), ['1', '2']);
    const away = { ...tasks, runs: () => Promise.reject(new TidemarkError('unavailable', 'away')) };
    await assert.rejects(taskStatuses({ tasks: away, bucket: 'b', clock: { nowMs: () => NOW } }));
  });
});
