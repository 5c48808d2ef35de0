/** Prices that do not come, come late or stand still, on every engine. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../../../core/clock.ts';
import { createInflux, type Influx } from '../../../core/influx/influx.ts';
import { silentLog } from '../../../core/log.ts';
import type { Database } from '../../../registry/database.ts';
import { migrate } from '../../../registry/migrate.ts';
import { openPGlite } from '../../../registry/pglite.ts';
import { HOUR_MS, MINUTE_MS, makeChannel } from '../../helpers/alert-steps.ts';
import { forEachEngine } from '../../helpers/engines.ts';
import {
  BASE_MS,
  FreshnessWatch,
  foundIn,
  messagesOf,
  registerMarkets,
  watchFreshness,
  writePrices,
} from '../../helpers/freshness.ts';

/** Each test has an exchange of its own. */
let tests = 0;

forEachEngine((name, start) => {
  describe(`alerts of missing prices on ${name}`, () => {
    let engine: Awaited<ReturnType<typeof start>>;
    let influx: Influx;
    let database: Database;
    let dir = '';
    let exchange = '';
    let channel = 0;

    before(async () => {
      engine = await start();
      const { url, token, org, bucket } = engine;
      influx = createInflux({ url, token, org, bucket, timeoutMs: 60_000, clock: systemClock });
      dir = await mkdtemp(join(tmpdir(), 'tidemark-freshness-'));
      database = await openPGlite({ dir: join(dir, 'data'), log: silentLog });
      await migrate(database);
    });
    after(async () => {
      await influx?.close();
      await database?.close();
      await engine?.stop();
      await rm(dir, { recursive: true, force: true });
    });
    beforeEach(async () => {
      await database.query(`truncate channels, alerts, alert_steps, alert_firings, alert_cursors,
        markets, metrics, exchange_choices cascade`);
      channel = await makeChannel(database);
      tests += 1;
      exchange = `ex${tests}`;
    });
    const series = (pair: string, kind = 'absent') => `fresh:${exchange}:${pair}:${kind}`;
    const fills = (pair: string, from: number, to: number, fields?: (minute: number) => string) =>
      writePrices(influx, [{ exchange, pair, from, to, ...(fields && { fields }) }]);
    const watch = () => new FreshnessWatch(database, influx);

    it('name a market that stops, after its time, once a window while it lasts', async () => {
      await registerMarkets(database, { [exchange]: ['btc', 'eth'] });
      await fills('btcusd', -20, 100);
      await fills('ethusd', -20, 8);
      await fills('ethusd', 63, 100);
      await watchFreshness(database, { channel, resolve: true, windowMs: 30 * MINUTE_MS });
      const watching = watch();
      await watching.minutes(0, 16, 4);
      await watching.minute(17);
      assert.deepEqual(await foundIn(database), []);
      await watching.minutes(18, 80, 2);
      const [first, ...rest] = await foundIn(database);
      assert.equal(first, `18 ${series('ethusd')}`);
      assert.deepEqual(rest, [`30 ${series('ethusd')}`, `60 ${series('ethusd')}`]);
      assert.deepEqual(await messagesOf(database), [
        ...[`fired ${series('ethusd')}`, `fired ${series('ethusd')}`],
        ...[`fired ${series('ethusd')}`, `resolved ${series('ethusd')}`],
      ]);
      const [{ data } = { data: undefined }] = await database.query(
        "select payload->'data' as data from deliveries order by id limit 1",
      );
      const { reason, about } = data as { reason: string; about: Record<string, unknown> };
      const since = new Date(BASE_MS + 8 * MINUTE_MS).toISOString();
      assert.equal(reason, `No price of ethusd on ${exchange} since ${since}.`);
      assert.deepEqual([about.since, about.seconds, about.freshness], [since, 600, 'absent']);
    });

    it('name a market that never had a price, counted from when it was first listed', async () => {
      await registerMarkets(database, { [exchange]: ['btc', 'new'] }, { sinceMinute: 5 });
      await fills('btcusd', -20, 60);
      await watchFreshness(database, { channel });
      const watching = watch();
      await watching.minutes(0, 12, 4);
      await watching.minutes(13, 30, 2);
      assert.deepEqual(await foundIn(database), [`15 ${series('newusd')}`]);
    });

    it('name an exchange that stops once, and its pair to whoever names that', async () => {
      await registerMarkets(database, { [exchange]: ['btc', 'eth', 'xrp'] });
      for (const pair of ['btcusd', 'ethusd', 'xrpusd']) await fills(pair, -20, 8);
      const { id: all } = await watchFreshness(database, { channel });
      const { id: one } = await watchFreshness(database, { channel, pairs: ['ethusd'] });
      const watching = watch();
      await watching.minutes(0, 40, 4);
      assert.deepEqual(await messagesOf(database, all), [`fired ${series('*')}`]);
      assert.deepEqual(await messagesOf(database, one), [`fired ${series('ethusd')}`]);
    });

    it('tell each alert after its own time, found again or not', async () => {
      await registerMarkets(database, { [exchange]: ['btc', 'eth'] });
      await fills('btcusd', -20, 100);
      await fills('ethusd', -20, 3);
      const asked = { channel, pairs: ['ethusd'] };
      const { id: soon } = await watchFreshness(database, asked);
      const { id: later } = await watchFreshness(database, { ...asked, afterMs: 25 * MINUTE_MS });
      const { id: lasting } = await watchFreshness(database, { ...asked, forMs: 12 * MINUTE_MS });
      const watching = watch();
      await watching.minutes(0, 12, 4);
      await watching.minutes(13, 24);
      assert.equal((await messagesOf(database, lasting)).length, 0);
      await watching.minutes(25, 27);
      assert.equal((await messagesOf(database, lasting)).length, 1);
      assert.equal((await messagesOf(database, later)).length, 0);
      await watching.minutes(28, 50, 2);
      for (const id of [soon, later, lasting]) {
        assert.equal((await messagesOf(database, id)).length, 1, `alert ${id}`);
      }
      assert.equal((await foundIn(database)).length, 3);
    });

    it('know a price that stands still from one that nobody trades', async () => {
      const bases = ['moves', 'stands', 'bare', 'quiet', 'busy'];
      await registerMarkets(database, { [exchange]: bases });
      await fills('movesusd', -80, 60);
      await fills('standsusd', -80, 60, () => 'price=5,volume=70');
      await fills('bareusd', -80, 60, (minute) => `price=${minute < 12 ? minute + 200 : 12}`);
      await fills('quietusd', -80, 60, () => 'price=5,volume=0');
      await fills('busyusd', -80, 60, (minute) => `price=5,volume=${minute + 100}`);
      await watchFreshness(database, {
        ...{ channel, freshness: ['frozen'], afterMs: 30 * MINUTE_MS, windowMs: 24 * HOUR_MS },
      });
      const watching = watch();
      await watching.minutes(0, 4);
      await watching.minutes(8, 40, 4);
      await watching.minute(41);
      // It stood still before anybody looked.
      assert.deepEqual(await foundIn(database), [`2 ${series('standsusd', 'frozen')}`]);
      await watching.minutes(42, 50, 4);
      assert.deepEqual((await foundIn(database)).slice(1), [`42 ${series('bareusd', 'frozen')}`]);
    });

    it('know prices that are old when they come', async () => {
      await registerMarkets(database, { [exchange]: ['late', 'now', 'ahead'] });
      const told = (behind: number) => (minute: number) =>
        `price=${100 + (minute % 7)},exchange_time=${BASE_MS + (minute - behind) * MINUTE_MS}i`;
      await fills('nowusd', -20, 40, told(0));
      await fills('aheadusd', -20, 40, told(-90));
      await fills('lateusd', -20, 20, told(11));
      await fills('lateusd', 21, 40, told(1));
      await watchFreshness(database, { channel, freshness: ['late'], resolve: true });
      await watch().minutes(0, 40, 2);
      assert.deepEqual(await messagesOf(database), [
        `fired ${series('lateusd', 'late')}`,
        `resolved ${series('lateusd', 'late')}`,
      ]);
      assert.deepEqual(await foundIn(database), [`2 ${series('lateusd', 'late')}`]);
    });

    it('say that they cannot know while the store is away, and wait for what comes late', async () => {
      await registerMarkets(database, { [exchange]: ['btc', 'eth'] });
      await fills('btcusd', -20, 5);
      await fills('btcusd', 30, 100);
      await fills('ethusd', -20, 100);
      await watchFreshness(database, { channel, windowMs: 24 * HOUR_MS });
      let away = false;
      const watching = new FreshnessWatch(database, {
        bucket: influx.bucket,
        collect: (...given) =>
          away ? Promise.reject(new Error('connection refused')) : influx.collect(...given),
      });
      await watching.minutes(0, 4, 2);
      away = true;
      for (let minute = 6; minute <= 30; minute += 6) {
        await assert.rejects(watching.minute(minute), /connection refused/);
        // It is still so, though nothing was asked.
        await assert.rejects(watching.minute(minute, 41), /connection refused/);
      }
      away = false;
      await watching.minutes(31, 34);
      await watching.minutes(38, 60, 5);
      assert.deepEqual(await foundIn(database), []);
    });

    it('are none of a backfill, of what comes from the future, of what is not to be there', async () => {
      await registerMarkets(database, {
        [exchange]: ['btc', 'gone', 'off'],
        [`${exchange}x`]: ['y'],
      });
      await fills('btcusd', -20, 40);
      await fills('btcusd', 3_000, 3_010);
      const day = 24 * 60;
      await fills('oldusd', -365 * day, -365 * day + 60, () => 'price=1,backfilled=true');
      await fills('btcusd', -30 * day, -30 * day + 60, () => 'price=1,backfilled=true');
      await database.query(
        `update markets set last_seen = now() - interval '4 hours' where pair = 'goneusd'`,
      );
      await database.query("update metrics set enabled = false where pair = 'offusd'");
      await database.query('insert into exchange_choices (exchange, enabled) values ($1, false)', [
        `${exchange}x`,
      ]);
      const freshness = ['absent', 'late', 'frozen'] as const;
      await watchFreshness(database, { channel, freshness: [...freshness] });
      await watch().minutes(0, 40, 4);
      assert.deepEqual(await foundIn(database), []);
    });

    it('are found once by any number of processes, and told once when one starts again', async () => {
      await registerMarkets(database, { [exchange]: ['btc', 'eth'] });
      await fills('btcusd', -20, 60);
      await fills('ethusd', -20, 0);
      await watchFreshness(database, { channel });
      const both = [watch(), watch()];
      for (const minute of [0, 4, 8, 9, 10, 11, 15, 20]) {
        for (const one of both) await one.minute(minute);
      }
      assert.deepEqual(await foundIn(database), [`10 ${series('ethusd')}`]);
      await watch().minutes(21, 30, 3);
      assert.deepEqual(await messagesOf(database), [`fired ${series('ethusd')}`]);
    });
  });
});
