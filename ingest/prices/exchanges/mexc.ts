import { z } from 'zod';
import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { collectCandles, usualCandle } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { type Aliases, collectRows } from '../rows.ts';
import { maybe, name, openList, type RowIn, rowShape, shaped, text } from '../shapes.ts';
import { multiplies, symbolTable } from '../symbols.ts';

const HOUR_MS = 3_600_000;

const list = z.object({ symbols: openList });
const listing = rowShape({
  symbol: text,
  /** 1 online, 2 paused, 3 offline; ENABLED is an older name of 1. */
  status: text,
  baseAsset: text,
  quoteAsset: text,
});

const ticker = rowShape({
  symbol: name,
  lastPrice: maybe,
  bidPrice: maybe,
  askPrice: maybe,
  volume: maybe,
  /** null for some symbols. */
  quoteVolume: maybe,
  closeTime: maybe,
});
const failure = rowShape({
  code: text,
  msg: maybe,
  message: maybe,
});

/** Names that mean another coin elsewhere; FLUX and GAS have changed places with others. */
const ALIASES: Aliases = new Map([
  ['BEYONDPROTOCOL', 'BEYOND'],
  ['BIFI', 'BIFIF'],
  ['BYN', 'BEYONDFI'],
  ['COFI', 'COFIX'],
  ['DFI', 'DFISTARTER'],
  ['DFT', 'DFUTURE'],
  ['EGC', 'EGORASCREDIT'],
  ['FLUX', 'FLUX1'],
  ['FLUX1', 'FLUX'],
  ['FREE', 'FREEROSSDAO'],
  ['GAS', 'GASDAO'],
  ['GASNEO', 'GAS'],
  ['GMT', 'GMTTOKEN'],
  ['HERO', 'STEPHERO'],
  ['MIMO', 'MIMOSA'],
  ['PROS', 'PROSFINANCE'],
  ['SIN', 'SINCITYTOKEN'],
  ['SOUL', 'SOULSWAP'],
  ['STEPN', 'GMT'],
]);

function refuseFailure(body: unknown): void {
  if (!failure.is(body)) return;
  const { code, msg, message } = body;
  throw errorBody('mexc', `${code} ${msg ?? message ?? ''}`);
}

/** `isSpotTradingAllowed` is about orders by API alone: people trade the others just the same. */
function listed({ status, baseAsset, quoteAsset }: RowIn<typeof listing>): Assets | DropReason {
  if (multiplies(baseAsset)) return 'leveraged';
  if (status !== '1' && status !== 'ENABLED') return 'not-trading';
  return { base: baseAsset, quote: quoteAsset };
}

/** Rows: opens at (ms), open, high, low, close, volume, closes at, quote volume. */
const candles: CandleSource = {
  pageRowsMax: 500,
  // Weight 1 of 500 in 10 s.
  spacingMs: 100,
  request({ symbol }, { fromMs, toMs }) {
    // Without both ends the newest are given.
    const range = `startTime=${fromMs}&endTime=${toMs - 1}&limit=500`;
    return `/api/v3/klines?symbol=${encodeURIComponent(symbol)}&interval=1m&${range}`;
  },
  parse(body) {
    refuseFailure(body);
    return collectCandles(shaped(openList, body), usualCandle);
  },
};

/** https://www.mexc.com/api-docs/spot-v3/market-data-endpoints */
export const mexc: PriceAdapter = {
  id: 'mexc',
  baseUrl: 'https://api.mexc.com',
  byDefault: true,
  requests: {
    // Weight 25 of the 500 that an address has in 10 s.
    tickers: ['/api/v3/ticker/24hr'],
    // Symbols are glued (BTCUSDT). Weight 10.
    lists: [{ path: '/api/v3/exchangeInfo', refreshMs: HOUR_MS }],
  },
  reads: {
    tickers: { ...failure.members, ...ticker.members },
    lists: { ...failure.members, symbols: listing.members },
  },
  candles,
  symbols([body]) {
    refuseFailure(body);
    return symbolTable(
      shaped(list, body).symbols,
      (raw) => (listing.is(raw) ? { symbol: raw.symbol, as: listed(raw) } : undefined),
      ALIASES,
    );
  },
  parse([body], symbols) {
    refuseFailure(body);
    return collectRows('mexc', shaped(openList, body), (raw) => {
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
