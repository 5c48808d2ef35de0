import { z } from 'zod';
import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { collectCandles, usualCandle } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import {
  maybe,
  maybeFlag,
  name,
  openList,
  optional,
  type RowIn,
  rowShape,
  shaped,
  text,
} from '../shapes.ts';
import { symbolTable } from '../symbols.ts';
import { binanceStream } from './binance-stream.ts';

const HOUR_MS = 3_600_000;

const listing = rowShape({
  symbol: text,
  status: text,
  baseAsset: text,
  quoteAsset: text,
  isSpotTradingAllowed: maybeFlag,
});
const exchangeInfo = z.object({ symbols: openList });

const ticker = rowShape({
  symbol: name,
  lastPrice: maybe,
  bidPrice: maybe,
  askPrice: maybe,
  volume: maybe,
  quoteVolume: maybe,
  closeTime: optional,
});
const failure = rowShape({ code: text, msg: text });

/** Tokens that multiply another coin's moves: BTCUP, XRPBULL. SYRUP is a coin of its own. */
const LEVERAGED = new RegExp(
  '^(1INCH|AAVE|ADA|BCH|BNB|BTC|DOT|EOS|ETH|FIL|LINK|LTC|SUSHI|SXP|TRX|UNI|XLM|XRP|XTZ|YFI)?' +
    '(UP|DOWN|BULL|BEAR)$',
);

function refuseFailure(body: unknown): void {
  if (failure.is(body)) throw errorBody('binance', `${body.code} ${body.msg}`);
}

function listed(raw: RowIn<typeof listing>): Assets | DropReason {
  if (raw.status !== 'TRADING') return 'not-trading';
  if (raw.isSpotTradingAllowed === false) return 'non-spot';
  if (LEVERAGED.test(raw.baseAsset)) return 'leveraged';
  return { base: raw.baseAsset, quote: raw.quoteAsset };
}

/** Rows: opened at (ms), open, high, low, close, volume, closes at, quote volume, trades ... */
const candles: CandleSource = {
  pageRowsMax: 1_000,
  // Weight 2 of 6,000 a minute.
  spacingMs: 200,
  request({ symbol }, { fromMs, toMs }) {
    const range = `startTime=${fromMs}&endTime=${toMs - 1}&limit=1000`;
    return `/api/v3/klines?symbol=${encodeURIComponent(symbol)}&interval=1m&${range}`;
  },
  parse(body) {
    refuseFailure(body);
    return collectCandles(shaped(openList, body), usualCandle);
  },
};

/**
 * https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
 *
 * `ticker/24hr` weighs 80 of the 6,000 that an address has per minute; `ticker/price` with
 * `ticker/bookTicker` weighs 8 together but tells no volume. 80 a minute is 1.3 % of the allowance,
 * and even one poll a second stays below it: the one request that has everything is used.
 */
export const binance: PriceAdapter = {
  id: 'binance',
  baseUrl: 'https://api.binance.com',
  byDefault: true,
  requests: {
    tickers: ['/api/v3/ticker/24hr'],
    // Symbols are glued (ETHBTC): only the list tells the two assets apart. Weight 20.
    lists: [{ path: '/api/v3/exchangeInfo?showPermissionSets=false', refreshMs: HOUR_MS }],
  },
  reads: {
    tickers: { ...failure.members, ...ticker.members },
    lists: { ...failure.members, symbols: listing.members },
  },
  candles,
  stream: binanceStream,
  symbols([body]) {
    refuseFailure(body);
    return symbolTable(shaped(exchangeInfo, body).symbols, (raw) =>
      listing.is(raw) ? { symbol: raw.symbol, as: listed(raw) } : undefined,
    );
  },
  parse([body], symbols) {
    refuseFailure(body);
    return collectRows('binance', shaped(openList, body), (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      const { symbol, lastPrice, bidPrice, askPrice, volume, quoteVolume, closeTime } = raw;
      const assets = symbols.get(symbol);
      if (assets === undefined) return 'unknown-symbol';
      if (typeof assets === 'string') return assets;
      return {
        symbol,
        assets,
        price: lastPrice,
        bid: bidPrice,
        ask: askPrice,
        volume,
        quoteVolume,
        exchangeTimeMs: Number(closeTime ?? 0),
      };
    });
  },
};
