/** What a step found comes to everybody who wants it: once, and to nobody else. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { removeAlert } from '../../../registry/alerts.ts';
import type { Database } from '../../../registry/database.ts';
import { listEvents } from '../../../registry/events.ts';
import { addSilence } from '../../../registry/silences.ts';
import { spreadStep } from '../../../tasks/alerts/spread.ts';
import {
  BEGIN_MS,
  eventsOf,
  firingOf,
  HOUR_MS,
  keepStep,
  MINUTE_MS,
  makeAlert,
  makeChannel,
  priceRule,
  sentTo,
  spreadOptions,
  tellStep,
} from '../../helpers/alert-steps.ts';
import { forEachDatabase } from '../../helpers/registry.ts';

const STEP_MS = BEGIN_MS + MINUTE_MS;

forEachDatabase((fixture) => {
  let database: Database;
  let channel: number;
  beforeEach(async () => {
    database = await fixture.fresh();
    channel = await makeChannel(database);
  });
  const rule = priceRule.key;
  const spread = (stepMs = STEP_MS, on = database) =>
    spreadStep(on, { rule, stepMs }, spreadOptions);

  describe('a series that a step found', () => {
    it('is told once in a window, however often it is found and spread', async () => {
      const { id } = await makeAlert(database, { channel });
      for (const minute of [1, 2, 3]) {
        await tellStep(database, BEGIN_MS + minute * MINUTE_MS, ['btcusd']);
        await spread(BEGIN_MS + minute * MINUTE_MS);
        // Evaluated again: the same point is the same firing.
        await tellStep(database, BEGIN_MS + minute * MINUTE_MS, ['btcusd']);
      }
      assert.deepEqual(await eventsOf(database), [`${id} price:kraken:btcusd 0 sent`]);
      const [delivery, ...more] = await sentTo(database);
      assert.equal(more.length, 0);
      assert.equal(delivery?.kind, 'fired');
      assert.equal(delivery.subject, `${id}|price:kraken:btcusd`);
    });

    it('tells what it is and why', async () => {
      const { id } = await makeAlert(database, { channel });
      await tellStep(database, STEP_MS, ['btcusd']);
      const [{ payload }] = (await sentTo(database)) as [Awaited<ReturnType<typeof sentTo>>[0]];
      const iso = (ms: number) => new Date(ms).toISOString();
      assert.equal(payload.type, 'alert.fired');
      assert.deepEqual(payload.data, {
        alert: { id, name: 'test', kind: 'ratio' },
        series: {
          ...{ key: 'price:kraken:btcusd', exchange: 'kraken', pair: 'btcusd' },
          ...{ monitor: null, metric: 'price' },
        },
        ...{ value: 400, average: 100, factor: 3, limit: null, direction: 'above', samples: 60 },
        window: { start: iso(STEP_MS - HOUR_MS), end: iso(STEP_MS) },
        ...{ time: iso(STEP_MS), late: false, rank: null, recent: [], flux: null },
        links: {
          alert: `https://tidemark.example/alerts/${id}`,
          series: 'https://tidemark.example/btcusd?duration=1h&exchange=kraken',
        },
        reason:
          'The price of btcusd on kraken is 400: 4 times the mean of the 1h before, 100 (60 points).',
      });
    });

    it('is told again in the next window, which begins at its border', async () => {
      await makeAlert(database, { channel });
      for (const minute of [0, 59, 60, 61, 120]) {
        await tellStep(database, BEGIN_MS + minute * MINUTE_MS, ['btcusd']);
      }
      const windows = (await eventsOf(database)).map((event) => event.split(' ')[2]);
      assert.deepEqual(windows, ['0', '60', '120']);
    });

    it('of a closed window is told late, and only where nobody was', async () => {
      const { id } = await makeAlert(database, { channel });
      await tellStep(database, STEP_MS + HOUR_MS, ['btcusd']);
      await tellStep(database, STEP_MS, ['btcusd', 'ethusd'], { late: true });
      await tellStep(database, STEP_MS + HOUR_MS + MINUTE_MS, ['ethusd'], { late: true });
      await tellStep(database, STEP_MS + MINUTE_MS, ['btcusd', 'ethusd'], { late: true });
      assert.deepEqual(await eventsOf(database), [
        `${id} price:kraken:btcusd 0 sent`,
        `${id} price:kraken:ethusd 0 sent`,
        `${id} price:kraken:btcusd 60 sent`,
        `${id} price:kraken:ethusd 60 sent`,
      ]);
      const late = (await sentTo(database)).map(({ payload }) => payload.data.late);
      assert.deepEqual(late, [false, true, true, true]);
    });

    it('is told once by two who spread it at the same time', async () => {
      const other = await fixture.another(database);
      await makeAlert(database, { channel, resolve: true });
      await makeAlert(database, { channel: await makeChannel(database) });
      const pairs = ['aaausd', 'bbbusd', 'cccusd'];
      for (let minute = 1; minute <= 5; minute += 1) {
        const stepMs = BEGIN_MS + minute * HOUR_MS;
        await Promise.all([database, other].map((one) => keepStep(one, stepMs, pairs)));
        await Promise.all([spread(stepMs), spread(stepMs, other), spread(stepMs, other)]);
      }
      assert.equal((await eventsOf(database)).length, 2 * 5 * 3);
      assert.equal((await sentTo(database)).length, 2 * 5 * 3);
      const news = await listEvents(database, { after: 0, limit: 100, kinds: ['alert'] });
      assert.equal(news.length, 5 * 3);
    });

    it('comes to all after one who spread it died between two channels', async () => {
      const channels = [channel, await makeChannel(database), await makeChannel(database)];
      for (const one of channels) await makeAlert(database, { channel: one });
      await keepStep(database, STEP_MS, ['btcusd']);
      let transactions = 0;
      const dying: Database = {
        ...database,
        ...{ kind: database.kind, where: database.where },
        query: (text, parameters) => database.query(text, parameters),
        transaction: async (work) => {
          transactions += 1;
          if (transactions === 2) throw new Error('killed');
          return database.transaction(work);
        },
      };
      const batch = { ...spreadOptions, batch: 1 };
      await assert.rejects(spreadStep(dying, { rule, stepMs: STEP_MS }, batch), /killed/);
      assert.equal((await sentTo(database)).length, 1);
      await spread();
      const got = (await sentTo(database)).map((delivery) => delivery.channel);
      assert.deepEqual(got.sort(), channels);
    });

    it('has the same message in every database', async () => {
      await makeAlert(database, { channel });
      await tellStep(database, STEP_MS, [firingOf('btcusd', BEGIN_MS + 30_000)]);
      const [delivery] = await sentTo(database);
      assert.match(delivery!.message, /^msg_[\w-]{28}$/);
      await database.query('delete from deliveries');
      await database.query('delete from alert_events');
      await database.query('update alert_steps set spread = false');
      await spread();
      assert.equal((await sentTo(database))[0]?.message, delivery!.message);
    });
  });

  describe('an alert', () => {
    const told = async (
      wish: Parameters<typeof makeAlert>[1],
      found: Parameters<typeof tellStep>[2],
    ) => {
      await makeAlert(database, wish);
      await tellStep(database, STEP_MS, found);
      return (await eventsOf(database)).map((event) => event.split(' ')[1]!.split(':')[2]);
    };

    it('hears of its pairs and exchanges alone', async () => {
      const found = [
        ...['btcusd', 'ethusd'].map((pair) => firingOf(pair, STEP_MS)),
        firingOf('btcusd', STEP_MS, { series: 'price:bitfinex:btcusd', exchange: 'bitfinex' }),
      ];
      const wish = { channel, pairs: ['btcusd', 'xrpusd'], exchanges: ['kraken'] };
      assert.deepEqual(await told(wish, found), ['btcusd']);
    });

    it('hears of means of enough points alone', async () => {
      const found = [9, 10, 60].map((samples) => firingOf(`n${samples}`, STEP_MS, { samples }));
      assert.deepEqual(await told({ channel }, found), ['n10', 'n60']);
    });

    it('hears of means that are large enough alone', async () => {
      const found = [1, 5, 1e300].map((average, nr) => firingOf(`m${nr}`, STEP_MS, { average }));
      assert.deepEqual(await told({ channel, minAverage: 5 }, found), ['m1', 'm2']);
    });

    it('of another rule hears nothing', async () => {
      assert.deepEqual(await told({ channel, rules: [{ ...priceRule, key: 'other' }] }, ['x']), []);
    });

    it('hears nothing of steps from before it was made', async () => {
      await makeAlert(database, { channel });
      await tellStep(database, Date.now() - MINUTE_MS, ['btcusd']);
      assert.deepEqual(await eventsOf(database), []);
    });

    it('hears nothing while it is paused or deleted', async () => {
      const paused = await makeAlert(database, { channel });
      const removed = await makeAlert(database, { channel, minSamples: 20 });
      await database.query('update alerts set paused_until_ms = $2 where id = $1', [
        paused.id,
        Date.now() + HOUR_MS,
      ]);
      await keepStep(database, STEP_MS, ['btcusd']);
      await removeAlert(database, removed.id);
      await spread();
      assert.deepEqual(await eventsOf(database), []);
    });

    it('that is deleted with a message on its way has it cancelled', async () => {
      const { id } = await makeAlert(database, { channel });
      await tellStep(database, STEP_MS, ['btcusd']);
      await removeAlert(database, id);
      assert.deepEqual(
        (await sentTo(database)).map(({ state }) => state),
        ['cancelled'],
      );
      await tellStep(database, STEP_MS + HOUR_MS, ['btcusd']);
      assert.equal((await sentTo(database)).length, 1);
    });

    it('whose channel is not confirmed yet has its message made, to wait for that', async () => {
      const { id } = await makeAlert(database, {
        channel: await makeChannel(database, 'unconfirmed'),
      });
      await tellStep(database, STEP_MS, ['btcusd']);
      assert.deepEqual(await eventsOf(database), [`${id} price:kraken:btcusd 0 unconfirmed`]);
      assert.equal((await sentTo(database)).length, 1);
    });
  });

  describe('many series of one step', () => {
    const pairs = (count: number) => Array.from({ length: count }, (_, nr) => `p${nr}usd`);

    it('come to a channel in one message, the strongest first', async () => {
      const fallback = await makeChannel(database);
      const { id } = await makeAlert(database, { channel, fallback });
      const found = pairs(500).map((pair, nr) => firingOf(pair, STEP_MS, { value: 400 + nr }));
      await tellStep(database, STEP_MS, found);
      const [delivery, ...more] = await sentTo(database);
      assert.equal(more.length, 0);
      assert.deepEqual(
        [delivery!.kind, delivery!.alert, delivery!.fallback],
        ['digest', id, fallback],
      );
      const { data } = delivery!.payload as unknown as { data: DigestPayload };
      assert.deepEqual([data.count, data.more + data.series.length], [500, 500]);
      assert.equal(data.firings[0]!.series.pair, 'p499usd');
      assert.ok(data.firings.length > 5);
      const events = await eventsOf(database);
      assert.equal(events.length, 500);
      assert.ok(events.every((event) => event.endsWith('digest')));
      const rows = await database.query(
        'select distinct delivery is null as none from alert_events',
      );
      assert.deepEqual(rows, [{ none: false }]);
    });

    it('come each on its own where there are no more than five', async () => {
      await makeAlert(database, { channel });
      await tellStep(database, STEP_MS, pairs(5));
      assert.deepEqual(
        new Set((await sentTo(database)).map(({ kind }) => kind)),
        new Set(['fired']),
      );
      assert.equal((await sentTo(database)).length, 5);
    });

    it('of two alerts of a channel are counted once', async () => {
      await makeAlert(database, { channel });
      await makeAlert(database, { channel, minSamples: 20 });
      await tellStep(database, STEP_MS, pairs(6));
      const [delivery, ...more] = await sentTo(database);
      assert.deepEqual([more.length, delivery!.alert, delivery!.payload.data.count], [0, null, 6]);
      assert.equal((await eventsOf(database)).length, 12);
    });

    it('come to each channel by its own count', async () => {
      const other = await makeChannel(database);
      await makeAlert(database, { channel });
      await makeAlert(database, { channel: other, pairs: ['p1usd'] });
      await tellStep(database, STEP_MS, pairs(50));
      assert.deepEqual(
        (await sentTo(database, other)).map(({ kind }) => kind),
        ['fired'],
      );
      assert.deepEqual(
        (await sentTo(database, channel)).map(({ kind }) => kind),
        ['digest'],
      );
    });
  });

  describe('a silence', () => {
    const silence = (
      more: object = {},
      fromMs = Date.now() - 1_000,
      untilMs = Date.now() + 5_000_000,
    ) =>
      addSilence(database, {
        matcher: { pairs: ['btcusd'], ...more },
        comment: null,
        fromMs,
        untilMs,
      });

    it('holds back what all of it fits, and notes that it did', async () => {
      const { id } = await makeAlert(database, { channel });
      const { id: by } = await silence();
      await silence({ exchanges: ['bitfinex'] });
      await tellStep(database, STEP_MS, ['btcusd', 'ethusd']);
      assert.deepEqual(await eventsOf(database), [
        `${id} price:kraken:btcusd 0 silenced`,
        `${id} price:kraken:ethusd 0 sent`,
      ]);
      assert.equal((await sentTo(database)).length, 1);
      const rows = await database.query(
        'select silence from alert_events where silence is not null',
      );
      assert.deepEqual(rows, [{ silence: by }]);
    });

    it('that is over, or has not begun, holds nothing back', async () => {
      await makeAlert(database, { channel });
      await silence({}, 0, Date.now() - 1);
      await silence({}, Date.now() + 100_000);
      await tellStep(database, STEP_MS, ['btcusd']);
      assert.equal((await sentTo(database)).length, 1);
    });

    it('that ends while something lasts lets its next window through', async () => {
      const { id } = await makeAlert(database, { channel });
      const { id: by } = await silence();
      await tellStep(database, STEP_MS, ['btcusd']);
      await database.query('update silences set until_ms = 1 where id = $1', [by]);
      await tellStep(database, STEP_MS + MINUTE_MS, ['btcusd']);
      await tellStep(database, STEP_MS + HOUR_MS, ['btcusd']);
      assert.deepEqual(await eventsOf(database), [
        `${id} price:kraken:btcusd 0 silenced`,
        `${id} price:kraken:btcusd 60 sent`,
      ]);
    });
  });
});

interface DigestPayload {
  readonly count: number;
  readonly more: number;
  readonly series: readonly string[];
  readonly firings: readonly { readonly series: { readonly pair: string } }[];
}
