import type { Quote } from '../market.ts';
import { type Book, barsOf, queryNumber, rowsAsked, upper } from './book.ts';

const row = (symbol: string, { last, bid, ask, volume, quoteVolume, timeMs }: Quote) => ({
  i: symbol,
  h: last,
  l: last,
  a: last,
  v: volume,
  vv: quoteVolume,
  c: '0.0100',
  b: bid,
  k: ask,
  t: timeMs,
});

/** A deposit product stands among the markets, with 0 in every place. */
const DEPOSIT = {
  ...{ i: 'VET-D365-LTV', h: '0', l: '0', a: '0', v: '0', vv: '0', c: '0', b: '0', k: '0' },
  ...{ oi: '0', t: 0 },
};

export const cryptocom: Book = {
  answers: {
    '/exchange/v1/public/get-tickers': (market, nowMs) => {
      const quotes = market.quotes('cryptocom', nowMs);
      const data: object[] = quotes.map((quote) => row(upper(quote, '_'), quote));
      const first = quotes[0];
      if (first) data.push({ ...row(`${upper(first)}-PERP`, first), b: null });
      data.push(DEPOSIT);
      return JSON.stringify({ id: -1, method: 'public/get-tickers', code: 0, result: { data } });
    },
  },
  candles(url, market, nowMs) {
    if (url.pathname !== '/exchange/v1/public/get-candlestick') return undefined;
    const symbol = url.searchParams.get('instrument_name') ?? '';
    const bars = barsOf(market, {
      exchange: 'cryptocom',
      symbol,
      symbolOf: (pair) => upper(pair, '_'),
      fromMs: queryNumber(url, 'start_ts'),
      toMs: queryNumber(url, 'end_ts'),
      nowMs,
      rowsMax: rowsAsked(url, 'count', { usual: 25, most: 300 }),
      keep: 'newest',
    });
    if (!bars)
      return { status: 400, body: '{"id":-1,"code":40004,"message":"Invalid instrument"}' };
    const data = bars.map(({ startMs, open, high, low, close, volume }) => {
      return { o: open, h: high, l: low, c: close, v: volume, t: startMs };
    });
    const result = { interval: '1m', data, instrument_name: symbol };
    return JSON.stringify({ id: -1, method: 'public/get-candlestick', code: 0, result });
  },
};
