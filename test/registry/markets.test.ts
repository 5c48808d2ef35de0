import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCode } from '../../core/errors.ts';
import {
  countClashes,
  ensureMarkets,
  listMarkets,
  type MarketName,
} from '../../registry/markets.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const name = (symbol: string, base: string, quote: string): MarketName => ({ symbol, base, quote });
const pairs = (rows: readonly { symbol: string; pair: string }[]) =>
  Object.fromEntries(rows.map(({ symbol, pair }) => [symbol, pair]));

describe('markets', () => {
  forEachDatabase(({ fresh, another }) => {
    it('gives each symbol its pair, in the order of the list, and keeps it', async () => {
      const database = await fresh();
      const list = [name('XXBTZUSD', 'BTC', 'USD'), name('ETHUSD', 'eth', 'usd')];
      const rows = await ensureMarkets(database, 'kraken', list);
      assert.deepEqual(
        rows.map(({ symbol, base, quote, pair, clashed }) => [symbol, base, quote, pair, clashed]),
        [
          ['XXBTZUSD', 'btc', 'usd', 'btcusd', false],
          ['ETHUSD', 'eth', 'usd', 'ethusd', false],
        ],
      );
      assert.ok(rows[0]!.firstSeenMs > 1.6e12 && rows[0]!.lastSeenMs === rows[0]!.firstSeenMs);
      const again = await ensureMarkets(database, 'kraken', [...list].reverse());
      assert.deepEqual(again, [...rows].reverse());
    });

    it('never lets two symbols share a series', async () => {
      const database = await fresh();
      const list = [
        name('A-BCD', 'a', 'bcd'),
        name('AB-CD', 'ab', 'cd'),
        name('AB-CD-old', 'ab', 'cd'),
        name('AB-CD-older', 'AB', 'CD'),
      ];
      const rows = await ensureMarkets(database, 'x', list);
      assert.deepEqual(pairs(rows), {
        'A-BCD': 'abcd',
        'AB-CD': 'ab-cd',
        'AB-CD-old': 'ab-cd-2',
        'AB-CD-older': 'ab-cd-3',
      });
      assert.deepEqual(pairs(await ensureMarkets(database, 'y', [list[1]!])), { 'AB-CD': 'abcd' });
      assert.deepEqual(Object.fromEntries(await countClashes(database)), { x: 3, y: 0 });
    });

    it('keeps the pair of a market whose names change later', async () => {
      const database = await fresh();
      await ensureMarkets(database, 'x', [name('S', 'xbt', 'usd')]);
      const [row] = await ensureMarkets(database, 'x', [name('S', 'btc', 'usd')]);
      assert.equal(row?.pair, 'xbtusd');
    });

    it('takes a symbol that is there twice once, and an empty list', async () => {
      const database = await fresh();
      const twice = [name('S', 'a', 'b'), name('S', 'c', 'd')];
      assert.deepEqual(pairs(await ensureMarkets(database, 'x', twice)), { S: 'ab' });
      assert.deepEqual(await ensureMarkets(database, 'x', []), []);
    });

    it('refuses names that no adapter should have let through, and stores none', async () => {
      const database = await fresh();
      const bad = ['', 'a\0b', 'a\nb', 'x'.repeat(201)];
      for (const base of bad) {
        const list = [name('GOOD', 'a', 'b'), name('BAD', base, 'usd')];
        const work = ensureMarkets(database, 'x', list);
        await assert.rejects(work, (error: unknown) => isCode(error, 'invalid'));
      }
      assert.deepEqual(await listMarkets(database), []);
    });

    it('marks when a market was last seen, an hour at the finest', async () => {
      const database = await fresh();
      await ensureMarkets(database, 'x', [name('S', 'a', 'b')]);
      await database.query("update markets set last_seen = now() - interval '59 minutes'");
      const [before] = await listMarkets(database, 'x');
      const [same] = await ensureMarkets(database, 'x', [name('S', 'a', 'b')]);
      assert.equal(same?.lastSeenMs, before?.lastSeenMs);
      await database.query("update markets set last_seen = now() - interval '61 minutes'");
      const [after] = await ensureMarkets(database, 'x', [name('S', 'a', 'b')]);
      assert.ok(after!.lastSeenMs > before!.lastSeenMs);
    });

    it('gives many workers that start at once the same answer', async () => {
      const database = await fresh();
      const workers = await Promise.all(Array.from({ length: 6 }, () => another(database)));
      const list = Array.from({ length: 400 }, (_, i) =>
        name(`S${i}`, i % 2 ? 'ab' : 'a', `${i % 2 ? '' : 'b'}c${i >> 1}`),
      );
      const shuffled = workers.map((_, k) => [...list.slice(k * 60), ...list.slice(0, k * 60)]);
      const answers = await Promise.all(
        workers.map((worker, k) => ensureMarkets(worker, 'x', shuffled[k]!)),
      );
      const bySymbol = answers.map(pairs);
      for (const answer of bySymbol) assert.deepEqual(answer, bySymbol[0]);
      assert.equal(new Set(Object.values(bySymbol[0]!)).size, 400);
      assert.equal((await countClashes(database)).get('x'), 200);
      assert.equal((await listMarkets(database, 'x')).length, 400);
    });
  });
});
