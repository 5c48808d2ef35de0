import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ParsedPrices, PriceAdapter, PriceRow } from '../../../ingest/prices/adapter.ts';
import { bithumb } from '../../../ingest/prices/exchanges/bithumb.ts';
import { cryptocom } from '../../../ingest/prices/exchanges/cryptocom.ts';
import { gemini } from '../../../ingest/prices/exchanges/gemini.ts';
import { poloniex } from '../../../ingest/prices/exchanges/poloniex.ts';
import { upbit } from '../../../ingest/prices/exchanges/upbit.ts';
import { parseNumberJson } from '../../../ingest/prices/number-json.ts';
import { Refusal, type RefusalReason } from '../../../ingest/prices/refusal.ts';
import { assertRefused, plain, read, rowOf, seriesOf, skip, textOf } from './recorded.ts';

/** A value of ours as it would arrive. */
const arriving = (value: unknown): unknown => parseNumberJson(JSON.stringify(value));

const number = (value: PriceRow['volume']): number =>
  typeof value === 'object' ? Number(value.floatText) : (value ?? Number.NaN);

function assertSeriesOfTheirOwn(parsed: ParsedPrices): void {
  assert.equal(seriesOf(parsed), parsed.rows.length);
}

describe('recordings of Crypto.com', { skip }, () => {
  const parse = () =>
    cryptocom.parse([read('cryptocom/tickers.v2-public-get-tickers.2022-11.json')], new Map());

  it('822 rows: 503 markets, 118 derivatives, 201 deposits', () => {
    const parsed = parse();
    assert.equal(parsed.rows.length, 503);
    assert.deepEqual(parsed.dropped, { 'non-spot': 201, derivative: 118 });
    assertSeriesOfTheirOwn(parsed);
  });

  it('takes `a` for the last trade and `k` for the ask', () => {
    assert.deepEqual(plain(rowOf(parse(), 'BTC_USDT')), {
      exchange: 'cryptocom',
      symbol: 'BTC_USDT',
      base: 'btc',
      quote: 'usdt',
      pair: 'btcusdt',
      price: '16903.91',
      bid: '16903.36',
      ask: '16903.38',
      volume: '2169.2579',
      exchangeTimeMs: 1669796529492,
    });
    for (const { bid, ask } of parse().rows) {
      if (bid && ask) assert.ok(number(bid) <= number(ask), 'bid and ask are the right way round');
    }
  });

  it('takes `vv` for a quote volume of dollar markets alone: of the others it is dollars too', () => {
    const parsed = parse();
    const dollars = parsed.rows.filter(({ quoteVolume }) => quoteVolume !== undefined);
    assert.equal(dollars.length, 231);
    assert.ok(dollars.every(({ quote }) => quote === 'usd'));
    const body = read('cryptocom/tickers.v2-public-get-tickers.2022-11.json') as {
      result: { data: { i: string; v: string; vv: string }[] };
    };
    const ethbtc = body.result.data.find(({ i }) => i === 'ETH_BTC');
    const each = Number(ethbtc?.vv) / Number(ethbtc?.v);
    assert.ok(each > 1_000 && each < 1_500, `an ether at ${each} is priced in dollars`);
  });
});

describe('recordings of Gemini', { skip }, () => {
  const LIST = 'gemini/symbols.v1-symbols-details-all.gct.json';

  it('every symbol of its list becomes a row or a counted drop', () => {
    const list = read(LIST) as { symbol: string; quote_currency: string }[];
    const table = gemini.symbols?.([list]) ?? new Map();
    assert.equal(table.size, 111);
    const feed = list.map(({ symbol }, index) => ({ pair: symbol, price: `${index + 1}.50` }));
    const parsed = gemini.parse([arriving(feed)], table);
    assert.deepEqual(parsed.dropped, { derivative: 3, 'not-trading': 2 });
    assert.equal(parsed.rows.length, 106);
    assertSeriesOfTheirOwn(parsed);
    const row = rowOf(parsed, 'BTCGUSD');
    assert.deepEqual([row.base, row.quote], ['btc', 'gusd']);
    assert.deepEqual(row.price, { floatText: '19.50' });
  });

  it("refuses one market's ticker", () => {
    assertRefused(gemini, read('gemini/tickers.v2-ticker-BTCUSD.gct.json'), 'shape');
  });
});

