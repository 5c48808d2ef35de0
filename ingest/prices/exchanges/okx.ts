import { z } from 'zod';
import type { PriceAdapter } from '../adapter.ts';
import { errorBody } from '../refusal.ts';
import { collectRows, shaped, sides } from '../rows.ts';

const answer = z.object({
  code: z.string(),
  msg: z.string().optional(),
  data: z.array(z.unknown()),
});
const failure = z.object({ code: z.string(), msg: z.string().optional() });

const number = z.string().nullish();
const ticker = z.object({
  instType: z.string(),
  instId: z.string(),
  last: number,
  bidPx: number,
  askPx: number,
  /** Of spot, `vol24h` counts base units and `volCcy24h` quote units; of swaps, contracts. */
  vol24h: number,
  volCcy24h: number,
  ts: z.string().optional(),
});

/** https://www.okx.com/docs-v5/en/#order-book-trading-market-data-get-tickers */
export const okx: PriceAdapter = {
  id: 'okx',
  baseUrl: 'https://www.okx.com',
  byDefault: true,
  requests: { tickers: ['/api/v5/market/tickers?instType=SPOT'], lists: [] },
  parse([body]) {
    const failed = failure.safeParse(body);
    if (failed.success && failed.data.code !== '0') {
      throw errorBody('okx', `${failed.data.code} ${failed.data.msg ?? ''}`);
    }
    return collectRows('okx', shaped(answer, body).data, (raw) => {
      const row = ticker.safeParse(raw);
      if (!row.success) return 'malformed';
      const { instType, instId, last, bidPx, askPx, vol24h, volCcy24h, ts } = row.data;
      if (/^(SWAP|FUTURES|OPTION)$/.test(instType)) return 'derivative';
      if (instType !== 'SPOT') return 'non-spot';
      const assets = sides(instId, '-');
      if (!assets) return 'unknown-symbol';
      return {
        symbol: instId,
        ...assets,
        price: last,
        bid: bidPx,
        ask: askPx,
        volume: vol24h,
        quoteVolume: volCcy24h,
        exchangeTimeMs: Number(ts ?? 0),
      };
    });
  },
};
