import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ParsedPrices, PriceAdapter } from '../../../ingest/prices/adapter.ts';
import { bitget } from '../../../ingest/prices/exchanges/bitget.ts';
import { bybit } from '../../../ingest/prices/exchanges/bybit.ts';
import { gate } from '../../../ingest/prices/exchanges/gate.ts';
import { htx } from '../../../ingest/prices/exchanges/htx.ts';
import { kucoin } from '../../../ingest/prices/exchanges/kucoin.ts';
import { mexc } from '../../../ingest/prices/exchanges/mexc.ts';
import { parseNumberJson } from '../../../ingest/prices/number-json.ts';
import { Refusal, type RefusalReason } from '../../../ingest/prices/refusal.ts';
import { assertRefused, plain, read, rowOf, seriesOf, skip } from './recorded.ts';

type Json = Readonly<Record<string, unknown>>;

function parse(adapter: PriceAdapter, body: unknown, list?: unknown): ParsedPrices {
  const symbols = list === undefined ? undefined : adapter.symbols?.([list]);
  return adapter.parse([body], symbols ?? new Map());
}

describe('recordings of KuCoin', { skip }, () => {
  const LIST = 'kucoin/symbols.api-v1-symbols.2019-02-19.json';

  it('394 rows of 2019, each in the list of two days before', () => {
    const tickers = read('kucoin/tickers.api-v1-market-allTickers.2019-02-21.json');
    const parsed = parse(kucoin, tickers, read(LIST));
    assert.deepEqual([parsed.rows.length, parsed.dropped], [394, {}]);
    assert.equal(seriesOf(parsed), 394);
    assert.deepEqual(plain(rowOf(parsed, 'ETH-BTC')), {
      exchange: 'kucoin',
      symbol: 'ETH-BTC',
      base: 'eth',
      quote: 'btc',
      pair: 'ethbtc',
      price: '0.03709667',
      bid: '0.03709667',
      ask: '0.03713195',
      volume: '6530.63241159',
      exchangeTimeMs: 1550733025332,
    });
    assert.equal(rowOf(parsed, 'BCHSV-BTC').pair, 'bsvbtc');
    assert.equal(rowOf(parsed, 'WAX-BTC').pair, 'waxpbtc');
  });

  it("every market of the list in today's shape", () => {
    const list = read<{ data: Json[] }>(LIST);
    const shape = read<{ data: { time: string; ticker: Json[] } }>(
      'kucoin/tickers.GetTickers.docshape.json',
    );
    const ticker = list.data.map(({ symbol }) => ({ ...shape.data.ticker[0], symbol }));
    const parsed = parse(kucoin, { ...shape, data: { ...shape.data, ticker } }, list);
    assert.deepEqual([parsed.rows.length, parsed.dropped], [394, {}]);
    const row = rowOf(parsed, 'LTC-BTC');
    assert.deepEqual(row.volume, { floatText: '2282.70993217' });
    assert.deepEqual(row.quoteVolume, { floatText: '25984946.157790431' });
    assert.deepEqual(row.bid, { floatText: '11328.9' });
  });
});

describe('recordings of Gate', { skip }, () => {
  const LIST = 'gate/symbols.api-v4-spot-currency-pairs.2021-04-22.json';

  it('two rows of its spot market; the sample of a leveraged token is none, listed or not', () => {
    const parsed = parse(gate, read('gate/tickers.v4-spot-tickers-sample.json'), read(LIST));
    assert.deepEqual([parsed.rows.length, parsed.dropped], [2, {}]);
    assert.deepEqual(plain(rowOf(parsed, 'BTC_USDT')), {
      exchange: 'gate',
      symbol: 'BTC_USDT',
      base: 'btc',
      quote: 'usdt',
      pair: 'btcusdt',
      price: '26019.8',
      bid: '26019.8',
      ask: '26019.9',
      volume: '4722.912133756',
      quoteVolume: '122324034.68892',
    });
    const token = read('gate/tickers.GetTickers.docshape.json');
    for (const list of [undefined, read(LIST)]) {
      assert.deepEqual(parse(gate, token, list).dropped, { leveraged: 1 });
    }
  });

  it('every pair of its list: 1260 markets, 148 leveraged tokens, 50 that do not trade', () => {
    const list = read<{ id: string }[]>(LIST);
    const [sample] = read<Json[]>('gate/tickers.v4-spot-tickers-sample.json');
    const parsed = parse(
      gate,
      list.map(({ id }) => ({ ...sample, currency_pair: id })),
      list,
    );
    assert.deepEqual(parsed.dropped, { leveraged: 148, 'not-trading': 50 });
    assert.deepEqual([list.length, parsed.rows.length], [1_458, 1_260]);
    assert.equal(seriesOf(parsed), 1_260);
    assert.equal(rowOf(parsed, 'MPH_ETH').pair, 'morphereth');
    assert.equal(rowOf(parsed, '88MPH_ETH').pair, 'mpheth');
  });
});

