import { z } from 'zod';
import type { PriceAdapter } from '../adapter.ts';
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

/** https://www.bitstamp.net/api/#tag/Tickers/operation/GetCurrencyPairTickers */
export const bitstamp: PriceAdapter = {
  id: 'bitstamp',
  baseUrl: 'https://www.bitstamp.net',
  byDefault: true,
  requests: { tickers: ['/api/v2/ticker/'], lists: [] },
  parse([body]) {
    const failed = failure.safeParse(body);
    if (failed.success) throw errorBody('bitstamp', Object.values(failed.data).join(' '));
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
