import type { Quote } from '../market.ts';
import { type Book, barsOf, queryNumber, rowsAsked, upper } from './book.ts';

const row = (symbol: string, quote: Quote) => ({
  symbol,
  open: quote.average,
  low: quote.last,
  high: quote.last,
  close: quote.last,
  quantity: quote.volume,
  amount: quote.quoteVolume,
  tradeCount: 1_000,
  startTime: quote.timeMs - 86_400_000,
  closeTime: quote.timeMs,
  displayName: symbol.replace('_', '/'),
  dailyChange: '0.0100',
  bid: quote.bid,
  bidQuantity: '1.5',
  ask: quote.ask,
  askQuantity: '2.5',
  ts: quote.timeMs,
  markPrice: quote.last,
});

const listing = (symbol: string, state: string) => {
  const [baseCurrencyName, quoteCurrencyName] = symbol.split('_');
  return {
    symbol,
    baseCurrencyName,
    quoteCurrencyName,
    displayName: symbol.replace('_', '/'),
    state,
    visibleStartTime: 1_659_018_816_626,
    tradableStartTime: 1_659_018_816_626,
  };
};

export const poloniex: Book = {
  answers: {
    '/markets/ticker24h': (market, nowMs) => {
      const quotes = market.quotes('poloniex', nowMs);
      const first = quotes[0];
      const rows = quotes.map((quote) => row(upper(quote, '_'), quote));
      const others = first ? [row('BTC3L_USDT', first), row('NXT_BTC', first)] : [];
      return JSON.stringify([...rows, ...others]);
    },
    '/markets': (market, nowMs) => {
      const rows = market
        .quotes('poloniex', nowMs)
        .map((quote) => listing(upper(quote, '_'), 'NORMAL'));
      const others = [listing('BTC3L_USDT', 'NORMAL'), listing('NXT_BTC', 'PAUSE')];
      return JSON.stringify([...rows, ...others]);
    },
  },
  candles(url, market, nowMs) {
    const symbol = /^\/markets\/([A-Z0-9]+_[A-Z0-9]+)\/candles$/.exec(url.pathname)?.[1];
    if (symbol === undefined || url.searchParams.get('interval') !== 'MINUTE_1') return undefined;
    const bars = barsOf(market, {
      exchange: 'poloniex',
      symbol,
      symbolOf: (pair) => upper(pair, '_'),
      fromMs: queryNumber(url, 'startTime'),
      // Inclusive.
      toMs: queryNumber(url, 'endTime') + 1,
      nowMs,
      rowsMax: rowsAsked(url, 'limit', { usual: 100, most: 500 }),
      keep: 'newest',
    });
    if (!bars) return { status: 400, body: '{"code":400,"message":"symbol not found"}' };
    const rows = bars.map(({ startMs, open, high, low, close, volume, quoteVolume }) => {
      const taken = [quoteVolume, volume, '0', '0', 5, startMs + 59_000, close, 'MINUTE_1'];
      return [low, high, open, close, ...taken, startMs, startMs + 59_999];
    });
    return JSON.stringify(rows);
  },
};
