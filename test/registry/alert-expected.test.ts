import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { claimLook, expectedMarkets, freshnessWishes } from '../../registry/alert-expected.ts';
import { changeAlert } from '../../registry/alerts.ts';
import type { Database } from '../../registry/database.ts';
import { changeExchange, savePriceDefaults } from '../../registry/exchange-choices.ts';
import { saveExchange } from '../../registry/exchanges.ts';
import { ensureMarkets } from '../../registry/markets.ts';
import { addMetric, listMetrics, removeMetric } from '../../registry/metrics.ts';
import { type AlertWish, MINUTE_MS, makeAlert, makeChannel } from '../helpers/alert-steps.ts';
import { forEachDatabase } from '../helpers/registry.ts';

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const settings = (...exchanges: string[]) =>
    savePriceDefaults(database, { exchanges, intervalMs: MINUTE_MS, mode: 'poll' });
  const list = (exchange: string, ...bases: string[]) =>
    ensureMarkets(
      database,
      exchange,
      bases.map((base) => ({ symbol: base, base, quote: 'usd' })),
    );
  const seen = (where: string, ago: string) =>
    database.query(`update markets set last_seen = now() - $1::interval where ${where}`, [ago]);
  const expected = async (only?: readonly string[]) => {
    const found = await expectedMarkets(database, only && new Set(only));
    return found.map(({ exchange, pairs, intervalMs }) => [exchange, pairs.join(), intervalMs]);
  };

  describe('markets that should have prices', () => {
    it('are those that are listed, of exchanges and pairs that are on', async () => {
      await list('kraken', 'btc', 'eth', 'old');
      await list('okx', 'btc', 'eth');
      await list('gate', 'btc');
      await list('left', 'btc');
      assert.deepEqual(await expected(), [], 'nobody takes prices');
      await settings('kraken', 'okx', 'gate');
      await changeExchange(database, 'gate', { enabled: false });
      await changeExchange(database, 'okx', { intervalMs: 5_000 });
      await seen("symbol = 'old'", '4 hours');
      assert.deepEqual(await expected(), [
        ['kraken', 'btcusd,ethusd', MINUTE_MS],
        ['okx', 'btcusd,ethusd', 5_000],
      ]);
      assert.deepEqual(await expected(['okx', 'gate']), [['okx', 'btcusd,ethusd', 5_000]]);
      const [eth] = await listMetrics(database, { pairs: ['ethusd'], limit: 1 });
      await removeMetric(database, eth!.id);
      assert.deepEqual(await expected(['okx']), [['okx', 'btcusd', 5_000]]);
      await addMetric(database, { pair: 'ethusd', metric: 'price' });
      assert.deepEqual(await expected(['okx']), [['okx', 'btcusd,ethusd', 5_000]]);
    });

    it('are still those of an exchange that has not answered for days', async () => {
      await settings('kraken');
      await list('kraken', 'btc', 'gone');
      await seen('true', '3 days');
      await seen("symbol = 'gone'", '4 days');
      const state = { exchange: 'kraken', state: 'failing', lastError: 'timed out' } as const;
      await saveExchange(database, {
        ...{ ...state, lastAttemptMs: 1, lastSuccessMs: null, pausedUntilMs: null },
        ...{ latenessMs: null, streaming: false, rows: 0, dropped: {}, consecutiveFailures: 9 },
      });
      const [kraken] = await expectedMarkets(database, undefined);
      assert.deepEqual(kraken?.pairs, ['btcusd']);
      assert.deepEqual([kraken?.state, kraken?.lastError], ['failing', 'timed out']);
      assert.ok(Math.abs(kraken!.firstSeenMs[0]! - Date.now()) < MINUTE_MS);
    });

    it('are those that a source tells of other exchanges, as long as it does', async () => {
      await settings('cryptowatch');
      await list('bisq', 'btc');
      await list('luno', 'btc');
      await seen("exchange = 'luno'", '4 hours');
      assert.deepEqual(await expected(), [['bisq', 'btcusd', MINUTE_MS]]);
      await settings('kraken');
      assert.deepEqual(await expected(), []);
    });
  });

  describe('what is asked of freshness', () => {
    it('is told once for all that ask the same, without what is off or paused', async () => {
      const channel = await makeChannel(database);
      const wish: AlertWish = {
        ...{ channel, kind: 'freshness', freshness: ['absent'], afterMs: 600_000 },
      };
      await makeAlert(database, wish);
      await makeAlert(database, { ...wish, notify: 'incident' });
      await makeAlert(database, { ...wish, afterMs: 60_000, pairs: ['btcusd'], forMs: 5_000 });
      const off = await makeAlert(database, { ...wish, exchanges: ['okx'] });
      const paused = await makeAlert(database, { ...wish, exchanges: ['gate'] });
      await makeAlert(database, { channel });
      await changeAlert(database, off.id, { active: false });
      await changeAlert(database, paused.id, { pausedUntilMs: Date.now() + MINUTE_MS });
      const found = await freshnessWishes(database);
      const shown = found
        .map(({ sinceMs, ...rest }) => ({ ...rest, fresh: Date.now() - sinceMs < MINUTE_MS }))
        .sort((a, b) => a.afterMs - b.afterMs);
      const both = { kinds: ['absent'], windowMs: 3_600_000, exchanges: null, fresh: true };
      assert.deepEqual(shown, [
        { ...both, afterMs: 60_000, forMs: 5_000, pairs: ['btcusd'] },
        { ...both, afterMs: 600_000, forMs: 0, pairs: null },
      ]);
    });
  });

  describe('a look', () => {
    it('is for one of all that claim it', async () => {
      const other = await fixture.another(database);
      const claim = (queries: Database, stepMs: number) =>
        claimLook(queries, { name: 'look', stepMs });
      const hours = 3_600_000;
      const first = await Promise.all([claim(database, 60_000), claim(other, 60_000)]);
      assert.deepEqual(first.toSorted(), [false, true]);
      assert.equal(await claim(database, 120_000), true);
      assert.equal(await claim(other, 60_000), false);
      assert.equal(await claim(other, 9 * hours), true);
      // The clock of the last one was hours ahead.
      assert.equal(await claim(database, 180_000), true);
    });
  });
});
