import { z } from 'zod';
import type { CandleSource, PriceAdapter } from '../adapter.ts';
import { collectCandles } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { collectRows, shaped } from '../rows.ts';
import { coinbaseStream } from './coinbase-stream.ts';

const answer = z.object({ products: z.array(z.unknown()) });

const number = z.string().nullish();
const flag = z.boolean().optional();
const product = z.object({
  product_id: z.string(),
  product_type: z.string(),
  base_currency_id: z.string(),
  quote_currency_id: z.string(),
  price: number,
  volume_24h: number,
  approximate_quote_24h_volume: number,
  status: z.string().optional(),
  is_disabled: flag,
  trading_disabled: flag,
});
const absent = z.undefined().optional();
const failure = z.union([
  z.object({ message: z.string(), products: absent, candles: absent }),
  z.object({ error: z.string(), products: absent, candles: absent }),
]);

function refuseFailure(body: unknown): void {
  const failed = failure.safeParse(body);
  if (failed.success) throw errorBody('coinbase', Object.values(failed.data).join(' '));
}

const history = z.object({ candles: z.array(z.unknown()) });
/** `start` in seconds, as text. */
const candle = z.object({
  start: z.string(),
  low: number,
  high: number,
  open: number,
  close: number,
  volume: number,
});

/**
 * The newest first; minutes without a trade have no row.
 * https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/ (public: product candles)
 */
const candles: CandleSource = {
  // 350 by its documents; both ends of the range count.
  pageRowsMax: 300,
  // 10 requests a second.
  spacingMs: 200,
  request({ symbol }, { fromMs, toMs }) {
    const product = `/api/v3/brokerage/market/products/${encodeURIComponent(symbol)}`;
    const range = `start=${fromMs / 1_000}&end=${toMs / 1_000}`;
    return `${product}/candles?${range}&granularity=ONE_MINUTE&limit=350`;
  },
  parse(body) {
    refuseFailure(body);
    return collectCandles(shaped(history, body).candles, (raw) => {
      const row = candle.safeParse(raw);
      return row.success ? { ...row.data, startMs: Number(row.data.start) * 1_000 } : undefined;
    });
  },
};

/**
 * https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/ (public: list public products)
 *
 * Coinbase has no all-ticker request with bid and ask: this one gives price and volume of every
 * product without a key. It tells no time of its own.
 */
export const coinbase: PriceAdapter = {
  id: 'coinbase',
  baseUrl: 'https://api.coinbase.com',
  byDefault: true,
  requests: { tickers: ['/api/v3/brokerage/market/products?product_type=SPOT'], lists: [] },
  candles,
  stream: coinbaseStream,
  parse([body]) {
    refuseFailure(body);
    return collectRows('coinbase', shaped(answer, body).products, (raw) => {
      const row = product.safeParse(raw);
      if (!row.success) return 'malformed';
      const data = row.data;
      if (data.product_type === 'FUTURE') return 'derivative';
      if (data.product_type !== 'SPOT') return 'non-spot';
      const online = data.status === undefined || data.status === '' || data.status === 'online';
      if (!online || data.is_disabled || data.trading_disabled) return 'not-trading';
      return {
        symbol: data.product_id,
        base: data.base_currency_id,
        quote: data.quote_currency_id,
        price: data.price,
        volume: data.volume_24h,
        quoteVolume: data.approximate_quote_24h_volume,
      };
    });
  },
};