describe('recordings of Poloniex', { skip }, () => {
  const OLD = 'poloniex/tickers.public-command-returnTicker.2017-10-03.json';

  it('refuses the retired API', () => assertRefused(poloniex, read(OLD), 'shape'));

  it("each market of the old answer, told in the new API's words, is a row", () => {
    const old = Object.entries(JSON.parse(textOf(OLD)) as Record<string, Record<string, string>>);
    assert.equal(old.length, 101);
    const markets = old.map(([name, row]) => {
      const [quote = '', base = ''] = name.split('_');
      return { symbol: `${base}_${quote}`, base, quote, row };
    });
    const list = markets.map(({ symbol, base, quote }) => ({
      ...{ symbol, baseCurrencyName: base, quoteCurrencyName: quote },
      state: symbol === 'NXT_BTC' ? 'PAUSE' : 'NORMAL',
    }));
    // The old API's `baseVolume` counted the quote: today's `amount`.
    const tickers = markets.map(({ symbol, row }) => ({
      ...{ symbol, close: row.last, bid: row.highestBid, ask: row.lowestAsk },
      ...{ quantity: row.quoteVolume, amount: row.baseVolume, ts: 1507003551000 },
    }));
    const parsed = poloniex.parse([arriving(tickers)], poloniex.symbols?.([list]) ?? new Map());
    assert.deepEqual(parsed.dropped, { 'not-trading': 1 });
    assert.equal(parsed.rows.length, 100);
    assertSeriesOfTheirOwn(parsed);
    assert.deepEqual(rowOf(parsed, 'BCN_BTC').volume, { floatText: '119149926.72295645' });
    const near = parsed.rows.filter(({ price, volume, quoteVolume }) => {
      const average = number(quoteVolume) / number(volume);
      return average > 0.7 * number(price) && average < 1.4 * number(price);
    });
    assert.equal(near.length, 100, 'volumes are of the sides that their names say');
  });
});

describe('recordings of Upbit', { skip }, () => {
  it('reads the number texts of its answers, base and quote the right way round', () => {
    const parsed = upbit.parse([read('upbit/tickers.ticker-sample.2022-11.json')], new Map());
    assert.deepEqual([parsed.rows.length, parsed.dropped], [2, {}]);
    assert.deepEqual(plain(rowOf(parsed, 'KRW-BTC')), {
      exchange: 'upbit',
      symbol: 'KRW-BTC',
      base: 'btc',
      quote: 'krw',
      pair: 'btckrw',
      price: '22847000',
      volume: '3651.95923927',
      quoteVolume: '83125283608.71589000',
      exchangeTimeMs: 1669793790626,
    });
    const shape = upbit.parse([read('upbit/tickers.GetTickers.docshape.json')], new Map());
    assert.deepEqual([shape.rows.length, shape.dropped], [2, {}]);
    assert.deepEqual(rowOf(shape, 'KRW-ETH').price, { floatText: '3510000' });
  });

  it('every market of its list becomes a row', () => {
    const list = read('upbit/symbols.v1-market-all.2021-04-17.json') as { market: string }[];
    const [shape] = read('upbit/tickers.GetTickers.docshape.json') as object[];
    const parsed = upbit.parse([list.map(({ market }) => ({ ...shape, market }))], new Map());
    assert.deepEqual([parsed.rows.length, parsed.dropped], [294, {}]);
    assertSeriesOfTheirOwn(parsed);
    assert.deepEqual(
      new Set(parsed.rows.map(({ quote }) => quote)),
      new Set(['krw', 'btc', 'usdt']),
    );
    assert.equal(upbit.parse([list], new Map()).dropped['no-price'], 294);
  });
});

