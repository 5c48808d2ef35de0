import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { missingSteps, openSteps, trimAlerts } from '../../registry/alert-steps.ts';
import type { Database } from '../../registry/database.ts';
import {
  BEGIN_MS,
  HOUR_MS,
  keepStep,
  MINUTE_MS,
  makeAlert,
  makeChannel,
  priceRule,
  tellStep,
} from '../helpers/alert-steps.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const DAY_MS = 24 * HOUR_MS;

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const open = async () => (await openSteps(database, 10)).map(({ stepMs }) => stepMs - BEGIN_MS);
  const count = async (table: string): Promise<number> => {
    const [row] = await database.query(`select count(*) as n from ${table}`);
    return Number(row!.n);
  };

  describe('a step', () => {
    it('is open as long as what it found has not come to all, the oldest first', async () => {
      await makeAlert(database, { channel: await makeChannel(database) });
      await keepStep(database, BEGIN_MS + 2, ['btcusd']);
      await keepStep(database, BEGIN_MS + 1, ['ethusd']);
      await keepStep(database, BEGIN_MS + 3, []);
      assert.deepEqual(await open(), [1, 2]);
      await tellStep(database, BEGIN_MS + 1, []);
      assert.deepEqual(await open(), [2]);
    });

    it('is open again when something comes to it, not when the same does', async () => {
      await makeAlert(database, { channel: await makeChannel(database) });
      await tellStep(database, BEGIN_MS, ['btcusd'], { cleared: ['a'] });
      await keepStep(database, BEGIN_MS, ['btcusd'], { cleared: ['a'] });
      assert.deepEqual(await open(), []);
      await keepStep(database, BEGIN_MS, ['ethusd']);
      assert.deepEqual(await open(), [0]);
      await tellStep(database, BEGIN_MS, []);
      await keepStep(database, BEGIN_MS, [], { cleared: ['b'] });
      assert.deepEqual(await open(), [0]);
    });

    it('is missing from when somebody wants it, the newest not for the oldest', async () => {
      const { id } = await makeAlert(database, { channel: await makeChannel(database) });
      const created = new Date(BEGIN_MS + 90_000).toISOString();
      await database.query('update alerts set created = $2 where id = $1', [id, created]);
      await keepStep(database, BEGIN_MS + 4 * MINUTE_MS, []);
      const asked = { rules: [priceRule.key, 'other'], everyMs: MINUTE_MS, fromMs: BEGIN_MS };
      const minutes = async (limit: number) => {
        const toMs = BEGIN_MS + 6 * MINUTE_MS;
        const steps = await missingSteps(database, { ...asked, toMs, limit });
        return steps.map(({ stepMs }) => (stepMs - BEGIN_MS) / MINUTE_MS);
      };
      assert.deepEqual(await minutes(100), [2, 3, 5, 6]);
      assert.deepEqual(await minutes(2), [5, 6]);
    });
  });

  describe('what is old', () => {
    /** As if all had been so long ago. */
    const age = async (ms: number) => {
      await database.query(`update alert_steps set at = at - make_interval(secs => $1)`, [
        ms / 1e3,
      ]);
      const created = 'update alert_events set created = created - make_interval(secs => $1)';
      await database.query(created, [ms / 1e3]);
      await database.query('update alert_firings set step_ms = step_ms - $1::bigint', [
        ms + DAY_MS,
      ]);
      await trimAlerts(database);
    };
    const left = async () => [
      await count('alert_steps'),
      await count('alert_firings'),
      await count('alert_events'),
    ];
    beforeEach(async () => {
      const channel = await makeChannel(database);
      await makeAlert(database, { channel, pairs: ['btcusd'] });
      await tellStep(database, BEGIN_MS, ['btcusd', 'ethusd']);
    });

    it('goes when its time is over, first what nobody was told of', async () => {
      await trimAlerts(database);
      assert.deepEqual(await left(), [1, 2, 1]);
      await age(3 * HOUR_MS);
      assert.deepEqual(await left(), [1, 1, 1]);
      await age(7 * DAY_MS);
      assert.deepEqual(await left(), [0, 1, 1]);
      await age(22 * DAY_MS);
      assert.deepEqual(await left(), [0, 0, 1]);
      await age(61 * DAY_MS);
      assert.deepEqual(await left(), [0, 0, 0]);
    });

    it('stays while it has not come to all', async () => {
      await keepStep(database, BEGIN_MS + MINUTE_MS, ['xrpusd']);
      await age(8 * DAY_MS);
      assert.equal((await openSteps(database, 10)).length, 1);
    });
  });
});
