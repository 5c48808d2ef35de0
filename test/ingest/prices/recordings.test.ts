import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DropCounts, ParsedPrices, PriceRow } from '../../../ingest/prices/adapter.ts';
import { exchanges } from '../../../ingest/prices/exchanges/list.ts';
import { read, skip } from './recorded.ts';

function parse(id: string, body: unknown, list?: string): ParsedPrices {
  const adapter = exchanges.find((each) => each.id === id);
  assert.ok(adapter);
  const symbols = list === undefined ? undefined : adapter.symbols?.([read(list)]);
  return adapter.parse([body], symbols ?? new Map());
}

const EXCHANGE_INFO = 'binance/symbols.api-v1-exchangeInfo.2019-08-22.json';

interface Recording {
  readonly id: string;
  readonly file: string;
  readonly list?: string;
  readonly total: number;
  readonly dropped: DropCounts;
}

const RECORDINGS: readonly Recording[] = [
  {
    id: 'kraken',
    file: 'kraken/tickers.Ticker-assetVersion1.2026-06-24T145719Z.json',
    total: 1530,
    dropped: { dead: 108, 'non-spot': 25 },
  },
  {
    id: 'kraken',
    file: 'kraken/tickers.Ticker-assetVersion1.2026-07-23T095003Z.json',
    total: 1546,
    dropped: { dead: 135, 'non-spot': 29 },
  },
  {
    id: 'bitfinex',
    file: 'bitfinex/tickers.v2-tickers-symbols-ALL.2019-11-01.json',
    total: 450,
    dropped: { funding: 27, derivative: 2 },
  },
  {
    id: 'binance',
    file: 'binance/tickers.api-v1-ticker-24hr.2019-08-22.json',
    list: EXCHANGE_INFO,
    total: 595,
    dropped: { 'not-trading': 49, dead: 2 },
  },
  {
    // Another exchange's symbols: nothing is guessed, also not that 123456 might be a pair.
    id: 'binance',
    file: 'binanceus/tickers.api-v1-ticker-24hr.2019-09-19.json',
    total: 14,
    dropped: { 'unknown-symbol': 14 },
  },
  {
    // The shape without volume and bid: no price under the documented name.
    id: 'binance',
    file: 'binance/tickers.ticker-price.2022-12.json',
    list: EXCHANGE_INFO,
    total: 2137,
    dropped: { 'unknown-symbol': 1549, 'no-price': 540, 'not-trading': 48 },
  },
  {
    // The documentation's sample has UNKNOWN_PRODUCT_TYPE.
    id: 'coinbase',
    file: 'coinbase/symbols.GetSymbols.docshape.json',
    total: 1,
    dropped: { 'non-spot': 1 },
  },
  {
    id: 'okx',
    file: 'okx/tickers.GetTickers.docshape.json',
    total: 2,
    dropped: { derivative: 2 },
  },
  { id: 'okx', file: 'okx/tickers.market-tickers-sample.2022-12.json', total: 2, dropped: {} },
  { id: 'bitstamp', file: 'bitstamp/tickers.v2-ticker-all.2022-12.json', total: 171, dropped: {} },
  {
    id: 'cryptowatch',
    file: 'cryptowatch/tickers.markets-prices.2017.json',
    total: 11,
    dropped: {},
  },
  {
    id: 'cryptowatch',
    file: 'cryptowatch/tickers.markets-prices.2022-shape.json',
    total: 2,
    dropped: {},
  },
];

