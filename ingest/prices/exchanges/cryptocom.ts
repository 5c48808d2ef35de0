import { z } from 'zod';
import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { collectCandles } from '../candles.ts';
import { remembered } from '../market-names.ts';
import { errorBody } from '../refusal.ts';
import { collectRows, sides } from '../rows.ts';
import { maybe, name, openList, optional, rowShape, shaped, text } from '../shapes.ts';

const MINUTE_MS = 60_000;

const answer = z.object({ result: z.object({ data: openList }) });
const failure = rowShape({ code: text, message: optional });

/** `a` is the last trade, `k` the ask. `vv` is worth US dollars, whatever the quote is. */
const ticker = rowShape({
  i: name,
  a: maybe,
  b: maybe,
  k: maybe,
  v: maybe,
  vv: maybe,
  /** ms; 0 for what never traded. */
  t: optional,
});

const SPOT = /^[A-Za-z0-9]+_[A-Za-z0-9]+$/;
/** `BTCUSD-PERP`, `BTCUSD-230331`, `BTCUSD-221230-CW30000`. */
const DERIVATIVE = /-PERP$|-\d{6}(-|$)/;
/** Deposits and loans that the answer lists as if they traded: `ADA-D36500`, `VET-D365-LTV`. */
const PRODUCT = /-D\d+(-LTV)?$|-LTV$|@/;

/** What a symbol stands for; the same ones come at each poll. */
const marketOf = remembered((symbol): Assets | DropReason => {
  if (SPOT.test(symbol)) return sides(symbol, '_') ?? 'unknown-symbol';
  if (DERIVATIVE.test(symbol)) return 'derivative';
  return PRODUCT.test(symbol) ? 'non-spot' : 'unknown-symbol';
});

/** An error stands inside a 200 as well: `code` is 0 when all is well. */
function dataOf(body: unknown): readonly unknown[] {
  if (failure.is(body) && body.code !== '0') {
    throw errorBody('cryptocom', `${body.code} ${body.message ?? ''}`);
  }
  return shaped(answer, body).result.data;
}

const candle = rowShape({ t: text, o: maybe, h: maybe, l: maybe, c: maybe, v: maybe });

const candles: CandleSource = {
  pageRowsMax: 300,
  // 100 requests a second are allowed for each address and method.
  spacingMs: 50,
  // Whether the ends belong to the range is told in two ways: these do for both.
  request: ({ symbol }, { fromMs, toMs }) =>
    `/exchange/v1/public/get-candlestick?instrument_name=${encodeURIComponent(symbol)}` +
    `&timeframe=1m&count=${(toMs - fromMs) / MINUTE_MS}&start_ts=${fromMs - 1}&end_ts=${toMs - 1}`,
  parse: (body) =>
    collectCandles(dataOf(body), (raw) => {
      if (!candle.is(raw)) return undefined;
      const { t, o, h, l, c, v } = raw;
      return { startMs: Number(t), open: o, high: h, low: l, close: c, volume: v };
    }),
};

/** https://exchange-docs.crypto.com/exchange/v1/rest-ws/index.html#public-get-tickers */
export const cryptocom: PriceAdapter = {
  id: 'cryptocom',
  baseUrl: 'https://api.crypto.com',
  byDefault: true,
  requests: { tickers: ['/exchange/v1/public/get-tickers'], lists: [] },
  reads: { tickers: { ...failure.members, result: { data: ticker.members } } },
  candles,
  parse([body]) {
    return collectRows('cryptocom', dataOf(body), (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      const { i: symbol, a, b, k, v, vv, t } = raw;
      const assets = marketOf(symbol);
      if (typeof assets === 'string') return assets;
      return {
        symbol,
        assets,
        price: a,
        bid: b,
        ask: k,
        volume: v,
        quoteVolume: assets.quote === 'USD' ? vv : undefined,
        exchangeTimeMs: Number(t ?? 0),
      };
    });
  },
};
