import type { Quote } from '../market.ts';
import { type Book, upper, ZERO } from './book.ts';

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
};