describe('recordings of Bybit', { skip }, () => {
  it('reads its documented row by its documented list', () => {
    const list = read('bybit/symbols.GetSpotSymbols.docshape.json');
    const parsed = parse(bybit, read('bybit/tickers.GetSpotTickers.docshape.json'), list);
    assert.deepEqual(parsed.dropped, {});
    assert.deepEqual(parsed.rows.map(plain), [
      {
        exchange: 'bybit',
        symbol: 'BTCUSDT',
        base: 'btc',
        quote: 'usdt',
        pair: 'btcusdt',
        price: '20533.13',
        bid: '20517.96',
        ask: '20527.77',
        volume: '11801.27771',
        quoteVolume: '243765620.65899866',
        exchangeTimeMs: 1673859087947,
      },
    ]);
  });

  it('the symbols of a full answer: all in the list, or none', () => {
    const file = 'bybit/tickers.v2-public-tickers-linear.2022-12.json';
    const names = read<{ result: { symbol: string }[] }>(file)
      .result.map(({ symbol }) => symbol)
      .filter((symbol) => symbol.endsWith('USDT'));
    const shape = read<{ result: { list: Json[] } }>('bybit/tickers.GetSpotTickers.docshape.json');
    const list = names.map((symbol) => ({ ...shape.result.list[0], symbol }));
    const listed = names.map((symbol) => ({
      ...{ symbol, baseCoin: symbol.slice(0, -4), quoteCoin: 'USDT', status: 'Trading' },
    }));
    const answer = (rows: readonly unknown[]) => ({ ...shape, result: { list: rows } });
    const parsed = parse(bybit, answer(list), answer(listed));
    assert.deepEqual([parsed.rows.length, parsed.dropped], [182, {}]);
    assert.equal(seriesOf(parsed), 182);
    assert.equal(rowOf(parsed, '1000BTTUSDT').base, '1000btt');
    assert.deepEqual(parse(bybit, answer(list)).dropped, { 'unknown-symbol': 182 });
  });

  it('refuses the retired shape, which was of another market too', () => {
    assertRefused(bybit, read('bybit/tickers.v2-public-tickers-linear.2022-12.json'), 'shape');
  });
});

