import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCatalog } from '../../registry/catalog.ts';
import {
  CHOICES_CHANNEL,
  changeExchange,
  listExchangeChoices,
  planExchanges,
  readPriceDefaults,
  savePriceDefaults,
} from '../../registry/exchange-choices.ts';
import { saveExchange } from '../../registry/exchanges.ts';
import { ensureMarkets } from '../../registry/markets.ts';
import { addMetric, removeMetric } from '../../registry/metrics.ts';
import { ManualClock } from '../helpers/clock.ts';
import { eventually } from '../helpers/eventually.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const settings = { exchanges: ['kraken', 'okx'], intervalMs: 60_000, mode: 'poll' } as const;

describe('choices of exchanges', () => {
  it('count where they were made, the settings where not', () => {
    const none = { enabled: null, intervalMs: null, mode: null };
    const plans = planExchanges({ ...settings, exchanges: [...settings.exchanges] }, [
      { ...none, exchange: 'kraken', enabled: false },
      { ...none, exchange: 'okx', intervalMs: 1_000 },
      { ...none, exchange: 'bitfinex', enabled: true, mode: 'stream' },
      { ...none, exchange: 'gate', intervalMs: 5_000 },
    ]);
    assert.deepEqual(
      plans.map(({ exchange, enabled, intervalMs, mode }) => [exchange, enabled, intervalMs, mode]),
      [
        ['bitfinex', true, 60_000, 'stream'],
        ['gate', false, 5_000, 'poll'],
        ['kraken', false, 60_000, 'poll'],
        ['okx', true, 1_000, 'poll'],
      ],
    );
  });

  forEachDatabase(({ fresh, another }) => {
    it('are kept part by part, and go back to the settings by null', async () => {
      const database = await fresh();
      await changeExchange(database, 'kraken', { intervalMs: 5_000 });
      await changeExchange(database, 'kraken', { enabled: false });
      await changeExchange(database, 'bitfinex', { mode: 'stream' });
      const kraken = { exchange: 'kraken', enabled: false, intervalMs: 5_000, mode: null };
      assert.deepEqual(await listExchangeChoices(database), [
        { exchange: 'bitfinex', enabled: null, intervalMs: null, mode: 'stream' },
        kraken,
      ]);
      await changeExchange(database, 'kraken', { intervalMs: null });
      assert.deepEqual((await listExchangeChoices(database))[1], { ...kraken, intervalMs: null });
    });

    it('are listed with the settings of whoever takes prices, and with what ran before', async () => {
      const database = await fresh();
      assert.equal(await readPriceDefaults(database), undefined);
      const ok = { state: 'ok', lastAttemptMs: 5, lastSuccessMs: 5, pausedUntilMs: null } as const;
      const rest = { latenessMs: 1, rows: 3, dropped: {}, streaming: false, lastError: null };
      for (const exchange of ['bitstamp', 'kraken']) {
        await saveExchange(database, { exchange, ...ok, ...rest, consecutiveFailures: 0 });
      }
      const catalog = createCatalog({ database, clock: new ManualClock() });
      const shown = async () =>
        (await catalog.exchanges()).map(
          ({ exchange, enabled, state, intervalMs }) =>
            `${exchange} ${enabled} ${state} ${intervalMs}`,
        );
      assert.deepEqual(await shown(), ['bitstamp true ok 60000', 'kraken true ok 60000']);
      await savePriceDefaults(database, { ...settings, exchanges: ['gate'], intervalMs: 1 });
      await savePriceDefaults(database, { ...settings, exchanges: ['kraken', 'okx'] });
      await changeExchange(database, 'kraken', { intervalMs: 1_000 });
      assert.deepEqual(await shown(), [
        'bitstamp false off 60000',
        'kraken true ok 1000',
        'okx true starting 60000',
      ]);
    });

    it('are told to who listens, and so are pairs that go off and on', async () => {
      const database = await fresh();
      await ensureMarkets(database, 'x', [{ symbol: 's', base: 'btc', quote: 'usd' }]);
      let heard = 0;
      const lost = () => assert.fail('the connection is there');
      const listening = await (await another(database)).listen(CHOICES_CHANNEL, {
        heard: () => void heard++,
        lost,
      });
      const hears = async (work: Promise<unknown>, count: number) => {
        await work;
        await eventually(() => assert.equal(heard, count));
      };
      await hears(changeExchange(database, 'kraken', { enabled: false }), 1);
      await hears(removeMetric(database, 1), 2);
      await hears(addMetric(database, { pair: 'btcusd', metric: 'price' }), 3);
      // These change nothing of what is recorded.
      await addMetric(database, { pair: 'btcusd', metric: 'price' });
      await addMetric(database, { pair: 'btcusd', metric: 'bid' });
      await hears(changeExchange(database, 'kraken', { enabled: true }), 4);
      await listening.close();
      await listening.close();
      await changeExchange(database, 'kraken', { enabled: false });
      assert.equal(heard, 4);
    });
  });
});