describe('recordings of Bithumb', { skip }, () => {
  const KRW = 'bithumb/tickers.public-ticker-ALL_KRW.2022-12.json';
  const BTC = 'bithumb/tickers.public-ticker-ALL-BTC.2021-06-01.json';

  it('refuses the first API, whose coins lie in a map with a date among them', () => {
    assertRefused(bithumb, read(KRW), 'shape');
    assertRefused(bithumb, read(BTC), 'shape');
  });

  it("all its markets, told in the new API's words, in requests of 200", () => {
    interface Old {
      readonly data: Readonly<Record<string, Readonly<Record<string, string>> | string>>;
    }
    const tickers = Object.entries({ KRW, BTC }).flatMap(([quote, file]) =>
      Object.entries((JSON.parse(textOf(file)) as Old).data).flatMap(([base, row]) => {
        if (typeof row === 'string') return [];
        const volume = { acc_trade_volume_24h: row.units_traded_24H };
        const value = { acc_trade_price_24h: row.acc_trade_value_24H };
        return { market: `${quote}-${base}`, trade_price: row.closing_price, ...volume, ...value };
      }),
    );
    const table = bithumb.symbols?.([tickers]) ?? new Map();
    const { tickers: paths } = bithumb.requests;
    assert.ok(typeof paths === 'function');
    const named = paths(table).map((path) =>
      (new URL(path, 'http://a').searchParams.get('markets') ?? '').split(','),
    );
    assert.deepEqual(
      named.map(({ length }) => length),
      [200, tickers.length - 200],
    );
    const bodies = named.map((names) => tickers.filter(({ market }) => names.includes(market)));
    const parsed = bithumb.parse(arriving(bodies) as unknown[], table);
    assert.equal(parsed.rows.length, tickers.length);
    assert.deepEqual(parsed.dropped, {});
    assertSeriesOfTheirOwn(parsed);
    assert.deepEqual(plain(rowOf(parsed, 'KRW-BTC')), {
      exchange: 'bithumb',
      symbol: 'KRW-BTC',
      base: 'btc',
      quote: 'krw',
      pair: 'btckrw',
      price: '23088000',
      volume: '2376.70871771',
      quoteVolume: '54544486724.9381',
    });
    assert.equal(rowOf(parsed, 'BTC-ETH').pair, 'ethbtc');
  });
});

describe('what these exchanges say when they do not answer', () => {
  const CASES: readonly [PriceAdapter, string, RefusalReason][] = [
    [cryptocom, '{"id":-1,"code":42901,"message":"TOO_MANY_REQUESTS"}', 'rate-limited'],
    [cryptocom, '{"code":9010001,"message":"SYSTEM_MAINTENANCE"}', 'maintenance'],
    [cryptocom, '{"id":-1,"code":40004,"message":"Missing or invalid argument"}', 'error-body'],
    [gemini, '{"result":"error","reason":"RateLimit","message":"too frequently"}', 'rate-limited'],
    [gemini, '{"result":"error","reason":"Maintenance"}', 'maintenance'],
    [gemini, '{"result":"error","reason":"Bad Request","message":"no"}', 'error-body'],
    [poloniex, '{"code":429,"message":"Request too frequent"}', 'rate-limited'],
    [poloniex, '{"code":500,"message":"Internal System Error"}', 'server-error'],
    [poloniex, '{"code":24101,"data":"","msg":"Invalid symbol!"}', 'error-body'],
    [upbit, '{"name":"too_many_requests"}', 'rate-limited'],
    [upbit, '{"error":{"name":404,"message":"Code not found"}}', 'error-body'],
    [bithumb, '{"error":{"name":"400","message":"Parameter markets"}}', 'error-body'],
    [bithumb, '{"status":"5500","message":"Invalid Parameter"}', 'error-body'],
  ];
  for (const [adapter, text, reason] of CASES) {
    it(`${adapter.id}: ${text} is refused as ${reason}, also for a market list and for candles`, () => {
      const body = parseNumberJson(text);
      assertRefused(adapter, body, reason);
      const market = { exchange: adapter.id, symbol: 'X', base: 'x', quote: 'y' };
      const is = (error: unknown) => error instanceof Refusal && error.reason === reason;
      assert.throws(() => adapter.candles?.parse(body, market), is);
      if (adapter.symbols) assert.throws(() => adapter.symbols?.([body]), is);
    });
  }
});
