import { z } from 'zod';
import type { CandleSource, PriceAdapter } from '../adapter.ts';
import { cells, collectCandles } from '../candles.ts';
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

function refuseFailure(body: unknown): void {
  const failed = failure.safeParse(body);
  if (failed.success && failed.data.code !== '0') {
    throw errorBody('okx', `${failed.data.code} ${failed.data.msg ?? ''}`);
  }
}

/**
 * Rows, the newest first: start (ms), open, high, low, close, volume (of spot: base units), volume
 * in quote (twice), confirm (0: still open). `market/candles` knows the newest 1,440 rows alone.
 * https://www.okx.com/docs-v5/en/#order-book-trading-market-data-get-candlesticks-history
 */
const candles: CandleSource = {
  pageRowsMax: 300,
  // 20 requests in 2 s.
  spacingMs: 200,
  request({ symbol }, { fromMs, toMs }) {
    // Rows before `after` and after `before`, as strange as it sounds; both are exclusive.
    const range = `after=${toMs}&before=${fromMs - 1}&limit=300`;
    return `/api/v5/market/history-candles?instId=${encodeURIComponent(symbol)}&bar=1m&${range}`;
  },
  parse(body) {
    refuseFailure(body);
    return collectCandles(shaped(answer, body).data, (raw) => {
      const row = cells(raw, 9);
      if (row?.[8] !== '1') return undefined;
      const [startMs, open, high, low, close, volume] = row;
      return { startMs: Number(startMs), open, high, low, close, volume };
    });
  },
};

/** https://www.okx.com/docs-v5/en/#order-book-trading-market-data-get-tickers */
export const okx: PriceAdapter = {
  id: 'okx',
  baseUrl: 'https://www.okx.com',
  byDefault: true,
  requests: { tickers: ['/api/v5/market/tickers?instType=SPOT'], lists: [] },
  candles,
  parse([body]) {
    refuseFailure(body);
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
