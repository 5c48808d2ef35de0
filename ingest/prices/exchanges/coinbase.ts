import { z } from 'zod';
import type { PriceAdapter } from '../adapter.ts';
import { errorBody } from '../refusal.ts';
import { collectRows, shaped } from '../rows.ts';

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
const failure = z.union([
  z.object({ message: z.string(), products: z.undefined().optional() }),
  z.object({ error: z.string(), products: z.undefined().optional() }),
]);

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
  parse([body]) {
    const failed = failure.safeParse(body);
    if (failed.success) throw errorBody('coinbase', Object.values(failed.data).join(' '));
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
