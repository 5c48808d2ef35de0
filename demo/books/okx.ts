import { type Book, upper } from './book.ts';

export const okx: Book = {
  answers: {
    '/api/v5/market/tickers?instType=SPOT': (market, nowMs) => {
      const data = market.quotes('okx', nowMs).map((row) => ({
        instType: 'SPOT',
        instId: upper(row, '-'),
        last: row.last,
        askPx: row.ask,
        bidPx: row.bid,
        volCcy24h: row.quoteVolume,
        vol24h: row.volume,
        ts: String(row.timeMs),
      }));
      return JSON.stringify({ code: '0', msg: '', data });
    },
  },
};
