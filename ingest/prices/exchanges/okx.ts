import { z } from 'zod';
import type { CandleSource, PriceAdapter } from '../adapter.ts';
import { cells, collectCandles } from '../candles.ts';
import { remembered } from '../market-names.ts';
import { errorBody } from '../refusal.ts';
import { collectRows, sides } from '../rows.ts';
import { maybe, name, openList, optional, rowShape, shaped, text } from '../shapes.ts';

const answer = z.object({
  code: z.string(),
  msg: z.string().optional(),
  data: openList,
});
const failure = rowShape({ code: text, msg: optional });

const ticker = rowShape({
  instType: text,
  instId: name,
  last: maybe,
  bidPx: maybe,
  askPx: maybe,
  /** Of spot, `vol24h` counts base units and `volCcy24h` quote units; of swaps, contracts. */
  vol24h: maybe,
  volCcy24h: maybe,
  ts: optional,
});

/** What a symbol stands for; the same ones come at each poll. */
const marketOf = remembered((symbol) => sides(symbol, '-') ?? 'unknown-symbol');

function refuseFailure(body: unknown): void {
  if (failure.is(body) && body.code !== '0') {
    throw errorBody('okx', `${body.code} ${body.msg ?? ''}`);
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
  reads: { tickers: { ...failure.members, data: ticker.members } },
  candles,
  parse([body]) {
    refuseFailure(body);
    return collectRows('okx', shaped(answer, body).data, (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      const { instType, instId, last, bidPx, askPx, vol24h, volCcy24h, ts } = raw;
      if (/^(SWAP|FUTURES|OPTION)$/.test(instType)) return 'derivative';
      if (instType !== 'SPOT') return 'non-spot';
      const assets = marketOf(instId);
      if (typeof assets === 'string') return assets;
      return {
        symbol: instId,
        assets,
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