describe('recordings of HTX', { skip }, () => {
  const LIST = 'htx/symbols.v1-common-symbols.2019-06-21.2.json';
  const TICKERS = 'htx/tickers.api-market-tickers.2020-02-19.json';

  it('34 rows of 2020: 27 markets, 7 that the list of 2019 does not know', () => {
    const parsed = parse(htx, read(TICKERS), read(LIST));
    assert.deepEqual([parsed.rows.length, parsed.dropped], [27, { 'unknown-symbol': 7 }]);
    assert.deepEqual(plain(rowOf(parsed, 'htbtc')), {
      exchange: 'htx',
      symbol: 'htbtc',
      base: 'ht',
      quote: 'btc',
      pair: 'htbtc',
      price: '4.9535E-4',
      volume: '1226.1000000000001',
      quoteVolume: '0.5981035534000002',
      exchangeTimeMs: 1582095358092,
    });
  });

  it('takes `amount` for the base volume and `vol` for the quote volume', () => {
    for (const { symbol, price, volume, quoteVolume } of parse(htx, read(TICKERS), read(LIST))
      .rows) {
      assert.ok(typeof volume === 'object' && typeof quoteVolume === 'object', symbol);
      if (Number(volume.floatText) === 0) continue;
      const average = Number(quoteVolume.floatText) / Number(volume.floatText);
      const ratio = average / Number(price.floatText);
      assert.ok(ratio > 0.8 && ratio < 1.25, `${symbol}: the average is ${ratio} of the price`);
    }
  });

  it("every symbol of its list in today's shape: 422 markets, 9 that are offline", () => {
    const list = read<{ data: Json[] }>(LIST);
    const shape = read<{ data: Json[] }>('htx/tickers.GetTickers.docshape.json');
    const data = list.data.map(({ symbol }) => ({ ...shape.data[0], symbol }));
    const parsed = parse(htx, { ...shape, data }, list);
    assert.deepEqual([parsed.rows.length, parsed.dropped], [422, { 'not-trading': 9 }]);
    assert.equal(seriesOf(parsed), 422);
    assert.equal(parse(htx, shape, list).rows.length, 2);
    assert.deepEqual(parse(htx, shape).dropped, { 'unknown-symbol': 2 });
  });
});

describe('recordings of MEXC', { skip }, () => {
  const SHAPE = 'mexc/tickers.GetTickers.docshape.json';
  const OLD = 'mexc/tickers.open-api-v1-data-ticker.2019-05-23.json';

  it('refuses the first API', () => assertRefused(mexc, read(OLD), 'error-body'));

  it('the markets of the old answer in the documented shape, and a quote volume of null', () => {
    const names = Object.keys(read<{ data: Json }>(OLD).data).map((name) => name.split('_'));
    const symbols = names.map(([baseAsset = '', quoteAsset = '']) => ({
      ...{ symbol: baseAsset + quoteAsset, status: '1', baseAsset, quoteAsset },
      isSpotTradingAllowed: true,
    }));
    const [shape] = read<Json[]>(SHAPE);
    const tickers = symbols.map(({ symbol }) => ({ ...shape, symbol }));
    const parsed = parse(mexc, tickers, { symbols });
    assert.deepEqual([parsed.rows.length, parsed.dropped], [154, {}]);
    assert.equal(seriesOf(parsed), 154);
    assert.deepEqual(plain(rowOf(parsed, 'BTCUSDT')), {
      exchange: 'mexc',
      symbol: 'BTCUSDT',
      base: 'btc',
      quote: 'usdt',
      pair: 'btcusdt',
      price: '46263.71',
      bid: '46260.38',
      ask: '46260.41',
      volume: '1732.461487',
      exchangeTimeMs: 1641349582808,
    });
    assert.deepEqual(parse(mexc, tickers).dropped, { 'unknown-symbol': 154 });
  });
});

describe('recordings of Bitget', { skip }, () => {
  const OLD = 'bitget/tickers.spot-v1-tickers.2022-12.json';
  /** The list of the first API, whose ids had a tail: today's id is what it called the name. */
  const list = () => {
    const old = read<{ data: Json[] }>(
      'bitget/symbols.api-spot-v1-public-products.2022-04-07.json',
    );
    return { ...old, data: old.data.map((row) => ({ ...row, symbol: row.symbolName })) };
  };

  it("every symbol of its list in today's shape", () => {
    const shape = read<{ data: Json[] }>('bitget/tickers.GetTickers.docshape.json');
    const data = list().data.map(({ symbol }) => ({ ...shape.data[0], symbol }));
    const parsed = parse(bitget, { ...shape, data }, list());
    assert.deepEqual([parsed.rows.length, parsed.dropped], [245, {}]);
    assert.equal(seriesOf(parsed), 245);
    assert.equal(rowOf(parsed, 'TONCOINUSDT').pair, 'tonusdt');
    assert.equal(rowOf(parsed, 'RSS3USDT').pair, 'rss3usdt');
    // Its bid and ask of 0 are none.
    assert.deepEqual(plain(rowOf(parsed, 'BTCUSDT')), {
      exchange: 'bitget',
      symbol: 'BTCUSDT',
      base: 'btc',
      quote: 'usdt',
      pair: 'btcusdt',
      price: '34413.1',
      volume: '0',
      quoteVolume: '0',
      exchangeTimeMs: 1625125755277,
    });
  });

  it('442 rows of the retired API: no price under its present name', () => {
    assert.deepEqual(parse(bitget, read(OLD)), { rows: [], dropped: { 'unknown-symbol': 442 } });
    const dropped = { 'no-price': 202, 'unknown-symbol': 240 };
    assert.deepEqual(parse(bitget, read(OLD), list()), { rows: [], dropped });
  });
});

