import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCode } from '../../core/errors.ts';
import type { Database } from '../../registry/database.ts';
import { ensureMarkets } from '../../registry/markets.ts';
import {
  addMetric,
  findMetric,
  listMetrics,
  listOffPairs,
  type MetricFilter,
  removeMetric,
} from '../../registry/metrics.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const market = (base: string, quote: string) => ({ symbol: `${base}_${quote}`, base, quote });
const list = async (database: Database, filter: Partial<MetricFilter> = {}) =>
  (await listMetrics(database, { limit: 100, ...filter })).map(
    ({ id, name, metric }) => `${id} ${name} ${metric}`,
  );

describe('metrics', () => {
  forEachDatabase(({ fresh, another }) => {
    it('give each pair one price, numbered by first sight', async () => {
      const database = await fresh();
      await ensureMarkets(database, 'x', [market('eth', 'usd'), market('btc', 'usd')]);
      await ensureMarkets(database, 'y', [market('btc', 'usd'), market('ada', 'usd')]);
      const wanted = ['1 ETH/USD price', '2 BTC/USD price', '3 ADA/USD price'];
      assert.deepEqual(await list(database), wanted);
      await ensureMarkets(database, 'z', [market('ada', 'usd')]);
      assert.deepEqual(await list(database), wanted);
    });

    it('are made for thousands of markets in one go, without gaps in the numbers', async () => {
      const database = await fresh();
      const many = Array.from({ length: 6_000 }, (_, i) => market(`c${i}`, 'usd'));
      await ensureMarkets(database, 'x', many);
      const [last] = await listMetrics(database, { afterId: 5_999, limit: 10 });
      assert.deepEqual(last, { id: 6_000, pair: 'c5999usd', name: 'C5999/USD', metric: 'price' });
    });

    it('are the same for workers that find the same pairs at once, in other orders', async () => {
      const database = await fresh();
      const workers = await Promise.all(Array.from({ length: 5 }, () => another(database)));
      const pairs = Array.from({ length: 500 }, (_, i) => market(`c${i}`, 'usd'));
      await Promise.all(
        workers.map((worker, k) => {
          const turned = [...pairs.slice(k * 100), ...pairs.slice(0, k * 100)];
          return ensureMarkets(worker, `x${k}`, k % 2 ? turned.reverse() : turned);
        }),
      );
      const found = await listMetrics(database, { limit: 1_000 });
      assert.equal(found.length, 500);
      assert.equal(found.at(-1)?.id, 500);
    });

    it('have names that lead back to their pair', async () => {
      const database = await fresh();
      await ensureMarkets(database, 'x', [market('abc', 'usd')]);
      await ensureMarkets(database, 'y', [market('ab', 'cd'), market('a', 'bcd')]);
      await ensureMarkets(database, 'z', [market('a', 'bcd'), market('ab', 'cd')]);
      const names = (await listMetrics(database, { limit: 9 })).map(
        ({ pair, name }) => `${pair} ${name}`,
      );
      // abcd was AB/CD first; since z made ab-cd, that spelling means ab-cd.
      assert.deepEqual(names, ['abcusd ABC/USD', 'abcd ABCD', 'a-bcd A/BCD', 'ab-cd AB/CD']);
    });

    it('come page by page and by filter', async () => {
      const database = await fresh();
      await ensureMarkets(database, 'x', [market('btc', 'usd'), market('eth', 'usd')]);
      await addMetric(database, { pair: 'btcusd', metric: 'volume' });
      assert.deepEqual(await list(database, { limit: 2 }), ['1 BTC/USD price', '2 ETH/USD price']);
      assert.deepEqual(await list(database, { limit: 2, afterId: 2 }), ['3 BTC/USD volume']);
      assert.deepEqual(await list(database, { pairs: ['btcusd'], metric: 'volume' }), [
        '3 BTC/USD volume',
      ]);
      assert.deepEqual(await list(database, { pairs: [] }), []);
    });

    it('are added once, and keep their number through off and on', async () => {
      const database = await fresh();
      await ensureMarkets(database, 'x', [market('btc', 'usd')]);
      const volume = { pair: 'btcusd', metric: 'volume' } as const;
      const first = await addMetric(database, volume);
      assert.deepEqual([first.added, first.entry.id], [true, 2]);
      assert.deepEqual(await addMetric(database, volume), { ...first, added: false });
      assert.equal(await removeMetric(database, 2), true);
      assert.equal(await removeMetric(database, 2), false);
      assert.equal(await findMetric(database, 2), undefined);
      assert.deepEqual(await addMetric(database, volume), first);
    });

    it('of a pair whose price is off are off, and cannot be added', async () => {
      const database = await fresh();
      await ensureMarkets(database, 'x', [market('btc', 'usd'), market('eth', 'usd')]);
      await addMetric(database, { pair: 'btcusd', metric: 'bid' });
      await removeMetric(database, 1);
      assert.deepEqual(await listOffPairs(database), ['btcusd']);
      assert.deepEqual(await list(database), ['2 ETH/USD price']);
      const bid = { pair: 'btcusd', metric: 'bid' } as const;
      await assert.rejects(addMetric(database, bid), (error) => isCode(error, 'conflict'));
      // Another exchange lists it: that does not bring it back.
      await ensureMarkets(database, 'y', [market('btc', 'usd')]);
      assert.deepEqual(await listOffPairs(database), ['btcusd']);
      const back = await addMetric(database, { pair: 'btcusd', metric: 'price' });
      assert.deepEqual([back.added, back.entry.id], [true, 1]);
      assert.deepEqual(await listOffPairs(database), []);
      assert.deepEqual(await list(database), ['1 BTC/USD price', '2 ETH/USD price']);
    });

    it('are refused for a pair that nobody lists', async () => {
      const database = await fresh();
      const work = addMetric(database, { pair: 'nousd', metric: 'price' });
      await assert.rejects(work, (error) => isCode(error, 'not-found'));
      assert.equal(await removeMetric(database, 99), false);
    });

    it('added at once by many are one', async () => {
      const database = await fresh();
      await ensureMarkets(database, 'x', [market('btc', 'usd')]);
      const workers = await Promise.all(Array.from({ length: 5 }, () => another(database)));
      const added = await Promise.all(
        workers.map((worker) => addMetric(worker, { pair: 'btcusd', metric: 'ask' })),
      );
      assert.deepEqual(new Set(added.map(({ entry }) => entry.id)), new Set([2]));
      assert.equal(added.filter((one) => one.added).length, 1);
    });
  });
});
