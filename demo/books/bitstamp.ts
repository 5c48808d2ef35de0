import { type Book, barsOf, queryNumber, rowsAsked, upper } from './book.ts';

export const bitstamp: Book = {
  answers: {
    '/api/v2/ticker/': (market, nowMs) => {
      const rows = market.quotes('bitstamp', nowMs).map((row) => ({
        timestamp: String(Math.floor(nowMs / 1_000)),
        last: row.last,
        volume: row.volume,
        vwap: row.average,
        bid: row.bid,
        ask: row.ask,
        percent_change_24: null,
        pair: upper(row, '/'),
        market_type: 'SPOT',
      }));
      const perpetual = { ...rows[0], pair: 'BTC/USD-PERP', market_type: 'PERPETUAL' };
      return JSON.stringify([...rows, perpetual]);
    },
  },
  candles(url, market, nowMs) {
    const symbol = /^\/api\/v2\/ohlc\/([a-z0-9]+)\/$/.exec(url.pathname)?.[1];
    if (symbol === undefined || url.searchParams.get('step') !== '60') return undefined;
    const bars = barsOf(market, {
      exchange: 'bitstamp',
      symbol,
      symbolOf: ({ base, quote }) => base + quote,
      fromMs: queryNumber(url, 'start') * 1_000,
      // Inclusive.
      toMs: (queryNumber(url, 'end') + 1) * 1_000,
      nowMs,
      rowsMax: rowsAsked(url, 'limit', { usual: 1, most: 1_000 }),
      keep: url.searchParams.has('start') ? 'oldest' : 'newest',
    });
    if (!bars) return { status: 404, body: '{"status":"error","reason":"Not found"}' };
    const ohlc = bars.map(({ startMs, open, high, low, close, volume }) => {
      return { timestamp: String(startMs / 1_000), open, high, low, close, volume };
    });
    return JSON.stringify({ data: { pair: symbol, ohlc } });
  },
};
