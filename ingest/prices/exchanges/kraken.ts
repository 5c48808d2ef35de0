import { z } from 'zod';
import type { PriceAdapter } from '../adapter.ts';
import { errorBody, Refusal } from '../refusal.ts';
import { collectRows, openMap, product, shaped, sides } from '../rows.ts';

const answer = z.object({
  error: z.array(z.string()),
  result: openMap.optional(),
});

const number = z.string();
/** Index 1 of `v` and `p` is the last 24 h, index 0 is today since 00:00 UTC. */
const ticker = z.object({
  a: z.tuple([number], number),
  b: z.tuple([number], number),
  c: z.tuple([number], number),
  v: z.tuple([number, number]),
  p: z.tuple([number, number]),
});

/** Old asset names; `assetVersion=1` answers with the new ones, a proxy in between might not. */
const ALIASES = new Map([
  ['XBT', 'BTC'],
  ['XDG', 'DOGE'],
]);

/** https://docs.kraken.com/api/docs/rest-api/get-ticker-information */
export const kraken: PriceAdapter = {
  id: 'kraken',
  baseUrl: 'https://api.kraken.com',
  byDefault: true,
  // With assetVersion=1 the keys are `BTC/USD`; without it a market list would be needed.
  requests: { tickers: ['/0/public/Ticker?assetVersion=1'], lists: [] },
  parse([body]) {
    const { error, result } = shaped(answer, body);
    if (error.length > 0) throw errorBody('kraken', error.join(', '));
    if (!result) throw new Refusal('shape', 'result: absent');
    return collectRows('kraken', Object.entries(result), ([symbol, raw]) => {
      if (symbol.endsWith('.d')) return 'dark-pool';
      // `BTC/USD:BTNL` is another venue's book of the same pair.
      if (symbol.includes(':')) return 'non-spot';
      const assets = sides(symbol, '/', ALIASES);
      if (!assets) return 'unknown-symbol';
      const row = ticker.safeParse(raw);
      if (!row.success) return 'malformed';
      const { a, b, c, v, p } = row.data;
      return {
        symbol,
        ...assets,
        price: c[0],
        bid: b[0],
        ask: a[0],
        volume: v[1],
        quoteVolume: product(v[1], p[1]),
      };
    });
  },
};
