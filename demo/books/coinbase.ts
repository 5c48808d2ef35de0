import { type Book, upper } from './book.ts';

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
};
