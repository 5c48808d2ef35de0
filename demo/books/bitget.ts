import type { Pair } from '../market.ts';
import { type Book, barsOf, queryNumber, rowsAsked, upper } from './book.ts';

function answer(data: readonly unknown[], nowMs: number): string {
  return JSON.stringify({ code: '00000', msg: 'success', requestTime: nowMs, data });
}

export const bitget: Book = {
  answers: {
    '/api/v2/spot/market/tickers': (market, nowMs) => {
      const rows = market.quotes('bitget', nowMs).map((row) => ({
        symbol: upper(row),
        lastPr: row.last,
        quoteVolume: row.quoteVolume,
        baseVolume: row.volume,
        usdtVolume: row.quoteVolume,
        bidPr: row.bid,
        askPr: row.ask,
        // Now and then it is 0.
        ts: row.quote === 'usdc' ? '0' : String(row.timeMs),
      }));
      return answer([...rows, { ...rows[0], symbol: 'TRYOUTUSDT' }], nowMs);
    },
    '/api/v2/spot/public/symbols': (market, nowMs) => {
      const listing = ({ base, quote }: Pair, status: string) => ({
        symbol: upper({ base, quote }),
        baseCoin: base.toUpperCase(),
        quoteCoin: quote.toUpperCase(),
        status,
      });
      const rows = market.pairs('bitget').map((pair) => listing(pair, 'online'));
      return answer([...rows, listing({ base: 'tryout', quote: 'usdt' }, 'gray')], nowMs);
    },
  },
  candles(url, market, nowMs) {
    if (url.pathname !== '/api/v2/spot/market/history-candles') return undefined;
    const bars = barsOf(market, {
      exchange: 'bitget',
      symbol: url.searchParams.get('symbol') ?? '',
      symbolOf: upper,
      fromMs: Number.NaN,
      toMs: queryNumber(url, 'endTime'),
      nowMs,
      rowsMax: rowsAsked(url, 'limit', { usual: 100, most: 200 }),
      keep: 'newest',
    });
    if (!bars) {
      return { status: 400, body: '{"code":"40034","msg":"Parameter does not exist","data":null}' };
    }
    const rows = bars.map(({ startMs, open, high, low, close, volume, quoteVolume }) => {
      return [String(startMs), open, high, low, close, volume, quoteVolume, quoteVolume];
    });
    return answer(rows, nowMs);
  },
};
