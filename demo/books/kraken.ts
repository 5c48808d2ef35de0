import type { Pair, Quote } from '../market.ts';
import { type Book, barsOf, queryNumber, upper, ZERO } from './book.ts';

const OLD_NAMES: Readonly<Record<string, string>> = { btc: 'XBT', doge: 'XDG' };

/** `XBTUSD` for btc and usd. */
const altName = ({ base, quote }: Pair): string =>
  [base, quote].map((asset) => OLD_NAMES[asset] ?? asset.toUpperCase()).join('');

/** A row of the 2026 Ticker answer: [price, whole lots, lots], [today, 24 h]. */
function krakenRow(row: Quote): object {
  return {
    a: [row.ask, '1', '1.000'],
    b: [row.bid, '1', '1.000'],
    c: [row.last, '0.10000000'],
    v: [ZERO, row.volume],
    p: [row.average, row.average],
    t: [0, 1_000],
    l: [row.last, row.last],
    h: [row.last, row.last],
    o: row.average,
  };
}

export const kraken: Book = {
  answers: {
    '/0/public/Ticker?assetVersion=1': (market, nowMs) => {
      const rows = market.quotes('kraken', nowMs);
      const result: Record<string, object> = {};
      for (const row of rows) result[upper(row, '/')] = krakenRow(row);
      const first = rows[0];
      if (first) {
        result[`${upper(first, '/')}:BTNL`] = krakenRow(first);
        // Delisted, but still in the answer.
        const nothing = { last: '0.00000', bid: '0.00000', ask: '0.00000', volume: ZERO };
        result['AI16Z/USD'] = krakenRow({ ...first, ...nothing, average: '0.00000' });
      }
      return JSON.stringify({ error: [], result });
    },
  },
  candles(url, market, nowMs) {
    if (url.pathname !== '/0/public/OHLC' || url.searchParams.get('interval') !== '1') {
      return undefined;
    }
    const symbol = url.searchParams.get('pair') ?? '';
    const sinceMs = queryNumber(url, 'since') * 1_000;
    const bars = barsOf(market, {
      exchange: 'kraken',
      symbol,
      symbolOf: altName,
      // Exclusive; there is no other end.
      fromMs: sinceMs + 1,
      toMs: Number.NaN,
      nowMs,
      rowsMax: 720,
      keep: 'newest',
    });
    if (!bars) return JSON.stringify({ error: ['EQuery:Unknown asset pair'] });
    const rows = bars.map(({ startMs, open, high, low, close, volume }) => {
      return [startMs / 1_000, open, high, low, close, close, volume, 5];
    });
    const last = (bars.filter(({ closed }) => closed).at(-1)?.startMs ?? 0) / 1_000;
    return JSON.stringify({ error: [], result: { [`X${symbol}`]: rows, last } });
  },
};
