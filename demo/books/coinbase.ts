import type { Pair } from '../market.ts';
import { type Book, barsOf, queryNumber, upper } from './book.ts';

const ROWS_MAX = 350;

export const coinbase: Book = {
  answers: {
    '/api/v3/brokerage/market/products?product_type=SPOT': (market, nowMs) => {
      const products = market.quotes('coinbase', nowMs).map((row) => ({
        product_id: upper(row, '-'),
        price: row.last,
        volume_24h: row.volume,
        approximate_quote_24h_volume: row.quoteVolume,
        status: 'online',
        is_disabled: false,
        trading_disabled: false,
        product_type: 'SPOT',
        base_currency_id: row.base.toUpperCase(),
        quote_currency_id: row.quote.toUpperCase(),
      }));
      const fresh = { ...products[0], product_id: 'NEW-USD', base_currency_id: 'NEW', price: '' };
      return JSON.stringify({ products: [...products, fresh], num_products: products.length + 1 });
    },
  },
  candles(url, market, nowMs) {
    const path = /^\/api\/v3\/brokerage\/market\/products\/([^/]+)\/candles$/;
    const symbol = path.exec(url.pathname)?.[1];
    if (symbol === undefined) return undefined;
    const fromMs = queryNumber(url, 'start') * 1_000;
    const toMs = queryNumber(url, 'end') * 1_000;
    if (!((toMs - fromMs) / 60_000 < ROWS_MAX)) {
      const message = `number of candles requested should be less than ${ROWS_MAX}`;
      return { status: 400, body: JSON.stringify({ error: 'INVALID_ARGUMENT', message }) };
    }
    const query = { exchange: 'coinbase', symbol, symbolOf: (pair: Pair) => upper(pair, '-') };
    // The end counts.
    const range = { fromMs, toMs: toMs + 1, nowMs };
    const bars = barsOf(market, { ...query, ...range, rowsMax: ROWS_MAX, keep: 'newest' });
    if (!bars) return { status: 404, body: '{"error":"NOT_FOUND","message":"unknown product"}' };
    const candles = bars.map(({ startMs, open, high, low, close, volume }) => {
      return { start: String(startMs / 1_000), low, high, open, close, volume };
    });
    return JSON.stringify({ candles: candles.reverse() });
  },
};
