import { type Book, upper } from './book.ts';

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
};
