import type { Pair, Quote } from '../market.ts';
import { type Book, barsOf, queryNumber, upper } from './book.ts';

/** A coin that was renamed keeps its id: GALA is still GALAX here. */
export const idOf = ({ base, quote }: Pair): string =>
  upper({ base: base === 'gala' ? 'galax' : base, quote }, '-');

function tickerOf(row: Quote, symbol: string): object {
  return {
    symbol,
    symbolName: upper(row, '-'),
    buy: row.bid,
    bestBidSize: '0.1',
    sell: row.ask,
    bestAskSize: '1',
    vol: row.volume,
    volValue: row.quoteVolume,
    last: row.last,
    averagePrice: row.average,
    takerFeeRate: '0.001',
  };
}

/** What the ticket names: a ping is due after the first, and missed after both, in ms. */
export const PING_MS = 18_000;
export const PING_TIMEOUT_MS = 10_000;
export const TOKEN = 'demo-token';

const serverOf = (origin: string): object => ({
  endpoint: `${origin.replace('http:', 'ws:')}/`,
  encrypt: false,
  protocol: 'websocket',
  pingInterval: PING_MS,
  pingTimeout: PING_TIMEOUT_MS,
});

export const kucoin: Book = {
  answers: {
    '/api/v1/market/allTickers': (market, nowMs) => {
      const rows = market.quotes('kucoin', nowMs);
      const ticker = rows.map((row) => tickerOf(row, idOf(row)));
      const first = rows[0];
      if (first) {
        ticker.push(tickerOf({ ...first, base: 'btc3l' }, 'BTC3L-USDT'));
        ticker.push({ ...tickerOf(first, 'NEW-USDT'), last: null, buy: null, sell: null });
      }
      return JSON.stringify({ code: '200000', data: { time: nowMs, ticker } });
    },
    '/api/v2/symbols': (market) => {
      const listing = (symbol: string, name: string) => ({
        symbol,
        name,
        baseCurrency: symbol.split('-')[0],
        quoteCurrency: symbol.split('-')[1],
        market: 'USDS',
        enableTrading: true,
      });
      const rows = market.pairs('kucoin').map((pair) => listing(idOf(pair), upper(pair, '-')));
      const more = ['BTC3L-USDT', 'NEW-USDT'].map((symbol) => listing(symbol, symbol));
      return JSON.stringify({ code: '200000', data: [...rows, ...more] });
    },
  },
  candles(url, market, nowMs) {
    if (url.pathname !== '/api/v1/market/candles') return undefined;
    const bars = barsOf(market, {
      exchange: 'kucoin',
      symbol: url.searchParams.get('symbol') ?? '',
      symbolOf: idOf,
      fromMs: queryNumber(url, 'startAt') * 1_000,
      toMs: queryNumber(url, 'endAt') * 1_000,
      nowMs,
      rowsMax: 1_500,
      keep: 'newest',
    });
    if (!bars) return '{"msg":"Unsupported trading pair.","code":"400100"}';
    const data = bars.map(({ startMs, open, close, high, low, volume, quoteVolume }) => {
      return [String(startMs / 1_000), open, close, high, low, volume, quoteVolume];
    });
    return JSON.stringify({ code: '200000', data: data.reverse() });
  },
  posts: {
    '/api/v1/bullet-public': (origin) =>
      JSON.stringify({
        code: '200000',
        data: { token: TOKEN, instanceServers: [serverOf(origin)] },
      }),
  },
};
