import type { Quote } from '../market.ts';
import { type Book, upper } from './book.ts';

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
};
