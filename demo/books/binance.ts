import { type Book, barsOf, queryNumber, rowsAsked, upper, ZERO } from './book.ts';

export const binance: Book = {
  answers: {
    '/api/v3/ticker/24hr': (market, nowMs) => {
      const rows = market.quotes('binance', nowMs).map((row) => ({
        symbol: upper(row),
        weightedAvgPrice: row.average,
        lastPrice: row.last,
        bidPrice: row.bid,
        askPrice: row.ask,
        volume: row.volume,
        quoteVolume: row.quoteVolume,
        openTime: row.timeMs - 86_400_000,
        closeTime: row.timeMs,
        count: 1_000,
      }));
      const nothing = { lastPrice: ZERO, bidPrice: ZERO, askPrice: ZERO, volume: ZERO };
      const halted = { ...rows[0], ...nothing, quoteVolume: ZERO, symbol: 'BCCBTC', count: 0 };
      return JSON.stringify([...rows, halted, { ...rows[0], symbol: '123456' }]);
    },
    '/api/v3/exchangeInfo?showPermissionSets=false': (market, nowMs) => {
      const listing = (symbol: string, baseAsset: string, quoteAsset: string, status: string) => ({
        symbol,
        status,
        baseAsset,
        quoteAsset,
        isSpotTradingAllowed: true,
      });
      const rows = market.quotes('binance', nowMs).map((row) => {
        return listing(upper(row), row.base.toUpperCase(), row.quote.toUpperCase(), 'TRADING');
      });
      const symbols = [...rows, listing('BCCBTC', 'BCC', 'BTC', 'BREAK')];
      return JSON.stringify({ timezone: 'UTC', serverTime: nowMs, symbols });
    },
  },
  candles(url, market, nowMs) {
    if (url.pathname !== '/api/v3/klines') return undefined;
    const bars = barsOf(market, {
      exchange: 'binance',
      symbol: url.searchParams.get('symbol') ?? '',
      symbolOf: upper,
      fromMs: queryNumber(url, 'startTime'),
      // Inclusive.
      toMs: queryNumber(url, 'endTime') + 1,
      nowMs,
      rowsMax: rowsAsked(url, 'limit', { usual: 500, most: 1_000 }),
      keep: url.searchParams.has('startTime') ? 'oldest' : 'newest',
    });
    if (!bars) return { status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' };
    const rows = bars.map(({ startMs, open, high, low, close, volume, quoteVolume }) => {
      const end = [startMs + 59_999, quoteVolume, 10, ZERO, ZERO, '0'];
      return [startMs, open, high, low, close, volume, ...end];
    });
    return JSON.stringify(rows);
  },
};
