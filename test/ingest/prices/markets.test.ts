import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MarketRef, PriceRow } from '../../../ingest/prices/adapter.ts';
import { createMarketDirectory, type EnsureMarkets } from '../../../ingest/prices/markets.ts';
import { pricePoints } from '../../../ingest/prices/points.ts';
import { ManualClock } from '../../helpers/clock.ts';

const HOUR_MS = 3_600_000;
const ref = (exchange: string, symbol: string, [base, quote]: [string, string]): MarketRef => ({
  exchange,
  symbol,
  base,
  quote,
});
const BTC = ref('kraken', 'BTC/USD', ['btc', 'usd']);
const XBT = ref('kraken', 'XBT/USD', ['btc', 'usd']);
const ETH = ref('okx', 'ETH-USDT', ['eth', 'usdt']);

function setUp() {
  const clock = new ManualClock();
  const asked: [string, string[]][] = [];
  const clashes: string[] = [];
  const troubles: unknown[] = [];
  const state = { away: false };
  const taken = new Map<string, string>();
  const ensureMarkets: EnsureMarkets = async (exchange, markets) => {
    asked.push([exchange, markets.map(({ symbol }) => symbol)]);
    if (state.away) throw new Error('the registry is away');
    return markets.map(({ symbol, base, quote }) => {
      const plain = `${exchange} ${base}${quote}`;
      const owner = taken.get(plain) ?? symbol;
      taken.set(plain, owner);
      return { symbol, pair: owner === symbol ? base + quote : `${base}-${quote}` };
    });
  };
  const directory = createMarketDirectory({
    clock,
    ensureMarkets,
    onClash: (exchange) => clashes.push(exchange),
    onTrouble: (error) => troubles.push(error),
  });
  return { clock, directory, asked, clashes, troubles, state };
}

describe('the market directory', () => {
  it('asks the registry for new symbols alone, by exchange', async () => {
    const { directory, asked } = setUp();
    await directory.resolve([BTC, ETH]);
    await directory.resolve([BTC, ETH]);
    const tags = await directory.resolve([BTC, XBT, ETH]);
    assert.deepEqual(asked, [
      ['kraken', ['BTC/USD']],
      ['okx', ['ETH-USDT']],
      ['kraken', ['XBT/USD']],
    ]);
    assert.deepEqual(
      [...tags],
      [
        ['BTC/USD', 'btcusd'],
        ['XBT/USD', 'btc-usd'],
        ['ETH-USDT', 'ethusdt'],
      ],
    );
  });

  it('answers with the same object until a tag changes', async () => {
    const { clock, directory } = setUp();
    const first = await directory.resolve([BTC]);
    clock.jump(HOUR_MS);
    assert.equal(await directory.resolve([BTC]), first);
    const second = await directory.resolve([BTC, XBT]);
    assert.notEqual(second, first);
    assert.deepEqual([...first.keys()], ['BTC/USD']);
    assert.equal(await directory.resolve([XBT, BTC]), second);
  });

  it('counts a symbol whose plain name was taken, once', async () => {
    const { directory, clashes } = setUp();
    await directory.resolve([BTC, XBT]);
    await directory.resolve([BTC, XBT]);
    assert.deepEqual(clashes, ['kraken']);
  });

  it('tells the registry once an hour what is still seen', async () => {
    const { clock, directory, asked } = setUp();
    await directory.resolve([BTC, XBT]);
    clock.jump(HOUR_MS);
    await directory.resolve([BTC, XBT]);
    await directory.resolve([BTC, XBT]);
    assert.equal(asked.length, 2);
    assert.deepEqual(asked[1], ['kraken', ['BTC/USD', 'XBT/USD']]);
  });

  it('goes on with what it knows while the registry is away', async () => {
    const { clock, directory, troubles, state } = setUp();
    await directory.resolve([BTC]);
    state.away = true;
    const tags = await directory.resolve([BTC, XBT]);
    assert.deepEqual([...tags.keys()], ['BTC/USD']);
    clock.jump(HOUR_MS);
    assert.equal((await directory.resolve([BTC])).get('BTC/USD'), 'btcusd');
    assert.equal(troubles.length, 2);
    state.away = false;
    assert.equal((await directory.resolve([BTC, XBT])).size, 2);
  });

  it('fails when the registry is away and nothing is known', async () => {
    const { directory, state } = setUp();
    state.away = true;
    await assert.rejects(directory.resolve([BTC]), /registry is away/);
  });
});

describe('points of a poll', () => {
  const slotMs = Date.UTC(2026, 0, 1, 12);
  const row = (more: Partial<PriceRow> = {}): PriceRow => ({
    ...BTC,
    pair: 'btcusd',
    price: { floatText: '64010.10' },
    ...more,
  });

  const named = (entries: [string, string][], off: string[] = []) => ({
    tags: new Map(entries),
    isOff: (pair: string) => off.includes(pair),
  });

  it('carry the slot as their time and the source text as their values', () => {
    const full = row({
      bid: { floatText: '1e-05' },
      ask: { floatText: '2' },
      volume: 0,
      quoteVolume: { floatText: '3.0' },
      exchangeTimeMs: 1_767_225_599_500,
    });
    const { points } = pricePoints([full], named([['BTC/USD', 'btcusd']]), slotMs);
    assert.deepEqual(points, [
      {
        measurement: 'price',
        tags: { exchange: 'kraken', pair: 'btcusd' },
        fields: {
          price: { floatText: '64010.10' },
          bid: { floatText: '1e-05' },
          ask: { floatText: '2' },
          volume: 0,
          quote_volume: { floatText: '3.0' },
          exchange_time: 1_767_225_599_500n,
        },
        timeNs: BigInt(slotMs) * 1_000_000n,
      },
    ]);
  });

  it('leave out what the source did not say', () => {
    const { points } = pricePoints([row()], named([['BTC/USD', 'btcusd']]), slotMs);
    assert.deepEqual(Object.keys(points[0]?.fields ?? {}), ['price']);
  });

  it('never put two symbols into one series, also when the directory errs', () => {
    const naming = named([
      ['BTC/USD', 'btcusd'],
      ['XBT/USD', 'btcusd'],
    ]);
    const rows = [row(), row({ ...XBT }), row({ symbol: 'unknown' }), row({ exchange: 'okx' })];
    const { points, unregistered } = pricePoints(rows, naming, slotMs);
    assert.deepEqual(
      points.map(({ tags: { exchange } }) => exchange),
      ['kraken', 'okx'],
    );
    assert.equal(unregistered, 2);
  });

  it('leave out pairs that are switched off, and count them apart', () => {
    const entries: [string, string][] = [
      ['BTC/USD', 'btcusd'],
      ['ETH/USD', 'ethusd'],
    ];
    const rows = [row(), row({ symbol: 'ETH/USD' }), row({ symbol: 'unknown' })];
    const { points, ...left } = pricePoints(rows, named(entries, ['btcusd']), slotMs);
    assert.deepEqual(
      points.map(({ tags }) => tags.pair),
      ['ethusd'],
    );
    assert.deepEqual(left, { unregistered: 1, switchedOff: 1 });
  });
});
