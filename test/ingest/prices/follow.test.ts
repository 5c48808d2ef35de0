import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { TidemarkError } from '../../../core/errors.ts';
import { silentLog } from '../../../core/log.ts';
import type { PriceChoices } from '../../../ingest/prices/choice.ts';
import { chooseExchanges } from '../../../ingest/prices/exchanges/list.ts';
import { type ChoiceReader, createChoiceReader } from '../../../ingest/prices/follow.ts';
import type { Database } from '../../../registry/database.ts';
import { changeExchange } from '../../../registry/exchange-choices.ts';
import { ensureMarkets } from '../../../registry/markets.ts';
import { addMetric, removeMetric } from '../../../registry/metrics.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { eventually } from '../../helpers/eventually.ts';
import { forEachDatabase } from '../../helpers/registry.ts';

const defaults = { exchanges: ['kraken', 'okx'], intervalMs: 60_000, mode: 'poll' } as const;
const find = (id: string) => chooseExchanges({ ids: [id] })[0]!;

const shown = ({ lanes, offPairs }: PriceChoices) => [
  ...lanes.map(({ adapter, intervalMs }) => `${adapter.id} ${intervalMs / 1000}`),
  ...[...offPairs].map((pair) => `-${pair}`),
];

/** A database that parts can be replaced in. */
const whole = (database: Database): Database => ({
  kind: database.kind,
  where: database.where,
  query: (text, parameters) => database.query(text, parameters),
  transaction: (work) => database.transaction(work),
  listen: (channel, listener) => database.listen(channel, listener),
  close: () => database.close(),
});

describe('choices', () => {
  let following: { close(): Promise<void> } | undefined;
  afterEach(() => following?.close());

  forEachDatabase(({ fresh, another, kind }) => {
    const optionsOf = (database: Database, clock: ManualClock) => ({
      database,
      defaults: { ...defaults, exchanges: [...defaults.exchanges] },
      find,
      clock,
      log: silentLog,
    });
    const readerOf = (database: Database, clock = new ManualClock()): ChoiceReader =>
      createChoiceReader(optionsOf(database, clock));
    /** What came, and a wait for the next of it. */
    const follow = (reader: ChoiceReader) => {
      const came: string[][] = [];
      following = reader.follow(async (choices) => void came.push(shown(choices)));
      return (wanted: string[][]) => eventually(() => assert.deepEqual(came, wanted));
    };

    it('are those of the registry over the settings, without exchanges that are not here', async () => {
      const database = await fresh();
      await changeExchange(database, 'okx', { enabled: false });
      await changeExchange(database, 'bitfinex', { enabled: true, intervalMs: 5_000 });
      await changeExchange(database, 'mtgox', { enabled: true });
      assert.deepEqual(shown(await readerOf(database).read()), ['bitfinex 5', 'kraken 60']);
    });

    it('come when another process makes them, without time passing', async () => {
      const database = await fresh();
      await ensureMarkets(database, 'x', [{ symbol: 's', base: 'btc', quote: 'usd' }]);
      const reader = readerOf(database);
      await reader.read();
      const came = follow(reader);
      const other = await another(database);
      await changeExchange(other, 'kraken', { intervalMs: 1_000 });
      await came([['kraken 1', 'okx 60']]);
      await removeMetric(other, 1);
      await came([
        ['kraken 1', 'okx 60'],
        ['kraken 1', 'okx 60', '-btcusd'],
      ]);
      await addMetric(other, { pair: 'btcusd', metric: 'price' });
      await came([
        ['kraken 1', 'okx 60'],
        ['kraken 1', 'okx 60', '-btcusd'],
        ['kraken 1', 'okx 60'],
      ]);
    });

    it('are told once, not again for a choice that changes nothing', async () => {
      const database = await fresh();
      const reader = readerOf(database);
      await reader.read();
      const came = follow(reader);
      await changeExchange(database, 'kraken', { enabled: true });
      await changeExchange(database, 'kraken', { intervalMs: 2_000 });
      await came([['kraken 2', 'okx 60']]);
    });

    it('stay as they are while the registry is away, which is said once', async () => {
      const database = await fresh();
      const clock = new ManualClock();
      let away = false;
      const query: Database['query'] = async (text, parameters) => {
        if (away) throw new TidemarkError('unavailable', 'away');
        return database.query(text, parameters);
      };
      const shaky: Database = { ...whole(database), query };
      const warnings: string[] = [];
      const log = { ...silentLog, warn: (_: object, text: string) => void warnings.push(text) };
      const reader = createChoiceReader({ ...optionsOf(shaky, clock), log });
      await reader.read();
      const came = follow(reader);
      await eventually(() => assert.equal(clock.waiting, 1));
      away = true;
      for (let look = 0; look < 3; look++) {
        await clock.advance(10_000);
        await eventually(() => assert.equal(clock.waiting, 1));
      }
      assert.deepEqual(warnings, ['choices cannot be followed']);
      away = false;
      await changeExchange(database, 'kraken', { enabled: false });
      await clock.advance(10_000);
      await came([['okx 60']]);
    });

    it('are found by looking when nothing was heard', async () => {
      const database = await fresh();
      const clock = new ManualClock();
      const listen: Database['listen'] = async () => ({ close: async () => {} });
      const deaf: Database = { ...whole(database), listen };
      const reader = readerOf(deaf, clock);
      await reader.read();
      const came = follow(reader);
      await eventually(() => assert.equal(clock.waiting, 1));
      await changeExchange(database, 'kraken', { enabled: false });
      await came([]);
      await clock.advance(10_000);
      await came([['okx 60']]);
    });

    if (kind === 'pglite') return;

    it('are heard again after the connection was lost', async () => {
      const database = await fresh();
      const clock = new ManualClock();
      const reader = readerOf(database, clock);
      await reader.read();
      const came = follow(reader);
      await eventually(() => assert.equal(clock.waiting, 1));
      const cut = `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and query like 'listen %'`;
      await database.query(cut);
      await eventually(async () => assert.equal((await database.query(cut)).length, 0));
      await clock.advance(10_000);
      await eventually(() => assert.equal(clock.waiting, 1));
      await changeExchange(database, 'kraken', { enabled: false });
      await came([['okx 60']]);
    });
  });
});
