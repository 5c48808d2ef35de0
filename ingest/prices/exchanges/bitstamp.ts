import { z } from 'zod';
import type { CandleSource, PriceAdapter } from '../adapter.ts';
import { collectCandles } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { collectRows, product, shaped, sides } from '../rows.ts';

const number = z.string().nullish();
const ticker = z.object({
  pair: z.string(),
  last: number,
  bid: number,
  ask: number,
  volume: number,
  /** Average price of the last 24 h: volume * vwap is the quote volume. */
  vwap: number,
  timestamp: z.string().optional(),
  market_type: z.string().optional(),
});
const failure = z.union([
  z.object({ error: z.string() }),
  z.object({ status: z.literal('error'), reason: z.string() }),
]);

function refuseFailure(body: unknown): void {
  const failed = failure.safeParse(body);
  if (failed.success) throw errorBody('bitstamp', Object.values(failed.data).join(' '));
}

const history = z.object({ data: z.object({ ohlc: z.array(z.unknown()) }) });
const candle = z.object({
  /** Seconds, as text. */
  timestamp: z.string(),
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
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
      const row = candle.safeParse(raw);
      return row.success ? { ...row.data, startMs: Number(row.data.timestamp) * 1_000 } : undefined;
    });
  },
};

/** https://www.bitstamp.net/api/#tag/Tickers/operation/GetCurrencyPairTickers */
export const bitstamp: PriceAdapter = {
  id: 'bitstamp',
  baseUrl: 'https://www.bitstamp.net',
  byDefault: true,
  requests: { tickers: ['/api/v2/ticker/'], lists: [] },
  candles,
  parse([body]) {
    refuseFailure(body);
    return collectRows('bitstamp', shaped(z.array(z.unknown()), body), (raw) => {
      const row = ticker.safeParse(raw);
      if (!row.success) return 'malformed';
      const { pair, last, bid, ask, volume, vwap, timestamp, market_type } = row.data;
      if (market_type !== undefined && market_type !== 'SPOT') return 'derivative';
      const assets = sides(pair, '/');
      if (!assets) return 'unknown-symbol';
      return {
        symbol: pair,
        ...assets,
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
