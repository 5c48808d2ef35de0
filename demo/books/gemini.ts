import { type Book, bare, barsOf, upper } from './book.ts';

const listing = (symbol: string, base: string, quote: string, status: string) => ({
  symbol,
  base_currency: base.toUpperCase(),
  quote_currency: quote.toUpperCase(),
  tick_size: 1e-8,
  quote_increment: 0.01,
  min_order_size: '0.00001',
  status,
  wrap_enabled: false,
  product_type: symbol.endsWith('PERP') ? 'swap' : 'spot',
});

export const gemini: Book = {
  answers: {
    '/v1/pricefeed': (market, nowMs) => {
      const rows = market.quotes('gemini', nowMs).map((quote) => ({
        pair: upper(quote),
        price: quote.last,
        percentChange24h: '0.0100',
      }));
      const perpetual = rows[0] && { ...rows[0], pair: 'BTCGUSDPERP' };
      return JSON.stringify([...rows, ...(perpetual ? [perpetual] : [])]);
    },
    '/v1/symbols/details/all': (market, nowMs) => {
      const rows = market
        .quotes('gemini', nowMs)
        .map((quote) => listing(upper(quote), quote.base, quote.quote, 'open'));
      const closed = listing('GUSDUSD', 'gusd', 'usd', 'closed');
      return JSON.stringify([...rows, closed, listing('BTCGUSDPERP', 'btc', 'gusd', 'open')]);
    },
  },
  candles(url, market, nowMs) {
    const symbol = /^\/v2\/candles\/([a-z0-9]+)\/1m$/.exec(url.pathname)?.[1];
    if (symbol === undefined) return undefined;
    const bars = barsOf(market, {
      exchange: 'gemini',
      symbol,
      symbolOf: ({ base, quote }) => base + quote,
      // A window that no parameter moves.
      fromMs: Number.NaN,
      toMs: Number.NaN,
      nowMs,
      rowsMax: 1_440,
      keep: 'newest',
    });
    if (!bars) {
      const message = `Supplied value '${symbol}' is not a valid symbol`;
      const body = JSON.stringify({ result: 'error', reason: 'Bad Request', message });
      return { status: 400, body };
    }
    const rows = bars.map(({ startMs, open, high, low, close, volume }) => {
      return `[${startMs},${[open, high, low, close, volume].map(bare).join(',')}]`;
    });
    return `[${rows.reverse().join(',')}]`;
  },
};
