import { z } from 'zod';
import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { collectCandles, usualCandle } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import { maybe, name, openList, type RowIn, rowShape, shaped, text } from '../shapes.ts';
import { multiplies, symbolTable } from '../symbols.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Tickers, instruments and candles come in the same envelope. */
const answer = z.object({
  retCode: z.string(),
  result: z.object({ list: openList }),
  time: z.string().optional(),
});
const failure = rowShape({ retCode: text, retMsg: maybe });

const listing = rowShape({
  symbol: text,
  baseCoin: text,
  quoteCoin: text,
  status: text,
});

const ticker = rowShape({
  symbol: name,
  lastPrice: maybe,
  bid1Price: maybe,
  ask1Price: maybe,
  volume24h: maybe,
  turnover24h: maybe,
});

function answerOf(body: unknown): z.infer<typeof answer> {
  if (failure.is(body) && body.retCode !== '0') {
    throw errorBody('bybit', `${body.retCode} ${body.retMsg ?? ''}`);
  }
  return shaped(answer, body);
}

/** The innovation zone and tokenised shares are spot markets as others are: they stay. */
function listed(row: RowIn<typeof listing>): Assets | DropReason {
  if (multiplies(row.baseCoin)) return 'leveraged';
  if (row.status !== 'Trading') return 'not-trading';
  return { base: row.baseCoin, quote: row.quoteCoin };
}

/**
 * Rows, the newest first: start (ms), open, high, low, close, volume in base units, turnover.
 * https://bybit-exchange.github.io/docs/v5/market/kline
 */
const candles: CandleSource = {
  pageRowsMax: 1_000,
  // 600 in 5 s for an address, with everything else that it asks.
  spacingMs: 100,
  request({ symbol }, { fromMs, toMs }) {
    const market = `category=spot&symbol=${encodeURIComponent(symbol)}&interval=1`;
    return `/v5/market/kline?${market}&start=${fromMs}&end=${toMs - 1}&limit=1000`;
  },
  parse(body) {
    return collectCandles(answerOf(body).result.list, usualCandle);
  },
};

/** https://bybit-exchange.github.io/docs/v5/market/tickers */
export const bybit: PriceAdapter = {
  id: 'bybit',
  baseUrl: 'https://api.bybit.com',
  byDefault: true,
  requests: {
    tickers: ['/v5/market/tickers?category=spot'],
    // Symbols are glued (BTCUSDT). Of spot the list comes in one page.
    lists: [{ path: '/v5/market/instruments-info?category=spot', refreshMs: HOUR_MS }],
  },
  reads: {
    tickers: { ...failure.members, time: true, result: { list: ticker.members } },
    lists: { ...failure.members, result: { list: listing.members } },
  },
  candles,
  // 403 is a ban of the address, usually for 30 minutes; who goes on asking stays banned.
  pauses: { 403: 30 * MINUTE_MS },
  symbols([body]) {
    return symbolTable(answerOf(body).result.list, (raw) =>
      listing.is(raw) ? { symbol: raw.symbol, as: listed(raw) } : undefined,
    );
  },
  parse([body], symbols) {
    const { result, time } = answerOf(body);
    return collectRows('bybit', result.list, (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      const { symbol, lastPrice, bid1Price, ask1Price, volume24h, turnover24h } = raw;
      const assets = symbols.get(symbol);
      if (assets === undefined) return 'unknown-symbol';
      if (typeof assets === 'string') return assets;
      return {
        symbol,
        assets,
        price: lastPrice,
        bid: bid1Price,
        ask: ask1Price,
        volume: volume24h,
        quoteVolume: turnover24h,
        exchangeTimeMs: Number(time ?? 0),
      };
    });
  },
};
