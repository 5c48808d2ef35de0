import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { alertDefaults, ratioRules, thresholdRules } from '../../core/alert-rules.ts';
import {
  ALERTS_CHANNEL,
  type AlertSpec,
  activeAlertRules,
  addAlert,
  changeAlert,
  countRulesWith,
  findAlert,
  listAlerts,
  type NewAlert,
  removeAlert,
} from '../../registry/alerts.ts';
import type { Database } from '../../registry/database.ts';
import { eventually } from '../helpers/eventually.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const spec: AlertSpec = {
  ...{ metrics: ['price', 'volume'], direction: 'above', factor: 3, above: null, below: null },
  ...{ pairs: null, exchanges: ['kraken'], monitors: null, minSamples: 10, minAverage: null },
  ...{ forMs: 0, notify: 'window', remindMs: null, resolve: false, states: [] },
  ...{ articleRules: null, feeds: null, symbols: null, freshness: [], afterMs: 600_000 },
};

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
    await database.query(
      `insert into channels (key, kind, shown, secret)
       select 'k' || n, 'webhook', 'https://a.example/' || n, '{}' from generate_series(1, 2) n`,
    );
  });
  const wanted: NewAlert = {
    ...{ name: 'all', kind: 'ratio', channel: 1, fallback: null, spec, windowMs: 3_600_000 },
    rules: ratioRules({}),
  };
  const keys = async () => (await activeAlertRules(database)).map(({ key }) => key);

  describe('alerts', () => {
    it('come back as they were made, with rules that are shared', async () => {
      const { alert, made } = await addAlert(database, wanted);
      const { createdMs, changedMs, ...rest } = alert;
      assert.ok(made && Math.abs(createdMs - Date.now()) < 10_000 && changedMs === createdMs);
      assert.deepEqual(rest, {
        ...{ id: alert.id, name: 'all', kind: 'ratio', channel: 1, fallback: null, spec },
        rules: ['ratio-price-above-3-1h', 'ratio-volume-above-3-1h'],
        ...{ windowMs: alertDefaults.windowMs, active: true, pausedUntilMs: null, version: 1 },
        ...{ events: 0, lastMs: null },
      });
      assert.deepEqual(await findAlert(database, alert.id), alert);
      assert.equal(await findAlert(database, 99), undefined);
      await addAlert(database, { ...wanted, channel: 2 });
      assert.deepEqual(await activeAlertRules(database), ratioRules({}));
    });

    it('are made once, also when two ask at once, and switched on again', async () => {
      const both = await Promise.all([addAlert(database, wanted), addAlert(database, wanted)]);
      assert.deepEqual(both.map(({ made }) => made).sort(), [false, true]);
      const [{ alert }] = both;
      await removeAlert(database, alert.id);
      const again = await addAlert(database, { ...wanted, name: 'another name' });
      assert.deepEqual(
        [again.made, again.alert.id, again.alert.active, again.alert.name],
        [false, alert.id, true, 'all'],
      );
      const other = await addAlert(database, { ...wanted, windowMs: 300_000 });
      assert.ok(other.made && other.alert.id !== alert.id);
    });

    it('take their rules with them when the last one goes', async () => {
      const rules = thresholdRules({ metrics: ['price'], above: 70_000, pairs: ['btcusd'] });
      const { alert } = await addAlert(database, wanted);
      const limit = await addAlert(database, { ...wanted, kind: 'threshold', rules });
      assert.deepEqual(await keys(), [...alert.rules, rules[0]!.key]);
      assert.equal(await countRulesWith(database, [rules[0]!.key, 'new']), 4);
      await changeAlert(database, limit.alert.id, { active: false });
      assert.deepEqual(await keys(), alert.rules);
    });

    it('are changed in part, with another version when they are about something else', async () => {
      const { alert } = await addAlert(database, wanted);
      const until = Date.now() + 60_000;
      const paused = await changeAlert(database, alert.id, { pausedUntilMs: until });
      assert.deepEqual([paused!.pausedUntilMs, paused!.version], [until, 1]);
      const past = await changeAlert(database, alert.id, { pausedUntilMs: Date.now() - 1_000 });
      assert.equal(past!.pausedUntilMs, null);
      const other = { spec: { ...spec, factor: 5 }, rules: ratioRules({ factor: 5 }) };
      const changed = await changeAlert(database, alert.id, other);
      assert.deepEqual(
        [changed!.spec.factor, changed!.version, await keys()],
        [5, 2, ['ratio-price-above-5-1h', 'ratio-volume-above-5-1h']],
      );
      assert.equal(await changeAlert(database, 99, { name: 'x' }), undefined);
    });

    it('forget what lasted, and what was on its way, when they are deleted', async () => {
      const { alert } = await addAlert(database, wanted);
      await database.query(
        `insert into alert_incidents (alert, rule, series, since_ms, last_ms)
         values ($1, 'r', 's', 0, 0)`,
        [alert.id],
      );
      await database.query(
        `insert into deliveries (channel, alert, kind, message, subject, payload, state, due_ms,
           expires_ms)
         select 1, $1, 'fired', 'm' || state, 's', '{}', state, 0, 0
         from unnest('{queued,failed,leased,delivered}'::text[]) state`,
        [alert.id],
      );
      const gone = await removeAlert(database, alert.id);
      assert.equal(gone!.active, false);
      const states = await database.query('select state from deliveries order by id');
      assert.deepEqual(
        states.map(({ state }) => state),
        ['cancelled', 'cancelled', 'cancelled', 'delivered'],
      );
      assert.deepEqual(await database.query('select * from alert_incidents'), []);
    });

    it('are listed by number, without our own', async () => {
      await addAlert(database, wanted);
      await addAlert(database, { ...wanted, kind: 'canary', rules: [] });
      await addAlert(database, { ...wanted, channel: 2 });
      const ids = async (filter: object) =>
        (await listAlerts(database, { after: 0, limit: 9, ...filter })).map(({ id }) => id);
      assert.deepEqual(
        [
          await ids({}),
          await ids({ after: 1 }),
          await ids({ channel: 1 }),
          await ids({ limit: 1 }),
        ],
        [[1, 3], [3], [1], [1]],
      );
      assert.deepEqual(await ids({ active: false }), []);
      assert.deepEqual(await ids({ kind: 'scan' }), []);
    });

    it('are told of', async () => {
      const heard: string[] = [];
      const listening = await database.listen(ALERTS_CHANNEL, {
        heard: (payload) => heard.push(payload),
        lost: () => assert.fail('the connection broke'),
      });
      const { alert } = await addAlert(database, wanted);
      await eventually(() => assert.deepEqual(heard, [String(alert.id)]));
      await listening.close();
    });
  });
});
