import type { Pair } from '../market.ts';
import { type Book, barsOf, queryNumber, rowsAsked, upper } from './book.ts';

function answer(list: readonly unknown[], nowMs: number): string {
  const result = { category: 'spot', list };
  return JSON.stringify({ retCode: 0, retMsg: 'OK', result, retExtInfo: {}, time: nowMs });
}

export const bybit: Book = {
  answers: {
    '/v5/market/tickers?category=spot': (market, nowMs) => {
      const rows = market.quotes('bybit', nowMs).map((row) => ({
        symbol: upper(row),
        bid1Price: row.bid,
        bid1Size: '2',
        ask1Price: row.ask,
        ask1Size: '1.862172',
        lastPrice: row.last,
        turnover24h: row.quoteVolume,
        volume24h: row.volume,
      }));
      return answer([...rows, { ...rows[0], symbol: 'BTC3LUSDT' }], nowMs);
    },
    '/v5/market/instruments-info?category=spot': (market, nowMs) => {
      const listing = ({ base, quote }: Pair) => ({
        symbol: upper({ base, quote }),
        baseCoin: base.toUpperCase(),
        quoteCoin: quote.toUpperCase(),
        innovation: '0',
        status: 'Trading',
        symbolType: '',
      });
      const rows = [...market.pairs('bybit'), { base: 'btc3l', quote: 'usdt' }].map(listing);
      return answer(rows, nowMs);
    },
  },
  candles(url, market, nowMs) {
    if (url.pathname !== '/v5/market/kline') return undefined;
    const bars = barsOf(market, {
      exchange: 'bybit',
      symbol: url.searchParams.get('symbol') ?? '',
      symbolOf: upper,
      fromMs: queryNumber(url, 'start'),
      // Inclusive.
      toMs: queryNumber(url, 'end') + 1,
      nowMs,
      rowsMax: rowsAsked(url, 'limit', { usual: 200, most: 1_000 }),
      keep: 'newest',
    });
    if (!bars) return '{"retCode":10001,"retMsg":"Not supported symbols","result":{}}';
    const rows = bars.map(({ startMs, open, high, low, close, volume, quoteVolume }) => {
      return [String(startMs), open, high, low, close, volume, quoteVolume];
    });
    return answer(rows.reverse(), nowMs);
  },
};
