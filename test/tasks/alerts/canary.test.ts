import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { silentLog } from '../../../core/log.ts';
import { ensureCanary, lastCanary, trimCanary } from '../../../registry/alert-canary.ts';
import { activeAlertRules, listAlerts } from '../../../registry/alerts.ts';
import type { Database } from '../../../registry/database.ts';
import { type Canary, startCanary } from '../../../tasks/alerts/canary.ts';
import { BEGIN_MS, HOUR_MS, MINUTE_MS, sentTo, tellStep } from '../../helpers/alert-steps.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { eventually } from '../../helpers/eventually.ts';
import { forEachDatabase } from '../../helpers/registry.ts';

const firing = (atMs: number) => ({
  ...{ series: 'canary', exchange: null, pair: null, monitor: null, atMs },
  ...{ value: 1, average: null, samples: null, data: {} },
});

forEachDatabase((fixture) => {
  let database: Database;
  let clock: ManualClock;
  beforeEach(async () => {
    database = await fixture.fresh();
    clock = new ManualClock();
  });
  const start = (on = true): Canary =>
    startCanary({
      ...{ database, clock, log: silentLog, everyMs: MINUTE_MS, ttlMs: HOUR_MS, on },
    });
  const end = async (canary: Canary) => {
    const closed = canary.close();
    await clock.advance(1_000);
    await closed;
  };
  const found = (atMs: number) => tellStep(database, atMs, [firing(atMs)], { rule: 'canary' });
  const deliver = () =>
    database.query("update deliveries set state = 'delivered', ended = clock_timestamp()");
  const rules = async () => (await activeAlertRules(database)).map(({ key }) => key);

  describe('the canary', () => {
    it('is one, however many processes there are, and none when it is switched off', async () => {
      const both = [start(), start()];
      await eventually(async () => {
        await clock.advance(1_000);
        const many = await database.query("select 1 from alerts where kind = 'canary' and active");
        assert.equal(many.length, 1);
        assert.deepEqual(await rules(), ['canary']);
      });
      for (const one of both) await end(one);
      assert.equal((await database.query('select 1 from channels')).length, 1);
      assert.deepEqual(await listAlerts(database, { after: 0, limit: 10 }), []);
      const off = start(false);
      await eventually(async () => {
        await clock.advance(1_000);
        assert.deepEqual(await rules(), []);
      });
      assert.deepEqual(off.state(), { ageMs: undefined, overdue: false });
      await end(off);
    });

    it('sends a message a minute of what its rule finds', async () => {
      await ensureCanary(database, { ttlMs: HOUR_MS });
      for (const second of [0, 10, 20, 60]) await found(BEGIN_MS + second * 1_000);
      const sent = await sentTo(database);
      assert.deepEqual(
        sent.map(({ kind, payload }) => `${kind} ${payload.type}`),
        ['canary alert.canary', 'canary alert.canary'],
      );
      assert.equal((await lastCanary(database)).deliveredMs, null);
      await deliver();
      const { nowMs, deliveredMs } = await lastCanary(database);
      assert.ok(deliveredMs !== null && nowMs - deliveredMs < MINUTE_MS);
    });

    it('is overdue when nothing came through for three steps and a minute, or ever', async () => {
      const canary = start();
      await eventually(async () => {
        await clock.advance(1_000);
        assert.deepEqual(await rules(), ['canary']);
      });
      await clock.advance(200_000);
      assert.deepEqual(canary.state(), { ageMs: undefined, overdue: false });
      await clock.advance(101_000);
      assert.equal(canary.state().overdue, true);
      await found(BEGIN_MS);
      await deliver();
      await eventually(async () => {
        await clock.advance(10_000);
        assert.equal(canary.state().overdue, false);
      });
      // The database does not answer: what it said last grows old.
      clock.jump(242_000);
      const { ageMs, overdue } = canary.state();
      assert.ok(ageMs !== undefined && ageMs > 240_000 && overdue, `${ageMs}`);
      await end(canary);
    });

    it('is forgotten after an hour, and of steps a day is known', async () => {
      await ensureCanary(database, { ttlMs: HOUR_MS });
      await found(BEGIN_MS);
      await deliver();
      assert.equal(await trimCanary(database), 0);
      const shift = async (ms: number) => {
        await database.query('update deliveries set ended = ended - $1::interval', [`${ms} ms`]);
        await database.query('update alert_events set created = created - $1::interval', [
          `${ms} ms`,
        ]);
        for (const table of ['alert_firings', 'alert_steps']) {
          await database.query(`update ${table} set step_ms = step_ms - $1`, [ms]);
        }
      };
      await shift(4 * HOUR_MS);
      assert.equal(await trimCanary(database), 3);
      assert.equal((await database.query('select 1 from alert_steps')).length, 1);
      await shift(26 * HOUR_MS);
      assert.equal(await trimCanary(database), 1);
    });
  });
});
