import { z } from 'zod';
import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { collectCandles, usualCandle } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { type Aliases, collectRows } from '../rows.ts';
import { maybe, name, openList, type RowIn, rowShape, shaped, text } from '../shapes.ts';
import { multiplies, symbolTable } from '../symbols.ts';

const HOUR_MS = 3_600_000;

/** Tickers, symbols and candles come in the same envelope. */
const answer = z.object({ code: z.string(), data: openList });
const failure = rowShape({ code: text, msg: maybe });

const listing = rowShape({
  symbol: text,
  baseCoin: text,
  quoteCoin: text,
  /** online; gray (tried out by a few), halt and offline are not. */
  status: text,
});

const ticker = rowShape({
  symbol: name,
  lastPr: maybe,
  bidPr: maybe,
  askPr: maybe,
  baseVolume: maybe,
  quoteVolume: maybe,
  /** 0 at times. */
  ts: maybe,
});

/** Names that mean another coin elsewhere. */
const ALIASES: Aliases = new Map([
  ['APX', 'ASTROPEPEX'],
  ['DEGEN', 'DEGENREBORN'],
  ['EVA', 'EVADORE'],
  ['JADE', 'JADEPROTOCOL'],
  ['TONCOIN', 'TON'],
]);

function answerOf(body: unknown): readonly unknown[] {
  if (failure.is(body) && body.code !== '00000') {
    throw errorBody('bitget', `${body.code} ${body.msg ?? ''}`);
  }
  return shaped(answer, body).data;
}

function listed({ baseCoin, quoteCoin, status }: RowIn<typeof listing>): Assets | DropReason {
  if (multiplies(baseCoin)) return 'leveraged';
  return status === 'online' ? { base: baseCoin, quote: quoteCoin } : 'not-trading';
}

/**
 * Rows: start (ms), open, high, low, close, volume in base units, in USDT, in quote units.
 * `candles` would give 1,000 rows at once, but of the last 30 days alone; `history-candles` has
 * them all. https://www.bitget.com/api-doc/spot/market/Get-History-Candle-Data
 */
const candles: CandleSource = {
  // 200, and one of them may be the minute that begins at `endTime`.
  pageRowsMax: 199,
  // 20 in a second.
  spacingMs: 100,
  request({ symbol }, { toMs }) {
    // The rows before `endTime`: there is no parameter for the start.
    const market = `symbol=${encodeURIComponent(symbol)}&granularity=1min`;
    return `/api/v2/spot/market/history-candles?${market}&endTime=${toMs}&limit=200`;
  },
  parse(body) {
    return collectCandles(answerOf(body), usualCandle);
  },
};

/** https://www.bitget.com/api-doc/spot/market/Get-Tickers */
export const bitget: PriceAdapter = {
  id: 'bitget',
  baseUrl: 'https://api.bitget.com',
  byDefault: true,
  requests: {
    tickers: ['/api/v2/spot/market/tickers'],
    // Symbols are glued (BTCUSDT).
    lists: [{ path: '/api/v2/spot/public/symbols', refreshMs: HOUR_MS }],
  },
  reads: {
    tickers: { ...failure.members, data: ticker.members },
    lists: { ...failure.members, data: listing.members },
  },
  candles,
  symbols([body]) {
    return symbolTable(
      answerOf(body),
      (raw) => (listing.is(raw) ? { symbol: raw.symbol, as: listed(raw) } : undefined),
      ALIASES,
    );
  },
  parse([body], symbols) {
    return collectRows('bitget', answerOf(body), (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      const { symbol, lastPr, bidPr, askPr, baseVolume, quoteVolume, ts } = raw;
      const assets = symbols.get(symbol);
      if (assets === undefined) return 'unknown-symbol';
      if (typeof assets === 'string') return assets;
      return {
        symbol,
        assets,
        price: lastPr,
        bid: bidPr,
        ask: askPr,
        volume: baseVolume,
        quoteVolume,
        exchangeTimeMs: Number(ts ?? 0),
      };
    });
  },
};
