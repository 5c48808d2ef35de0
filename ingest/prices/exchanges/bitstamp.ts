import { z } from 'zod';
import type { CandleSource, PriceAdapter } from '../adapter.ts';
import { collectCandles } from '../candles.ts';
import { remembered } from '../market-names.ts';
import { errorBody } from '../refusal.ts';
import { collectRows, product, sides } from '../rows.ts';
import { exactly, maybe, name, openList, optional, rowShape, shaped, text } from '../shapes.ts';

const ticker = rowShape({
  pair: name,
  last: maybe,
  bid: maybe,
  ask: maybe,
  volume: maybe,
  /** Average price of the last 24 h: volume * vwap is the quote volume. */
  vwap: maybe,
  timestamp: optional,
  market_type: optional,
});
const failure = rowShape({ error: text });
const otherFailure = rowShape({ status: exactly('error'), reason: text });

/** What a symbol stands for; the same ones come at each poll. */
const marketOf = remembered((symbol) => sides(symbol, '/') ?? 'unknown-symbol');

function refuseFailure(body: unknown): void {
  if (failure.is(body)) throw errorBody('bitstamp', body.error);
  if (otherFailure.is(body)) throw errorBody('bitstamp', body.reason);
}

const history = z.object({ data: z.object({ ohlc: openList }) });
const candle = rowShape({
  /** Seconds, as text. */
  timestamp: text,
  open: maybe,
  high: maybe,
  low: maybe,
  close: maybe,
  volume: maybe,
});

/** https://www.bitstamp.net/api/#tag/Market-info/operation/GetOHLCData */
const candles: CandleSource = {
  pageRowsMax: 1_000,
  // 10,000 requests in 10 minutes.
  spacingMs: 200,
  request({ symbol }, { fromMs, toMs }) {
    const market = encodeURIComponent(symbol.replace('/', '').toLowerCase());
    // One second less than the range: the same rows whether `end` is inclusive or not.
    const range = `start=${fromMs / 1_000}&end=${toMs / 1_000 - 1}`;
    return `/api/v2/ohlc/${market}/?step=60&limit=1000&${range}`;
  },
  parse(body) {
    refuseFailure(body);
    return collectCandles(shaped(history, body).data.ohlc, (raw) => {
      if (!candle.is(raw)) return undefined;
      return { ...raw, startMs: Number(raw.timestamp) * 1_000 };
    });
  },
};

/** https://www.bitstamp.net/api/#tag/Tickers/operation/GetCurrencyPairTickers */
export const bitstamp: PriceAdapter = {
  id: 'bitstamp',
  baseUrl: 'https://www.bitstamp.net',
  byDefault: true,
  requests: { tickers: ['/api/v2/ticker/'], lists: [] },
  reads: { tickers: { ...failure.members, ...otherFailure.members, ...ticker.members } },
  candles,
  parse([body]) {
    refuseFailure(body);
    return collectRows('bitstamp', shaped(openList, body), (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      const { pair, last, bid, ask, volume, vwap, timestamp, market_type } = raw;
      if (market_type !== undefined && market_type !== 'SPOT') return 'derivative';
      const assets = marketOf(pair);
      if (typeof assets === 'string') return assets;
      return {
        symbol: pair,
        assets,
        price: last,
        bid,
        ask,
        volume,
        quoteVolume: product(volume ?? '', vwap ?? ''),
        // Seconds, as text.
        exchangeTimeMs: Number(timestamp ?? 0) * 1000,
      };
    });
  },
};
