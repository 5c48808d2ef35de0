import type { Pair } from '../market.ts';
import { type Book, barsOf, queryNumber, rowsAsked, upper } from './book.ts';

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
  candles(url, market, nowMs) {
    if (!/^\/api\/v5\/market\/(history-)?candles$/.test(url.pathname)) return undefined;
    const symbol = url.searchParams.get('instId') ?? '';
    const bars = barsOf(market, {
      exchange: 'okx',
      symbol,
      symbolOf: (pair: Pair) => upper(pair, '-'),
      // Both exclusive.
      fromMs: queryNumber(url, 'before') + 1,
      toMs: queryNumber(url, 'after'),
      nowMs,
      rowsMax: rowsAsked(url, 'limit', { usual: 100, most: 300 }),
      keep: 'newest',
    });
    if (!bars) {
      const msg = `Instrument ID ${symbol} does not exist`;
      return JSON.stringify({ code: '51001', msg, data: [] });
    }
    const data = bars.map(({ startMs, open, high, low, close, volume, quoteVolume, closed }) => {
      const end = [volume, quoteVolume, quoteVolume, closed ? '1' : '0'];
      return [String(startMs), open, high, low, close, ...end];
    });
    return JSON.stringify({ code: '0', msg: '', data: data.reverse() });
  },
};
