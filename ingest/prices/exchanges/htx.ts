import { z } from 'zod';
import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { collectCandles } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { type Aliases, collectRows } from '../rows.ts';
import { exactly, maybe, name, openList, type RowIn, rowShape, shaped, text } from '../shapes.ts';
import { multiplies, symbolTable } from '../symbols.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Tickers, symbols and candles come in the same envelope. */
const answer = z.object({
  status: z.literal('ok'),
  data: openList,
  ts: z.string().optional(),
});
const failure = rowShape({
  status: exactly('error'),
  'err-code': maybe,
  'err-msg': maybe,
});

const listing = rowShape({
  symbol: text,
  'base-currency': text,
  'quote-currency': text,
  /** online; unknown, not-online, pre-online, suspend, offline, transfer-board and fuse are not. */
  state: text,
  /** Comma-separated; `etp` marks leveraged tokens, also single inverse ones. */
  tags: maybe,
  underlying: maybe,
});

const ticker = rowShape({
  symbol: name,
  close: maybe,
  bid: maybe,
  ask: maybe,
  /** In base units, whatever the names suggest ... */
  amount: maybe,
  /** ... and this in quote units. */
  vol: maybe,
});
const candle = rowShape({
  id: text,
  open: text,
  high: text,
  low: text,
  close: text,
  amount: maybe,
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
  if (failure.is(body)) {
    const { 'err-code': code, 'err-msg': text } = body;
    throw errorBody('htx', `${code ?? ''} ${text ?? ''}`);
  }
  return shaped(answer, body);
}

function listed(row: RowIn<typeof listing>): Assets | DropReason {
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
      if (!candle.is(raw)) return undefined;
      const { id, open, high, low, close, amount } = raw;
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
  reads: {
    tickers: { ...failure.members, ts: true, data: ticker.members },
    lists: { ...failure.members, data: listing.members },
  },
  candles,
  symbols([body]) {
    return symbolTable(
      answerOf(body).data,
      (raw) => (listing.is(raw) ? { symbol: raw.symbol, as: listed(raw) } : undefined),
      ALIASES,
    );
  },
  parse([body], symbols) {
    const { data, ts } = answerOf(body);
    return collectRows('htx', data, (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      const { symbol, close, bid, ask, amount, vol } = raw;
      const assets = symbols.get(symbol);
      if (assets === undefined) return 'unknown-symbol';
      if (typeof assets === 'string') return assets;
      return {
        symbol,
        assets,
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
