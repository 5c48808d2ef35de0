import { z } from 'zod';
import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { collectCandles } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { type Aliases, collectRows, shaped } from '../rows.ts';
import { multiplies, symbolTable } from '../symbols.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Tickers, symbols and candles come in the same envelope. */
const answer = z.object({
  status: z.literal('ok'),
  data: z.array(z.unknown()),
  ts: z.string().optional(),
});
const failure = z.object({
  status: z.literal('error'),
  'err-code': z.string().nullish(),
  'err-msg': z.string().nullish(),
});

const listing = z.object({
  symbol: z.string(),
  'base-currency': z.string(),
  'quote-currency': z.string(),
  /** online; unknown, not-online, pre-online, suspend, offline, transfer-board and fuse are not. */
  state: z.string(),
  /** Comma-separated; `etp` marks leveraged tokens, also single inverse ones. */
  tags: z.string().nullish(),
  underlying: z.string().nullish(),
});

const number = z.string().nullish();
const ticker = z.object({
  symbol: z.string(),
  close: number,
  bid: number,
  ask: number,
  /** In base units, whatever the names suggest ... */
  amount: number,
  /** ... and this in quote units. */
  vol: number,
});
const candle = z.object({
  id: z.string(),
  open: z.string(),
  high: z.string(),
  low: z.string(),
  close: z.string(),
  amount: number,
});

/** Names that mean another coin elsewhere. */
const ALIASES: Aliases = new Map([
  ['bifi', 'bitcoinfile'],
  ['fud', 'ftxusersdebt'],
  ['get', 'themis'],
  ['gtc', 'gamecom'],
  ['hit', 'hitchain'],
  ['ngl', 'gfngl'],
  ['pnt', 'penta'],
  ['sbtc', 'superbitcoin'],
  ['soul', 'soulsaver'],
]);

function answerOf(body: unknown): z.infer<typeof answer> {
  const failed = failure.safeParse(body);
  if (failed.success) {
    const { 'err-code': code, 'err-msg': text } = failed.data;
    throw errorBody('htx', `${code ?? ''} ${text ?? ''}`);
  }
  return shaped(answer, body);
}

function listed(row: z.infer<typeof listing>): Assets | DropReason {
  const { 'base-currency': base, 'quote-currency': quote, state, tags, underlying } = row;
  const token = tags?.split(',').includes('etp') || Boolean(underlying);
  if (token || multiplies(base)) return 'leveraged';
  return state === 'online' ? { base, quote } : 'not-trading';
}

/**
 * The newest rows, newest first; a range cannot be asked for. `id` is the start in seconds. Minutes
 * without a trade repeat the price, their amount is 0.
 * https://huobiapi.github.io/docs/spot/v1/en/#get-klines-candles
 */
const candles: CandleSource = {
  pageRowsMax: 2_000,
  // 2,000 rows, of which the first is open; some are kept for the way.
  depthMs: 1_980 * MINUTE_MS,
  // 10 in a second.
  spacingMs: 200,
  request({ symbol }) {
    return `/market/history/kline?symbol=${encodeURIComponent(symbol)}&period=1min&size=2000`;
  },
  parse(body) {
    return collectCandles(answerOf(body).data, (raw) => {
      const row = candle.safeParse(raw);
      if (!row.success) return undefined;
      const { id, open, high, low, close, amount } = row.data;
      return { startMs: Number(id) * 1_000, open, high, low, close, volume: amount };
    });
  },
};

/** https://huobiapi.github.io/docs/spot/v1/en/#get-latest-tickers-for-all-pairs */
export const htx: PriceAdapter = {
  id: 'htx',
  baseUrl: 'https://api.huobi.pro',
  byDefault: true,
  requests: {
    tickers: ['/market/tickers'],
    // Symbols are glued and lower case (btcusdt).
    lists: [{ path: '/v1/common/symbols', refreshMs: HOUR_MS }],
  },
  candles,
  symbols([body]) {
    return symbolTable(
      answerOf(body).data,
      (raw) => {
        const row = listing.safeParse(raw);
        return row.success ? { symbol: row.data.symbol, as: listed(row.data) } : undefined;
      },
      ALIASES,
    );
  },
  parse([body], symbols) {
    const { data, ts } = answerOf(body);
    return collectRows('htx', data, (raw) => {
      const row = ticker.safeParse(raw);
      if (!row.success) return 'malformed';
      const { symbol, close, bid, ask, amount, vol } = row.data;
      const assets = symbols.get(symbol);
      if (assets === undefined) return 'unknown-symbol';
      if (typeof assets === 'string') return assets;
      return {
        symbol,
        ...assets,
        price: close,
        bid,
        ask,
        volume: amount,
        quoteVolume: vol,
        exchangeTimeMs: Number(ts ?? 0),
      };
    });
  },
};