describe('what these exchanges say inside a 200 when they do not answer', () => {
  const htxError = (code: string, text: string) =>
    `{"status":"error","err-code":"${code}","err-msg":"${text}","data":null}`;
  const CASES: readonly [PriceAdapter, string, RefusalReason][] = [
    [kucoin, '{"code":"429000","msg":"Too Many Requests"}', 'rate-limited'],
    [kucoin, '{"msg":"Unsupported trading pair.","code":"400100"}', 'error-body'],
    [gate, '{"label":"TOO_MANY_REQUESTS","message":"Request Rate limit Exceeded"}', 'rate-limited'],
    [gate, '{"label":"SERVER_ERROR","message":"Internal Server Error"}', 'server-error'],
    [gate, '{"label":"INVALID_PARAM_VALUE","message":"Candlestick too long ago"}', 'error-body'],
    [bybit, '{"retCode":10006,"retMsg":"Too many visits.","result":{},"time":1}', 'rate-limited'],
    [bybit, '{"retCode":10001,"retMsg":"Not supported symbols","result":{}}', 'error-body'],
    [htx, htxError('rate-too-many-requests', 'exceeded rate limit'), 'rate-limited'],
    [htx, htxError('base-request-exceed-frequency-limit', 'Frequency of requests'), 'rate-limited'],
    [htx, htxError('system-maintenance', 'System is in maintenance!'), 'maintenance'],
    [htx, htxError('invalid-parameter', 'invalid symbol'), 'error-body'],
    [mexc, '{"code":429,"msg":"Too Many Requests"}', 'rate-limited'],
    [mexc, '{"code":500,"message":"Under maintenance, please try again later"}', 'maintenance'],
    [mexc, '{"code":10007,"msg":"bad symbol"}', 'error-body'],
    [bitget, '{"code":"429","msg":"Too Many Requests","data":null}', 'rate-limited'],
    [bitget, '{"code":"40034","msg":"Parameter does not exist","data":null}', 'error-body'],
  ];
  for (const [adapter, text, reason] of CASES) {
    it(`${adapter.id}: ${text} is refused as ${reason}, also for lists and candles`, () => {
      const body = parseNumberJson(text);
      assertRefused(adapter, body, reason);
      const market = { exchange: adapter.id, symbol: 'X', base: 'x', quote: 'y' };
      const is = (error: unknown) => error instanceof Refusal && error.reason === reason;
      assert.throws(() => adapter.candles?.parse(body, market), is);
      assert.throws(() => adapter.symbols?.([body]), is);
    });
  }

  it('a market list without one symbol is refused', () => {
    const rows: readonly [PriceAdapter, unknown][] = [
      [kucoin, { code: '200000', data: [{}] }],
      [gate, [{ id: 'BTC_USDT' }]],
      [bybit, { retCode: '0', result: { list: [] } }],
      [htx, { status: 'ok', data: [null] }],
      [mexc, { symbols: ['BTCUSDT'] }],
      [bitget, { code: '00000', data: [] }],
    ];
    for (const [adapter, body] of rows) {
      assert.throws(
        () => adapter.symbols?.([body]),
        (error) => error instanceof Refusal && error.reason === 'empty',
        adapter.id,
      );
    }
  });

  it("Bybit's 403 leaves its host alone for half an hour", () => {
    assert.equal(bybit.pauses?.[403], 1_800_000);
  });
});
