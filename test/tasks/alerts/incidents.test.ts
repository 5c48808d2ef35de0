/** Alerts that care how long something lasts: not before, not again, and when it is over. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { trimAlerts } from '../../../registry/alert-steps.ts';
import { changeAlert } from '../../../registry/alerts.ts';
import type { Database } from '../../../registry/database.ts';
import {
  type AlertWish,
  BEGIN_MS,
  eventsOf,
  HOUR_MS,
  MINUTE_MS,
  makeAlert,
  makeChannel,
  sentTo,
  tellStep,
} from '../../helpers/alert-steps.ts';
import { forEachDatabase } from '../../helpers/registry.ts';

const SERIES = 'price:kraken:btcusd';

forEachDatabase((fixture) => {
  let database: Database;
  let channel: number;
  beforeEach(async () => {
    database = await fixture.fresh();
    channel = await makeChannel(database);
  });
  const make = (wish: Partial<AlertWish>) => makeAlert(database, { channel, ...wish });
  /** From the first minute on, a letter a minute: breach, normal, or no data. */
  const pass = async (minutes: string, from = 1) => {
    for (const [nr, letter] of [...minutes].entries()) {
      const stepMs = BEGIN_MS + (from + nr) * MINUTE_MS;
      const cleared = letter === 'n' ? [SERIES] : [];
      await tellStep(database, stepMs, letter === 'b' ? ['btcusd'] : [], { cleared });
    }
  };
  const outcomes = async () =>
    (await eventsOf(database)).map((event) => event.split(' ').slice(2).join(' '));
  const kinds = async () => (await sentTo(database)).map(({ kind }) => kind);

  describe('an alert with `for`', () => {
    it('waits until every step in all that time has found it', async () => {
      await make({ forMs: 5 * MINUTE_MS });
      await pass('bbbbb');
      assert.deepEqual([await outcomes(), await kinds()], [['0 pending'], []]);
      await pass('b', 6);
      assert.deepEqual([await outcomes(), await kinds()], [['0 sent'], ['fired']]);
    });

    it('begins anew after a step that did not', async () => {
      await make({ forMs: 3 * MINUTE_MS });
      await pass('bbbnbbb');
      assert.deepEqual(await kinds(), []);
      await pass('b', 8);
      assert.deepEqual(await kinds(), ['fired']);
    });

    it('takes no data for neither', async () => {
      await make({ forMs: 3 * MINUTE_MS });
      await pass('b..b');
      assert.deepEqual(await kinds(), ['fired']);
    });
  });

  describe('an alert of windows', () => {
    it('tells three times of what lasts three windows', async () => {
      await make({});
      for (let minute = 1; minute < 180; minute += 20) await pass('b', minute);
      assert.deepEqual(await outcomes(), ['0 sent', '60 sent', '120 sent']);
    });

    it('tells of what comes and goes once a window', async () => {
      await make({ resolve: true });
      await pass('bnbnbnbn');
      assert.deepEqual(await outcomes(), ['0 sent']);
      assert.deepEqual(await kinds(), ['fired', 'resolved']);
    });
  });

  describe('an alert of incidents', () => {
    it('tells once of what lasts three windows, and notes that it goes on', async () => {
      await make({ notify: 'incident' });
      for (let minute = 1; minute < 180; minute += 20) await pass('b', minute);
      assert.deepEqual(await outcomes(), ['0 sent', '60 incident', '120 incident']);
      assert.deepEqual(await kinds(), ['fired']);
    });

    it('reminds when it is asked to', async () => {
      await make({ notify: 'incident', remindMs: 90 * MINUTE_MS });
      for (let minute = 1; minute < 240; minute += 30) await pass('b', minute);
      assert.deepEqual(await outcomes(), ['0 sent', '60 sent', '120 incident', '180 sent']);
      assert.deepEqual(await kinds(), ['fired', 'fired', 'fired']);
    });

    it('tells again of the next one', async () => {
      await make({ notify: 'incident' });
      await pass('bbn');
      await pass('b', 61);
      assert.deepEqual(await outcomes(), ['0 sent', '60 sent']);
    });
  });

  describe('an end', () => {
    it('is told to who asked for it, after what it ends', async () => {
      const { id } = await make({ resolve: true });
      await pass('bbn');
      assert.deepEqual(await kinds(), ['fired', 'resolved']);
      const [fired, resolved] = await sentTo(database);
      assert.equal(resolved!.subject, fired!.subject);
      assert.notEqual(resolved!.message, fired!.message);
      const at = new Date(BEGIN_MS + 3 * MINUTE_MS).toISOString();
      assert.equal(resolved!.payload.data.resolved, at);
      const rows = await database.query('select alert, resolved_ms from alert_events');
      assert.deepEqual(rows, [{ alert: id, resolved_ms: BEGIN_MS + 3 * MINUTE_MS }]);
    });

    it('is not told to who did not', async () => {
      await make({ notify: 'incident' });
      await pass('bn');
      assert.deepEqual(await kinds(), ['fired']);
    });

    it('is never taken for granted where data is missing', async () => {
      await make({ resolve: true });
      await pass('b.........');
      assert.deepEqual(await kinds(), ['fired']);
      await pass('n', 11);
      assert.deepEqual(await kinds(), ['fired', 'resolved']);
    });

    it('has to last as long as the alert asks', async () => {
      await make({ resolve: true, forMs: 2 * MINUTE_MS });
      await pass('bbbnbnn');
      assert.deepEqual(await kinds(), ['fired']);
      await pass('n', 8);
      assert.deepEqual(await kinds(), ['fired', 'resolved']);
    });

    it('of many is one message', async () => {
      await make({ resolve: true });
      const pairs = Array.from({ length: 40 }, (_, nr) => `p${nr}usd`);
      const cleared = pairs.map((pair) => `price:kraken:${pair}`);
      await tellStep(database, BEGIN_MS + MINUTE_MS, pairs);
      await tellStep(database, BEGIN_MS + 2 * MINUTE_MS, [], { cleared });
      const [first, last, ...more] = await sentTo(database);
      assert.deepEqual([first!.kind, last!.kind, more.length], ['digest', 'digest', 0]);
      assert.deepEqual([last!.payload.data.resolved, last!.payload.data.count], [true, 40]);
    });

    it('of a late step does not end what a newer one has found', async () => {
      await make({ resolve: true });
      await pass('b', 10);
      await pass('n', 5);
      assert.deepEqual(await kinds(), ['fired']);
    });

    it('is not told of an alert that is about something else by now', async () => {
      const { id, spec } = await make({ resolve: true });
      await pass('b');
      await changeAlert(database, id, { spec: { ...spec, minSamples: 20 } });
      await pass('n', 2);
      assert.deepEqual(await kinds(), ['fired']);
      await pass('b', 61);
      assert.deepEqual(await kinds(), ['fired', 'fired']);
    });
  });

  it('one step brought to everybody twice changes nothing', async () => {
    await make({ resolve: true, notify: 'incident', forMs: MINUTE_MS, windowMs: 5 * MINUTE_MS });
    for (const minutes of ['bb', 'bbbbbbb', 'bbbbbbbnn']) {
      await database.query('update alert_steps set spread = false');
      await pass(minutes);
    }
    assert.deepEqual(await kinds(), ['fired', 'resolved']);
  });

  it('series of which nothing was heard for weeks are forgotten', async () => {
    await make({ resolve: true });
    await pass('b');
    await database.query('update alert_incidents set last_ms = $1', [
      Date.now() - 31 * 24 * HOUR_MS,
    ]);
    await trimAlerts(database);
    assert.deepEqual(await database.query('select 1 from alert_incidents'), []);
  });
});
