import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../core/clock.ts';
import { createCatalog } from '../../registry/catalog.ts';
import type { Database } from '../../registry/database.ts';
import { saveExchange } from '../../registry/exchanges.ts';
import { ensureMarkets } from '../../registry/markets.ts';
import { forEachDatabase } from '../helpers/registry.ts';

function clockAt(): Clock & { ms: number } {
  return {
    ms: 0,
    nowMs() {
      return this.ms;
    },
    monotonicMs() {
      return this.ms;
    },
    sleep: () => Promise.reject(new Error('nobody sleeps here')),
  };
}

/** Counts the reads of a database. */
function counted(database: Database): { database: Database; reads(): number } {
  let reads = 0;
  const query: Database['query'] = (text, parameters) => {
    reads++;
    return database.query(text, parameters);
  };
  const watched: Database = {
    kind: database.kind,
    where: database.where,
    query,
    transaction: (work) => database.transaction(work),
    listen: (channel, listener) => database.listen(channel, listener),
    close: () => database.close(),
  };
  return { database: watched, reads: () => reads };
}

async function fill(database: Database): Promise<void> {
  const name = (base: string, quote: string) => ({ symbol: `${base}/${quote}`, base, quote });
  await ensureMarkets(database, 'kraken', [name('btc', 'usd'), name('eth', 'usd')]);
  await ensureMarkets(database, 'bitfinex', [name('btc', 'usd'), name('btc', 'eur')]);
}

describe('catalog', () => {
  forEachDatabase(({ fresh }) => {
    it('knows the exchanges of a pair, and names like an unknown one', async () => {
      const database = await fresh();
      await fill(database);
      const catalog = createCatalog({ database, clock: clockAt() });
      assert.deepEqual(await catalog.exchangesOf('btcusd'), ['bitfinex', 'kraken']);
      assert.deepEqual(await catalog.exchangesOf('btcsud'), []);
      assert.deepEqual(await catalog.nearPairs('btcsud', 1), ['btcusd']);
    });

    it('cuts a pair as most of its exchanges do', async () => {
      const database = await fresh();
      const cut = (base: string, quote: string) => [{ symbol: 'batusd', base, quote }];
      await ensureMarkets(database, 'bisq', cut('ba', 'tusd'));
      await ensureMarkets(database, 'kraken', cut('bat', 'usd'));
      await ensureMarkets(database, 'okx', cut('bat', 'usd'));
      const catalog = createCatalog({ database, clock: clockAt() });
      const [pair] = await catalog.pairs({ limit: 9 });
      const exchanges = ['bisq', 'kraken', 'okx'];
      assert.deepEqual(pair, { pair: 'batusd', base: 'bat', quote: 'usd', exchanges });
    });

    it('lists pairs by name, part, exchange, from where the last page ended', async () => {
      const database = await fresh();
      await fill(database);
      const catalog = createCatalog({ database, clock: clockAt() });
      const names = async (filter: object) =>
        (await catalog.pairs({ limit: 10, ...filter })).map(({ pair }) => pair);
      assert.deepEqual(await names({}), ['btceur', 'btcusd', 'ethusd']);
      assert.deepEqual(await names({ limit: 2 }), ['btceur', 'btcusd']);
      assert.deepEqual(await names({ after: 'btcusd' }), ['ethusd']);
      assert.deepEqual(await names({ q: 'USD' }), ['btcusd', 'ethusd']);
      assert.deepEqual(await names({ exchange: 'bitfinex' }), ['btceur', 'btcusd']);
      assert.deepEqual(await names({ exchange: 'nowhere' }), []);
      assert.deepEqual((await catalog.pairs({ q: 'btcusd', limit: 1 }))[0], {
        pair: 'btcusd',
        base: 'btc',
        quote: 'usd',
        exchanges: ['bitfinex', 'kraken'],
      });
    });

    it('reads once for all who ask, and again by age or for an unknown pair', async () => {
      const { database, reads } = counted(await fresh());
      const clock = clockAt();
      const catalog = createCatalog({ database, clock, maxAgeMs: 100, missAgeMs: 10 });
      await fill(database);
      const before = reads();
      await Promise.all(Array.from({ length: 50 }, () => catalog.exchangesOf('btcusd')));
      assert.equal(reads() - before, 1);
      await ensureMarkets(database, 'okx', [{ symbol: 'N', base: 'new', quote: 'usd' }]);
      assert.deepEqual(
        await catalog.exchangesOf('newusd'),
        [],
        'the copy is younger than missAgeMs',
      );
      clock.ms = 11;
      assert.deepEqual(await catalog.exchangesOf('newusd'), ['okx']);
      const then = reads();
      clock.ms = 111;
      await catalog.exchangesOf('btcusd');
      assert.equal(reads() - then, 0, 'exactly as old as allowed');
      clock.ms = 112;
      await catalog.exchangesOf('btcusd');
      assert.equal(reads() - then, 1);
    });

    it('recovers when a read failed', async () => {
      const database = await fresh();
      await fill(database);
      let broken = true;
      const query: Database['query'] = (text, parameters) =>
        broken ? Promise.reject(new Error('away')) : database.query(text, parameters);
      const catalog = createCatalog({
        database: { ...database, query } as Database,
        clock: clockAt(),
      });
      await assert.rejects(catalog.exchangesOf('btcusd'), /away/);
      broken = false;
      assert.deepEqual(await catalog.exchangesOf('btcusd'), ['bitfinex', 'kraken']);
    });

    it('tells the state of the exchanges', async () => {
      const database = await fresh();
      await saveExchange(database, {
        exchange: 'kraken',
        state: 'failing',
        lastAttemptMs: 2_000,
        lastSuccessMs: null,
        pausedUntilMs: null,
        latenessMs: null,
        rows: 0,
        dropped: {},
        consecutiveFailures: 1,
        lastError: 'HTTP 502',
        streaming: true,
      });
      assert.deepEqual(await createCatalog({ database, clock: clockAt() }).exchanges(), [
        {
          exchange: 'kraken',
          enabled: true,
          intervalMs: 60_000,
          mode: 'poll',
          streaming: true,
          state: 'failing',
          lastSuccessMs: undefined,
          lastAttemptMs: 2_000,
          pausedUntilMs: undefined,
          latenessMs: undefined,
          rows: 0,
          dropped: {},
          consecutiveFailures: 1,
          error: 'HTTP 502',
        },
      ]);
    });
  });
});
