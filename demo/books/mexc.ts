import type { Pair } from '../market.ts';
import { type Book, barsOf, queryNumber, rowsAsked, upper } from './book.ts';

export const mexc: Book = {
  answers: {
    '/api/v3/ticker/24hr': (market, nowMs) => {
      const rows = market.quotes('mexc', nowMs).map((row) => ({
        symbol: upper(row),
        lastPrice: row.last,
        bidPrice: row.bid,
        bidQty: '',
        askPrice: row.ask,
        askQty: '',
        volume: row.volume,
        // Now and then it is null.
        quoteVolume: row.quote === 'usdc' ? null : row.quoteVolume,
        openTime: row.timeMs - 86_400_000,
        closeTime: row.timeMs,
        count: null,
      }));
      const more = ['ETH3SUSDT', 'PAUSEUSDT'].map((symbol) => ({ ...rows[0], symbol }));
      return JSON.stringify([...rows, ...more]);
    },
    '/api/v3/exchangeInfo': (market, nowMs) => {
      const listing = ({ base, quote }: Pair, status: string) => ({
        symbol: upper({ base, quote }),
        status,
        baseAsset: base.toUpperCase(),
        quoteAsset: quote.toUpperCase(),
        isSpotTradingAllowed: true,
        permissions: ['SPOT'],
      });
      const rows = market.pairs('mexc').map((pair) => listing(pair, '1'));
      const token = listing({ base: 'eth3s', quote: 'usdt' }, '1');
      const paused = listing({ base: 'pause', quote: 'usdt' }, '2');
      const symbols = [...rows, token, paused];
      return JSON.stringify({ timezone: 'CST', serverTime: nowMs, symbols });
    },
  },
  candles(url, market, nowMs) {
    if (url.pathname !== '/api/v3/klines') return undefined;
    const ranged = url.searchParams.has('startTime') && url.searchParams.has('endTime');
    const bars = barsOf(market, {
      exchange: 'mexc',
      symbol: url.searchParams.get('symbol') ?? '',
      symbolOf: upper,
      fromMs: ranged ? queryNumber(url, 'startTime') : Number.NaN,
      toMs: ranged ? queryNumber(url, 'endTime') : Number.NaN,
      nowMs,
      rowsMax: rowsAsked(url, 'limit', { usual: 500, most: 500 }),
      keep: ranged ? 'oldest' : 'newest',
    });
    if (!bars) return { status: 400, body: '{"code":10007,"msg":"bad symbol"}' };
    const rows = bars.map(({ startMs, open, high, low, close, volume, quoteVolume }) => {
      return [startMs, open, high, low, close, volume, startMs + 60_000, quoteVolume];
    });
    return JSON.stringify(rows);
  },
};