describe('recordings of real answers', { skip }, () => {
  for (const { id, file, list, total, dropped } of RECORDINGS) {
    it(`${file}: ${total} rows, each accepted or dropped by rule`, () => {
      const parsed = parse(id, read(file), list);
      assert.deepEqual(parsed.dropped, dropped);
      const lost = Object.values(parsed.dropped).reduce((sum, rows) => sum + rows, 0);
      assert.equal(parsed.rows.length + lost, total);
    });
  }

  const rowOf = (parsed: ParsedPrices, symbol: string): PriceRow => {
    const row = parsed.rows.find((each) => each.symbol === symbol);
    assert.ok(row, symbol);
    return row;
  };

  it('keeps the digits of Kraken, its 24 h volume, and never the other book of a pair', () => {
    const parsed = parse('kraken', read(RECORDINGS[1]?.file ?? ''));
    const row = rowOf(parsed, 'BTC/USD');
    assert.deepEqual(row.price, { floatText: '65670.30000' });
    assert.deepEqual(row.ask, { floatText: '65670.40000' });
    assert.deepEqual(row.volume, { floatText: '1163.24971332' });
    assert.equal(row.quoteVolume, 1163.24971332 * 65805.64322);
    assert.equal(parsed.rows.filter(({ pair }) => pair === 'btcusd').length, 1);
    assert.equal(rowOf(parsed, 'AIXBT/USD').base, 'aixbt');
  });

  it('keeps the number texts of Bitfinex and resolves its own asset names', () => {
    const parsed = parse('bitfinex', read(RECORDINGS[2]?.file ?? ''));
    const row = rowOf(parsed, 'tBTCUSD');
    assert.deepEqual(
      [row.price, row.bid, row.ask, row.volume],
      [
        { floatText: '9137' },
        { floatText: '9131' },
        { floatText: '9132.6' },
        { floatText: '5723.038617' },
      ],
    );
    assert.equal(rowOf(parsed, 'tIOTUSD').pair, 'iotausd');
    assert.equal(rowOf(parsed, 'tUST:CNHT').pair, 'usdtcnht');
  });

  it('names two symbols of one exchange alike only where its own aliases do', () => {
    for (const { id, file, list } of RECORDINGS) {
      const pairs = parse(id, read(file), list).rows.map((row) => `${row.exchange} ${row.pair}`);
      assert.equal(new Set(pairs).size, pairs.length, file);
    }
  });

  it('reads the time and both volumes of Binance, OKX and Bitstamp', () => {
    const binance = parse('binance', read(RECORDINGS[3]?.file ?? ''), EXCHANGE_INFO);
    const ethbtc = rowOf(binance, 'ETHBTC');
    assert.deepEqual([ethbtc.base, ethbtc.quote], ['eth', 'btc']);
    assert.deepEqual(ethbtc.quoteVolume, { floatText: '2866.49184918' });
    assert.equal(ethbtc.exchangeTimeMs, 1566445106119);
    const okx = rowOf(parse('okx', read(RECORDINGS[8]?.file ?? '')), 'BCD-BTC');
    assert.deepEqual(okx.volume, { floatText: '1678628.1254' });
    assert.deepEqual(okx.quoteVolume, { floatText: '14.7112' });
    assert.equal(okx.exchangeTimeMs, 1669795266312);
    const bitstamp = parse('bitstamp', read(RECORDINGS[9]?.file ?? ''));
    assert.equal(rowOf(bitstamp, 'BTC/USD').exchangeTimeMs, 1671184245000);
    assert.deepEqual(rowOf(bitstamp, 'BTC/PAX').volume, { floatText: '0.00000000' });
  });

  it("gives each row of a cryptowat.ch answer its own exchange's tag", () => {
    const polls = read('cryptowatch/tickers.markets-prices.btcusd-10-polls.2018-02-20.json');
    assert.ok(Array.isArray(polls));
    for (const poll of polls as Record<string, string>[]) {
      const { time: _, ...result } = poll;
      const parsed = parse('cryptowatch', { result });
      assert.equal(parsed.rows.length, 12);
      assert.equal(new Set(parsed.rows.map((row) => row.exchange)).size, 12);
      assert.ok(parsed.rows.every((row) => row.pair === 'btcusd'));
    }
  });

  it('refuses the retired shape of OKX', () => {
    const old = read('okx/tickers.api-spot-v3-instruments-ticker.2020-03-27.json');
    assert.throws(() => parse('okx', old), /expected object/);
  });
});
