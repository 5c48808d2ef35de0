import type { Quote } from '../market.ts';
import { type Book, upper } from './book.ts';

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
};
