import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { collectCandles, usualCandle } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import {
  exactly,
  maybe,
  name,
  openList,
  optional,
  type RowIn,
  rowShape,
  shaped,
  text,
} from '../shapes.ts';
import { symbolTable } from '../symbols.ts';

const HOUR_MS = 3_600_000;

const listing = rowShape({
  symbol: text,
  base_currency: text,
  quote_currency: text,
  status: text,
  product_type: optional,
});
const ticker = rowShape({ pair: name, price: maybe });
const failure = rowShape({
  result: exactly('error'),
  reason: optional,
  message: optional,
});

function refuseFailure(body: unknown): void {
  if (!failure.is(body)) return;
  throw errorBody('gemini', `${body.reason ?? ''} ${body.message ?? ''}`);
}

/** Markets that take limit orders only still trade; `closed`, `cancel_only`, `post_only` do not. */
const TRADING = new Set(['open', 'limit_only']);

function listed(raw: RowIn<typeof listing>): Assets | DropReason {
  const kind = raw.product_type ?? (raw.symbol.endsWith('PERP') ? 'swap' : 'spot');
  if (kind === 'swap') return 'derivative';
  if (kind !== 'spot') return 'non-spot';
  if (!TRADING.has(raw.status)) return 'not-trading';
  return { base: raw.base_currency, quote: raw.quote_currency };
}

/** A window that ends now and cannot be moved: a day of minutes. */
const WINDOW_MS = 24 * HOUR_MS;

const candles: CandleSource = {
  pageRowsMax: WINDOW_MS / 60_000,
  depthMs: WINDOW_MS,
  // 120 requests a minute are allowed; one a second is what they advise.
  spacingMs: 1_000,
  request: ({ symbol }) => `/v2/candles/${encodeURIComponent(symbol.toLowerCase())}/1m`,
  parse(body) {
    refuseFailure(body);
    return collectCandles(shaped(openList, body), usualCandle);
  },
};

/**
 * https://docs.gemini.com/rest/market-data (list prices; symbol details)
 *
 * The price feed is the one answer with all markets; it tells neither bid and ask nor volume nor
 * time. Those would cost a request per market, with two a second allowed.
 */
export const gemini: PriceAdapter = {
  id: 'gemini',
  baseUrl: 'https://api.gemini.com',
  byDefault: true,
  requests: {
    tickers: ['/v1/pricefeed'],
    // Glued, of any length (1INCHUSD, LINKGUSD): only the list tells the two assets apart.
    lists: [{ path: '/v1/symbols/details/all', refreshMs: HOUR_MS }],
  },
  reads: {
    tickers: { ...failure.members, ...ticker.members },
    lists: { ...failure.members, ...listing.members },
  },
  candles,
  symbols([body]) {
    refuseFailure(body);
    return symbolTable(shaped(openList, body), (raw) =>
      listing.is(raw) ? { symbol: raw.symbol, as: listed(raw) } : undefined,
    );
  },
  parse([body], symbols) {
    refuseFailure(body);
    return collectRows('gemini', shaped(openList, body), (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      const { pair: symbol, price } = raw;
      const assets = symbols.get(symbol);
      if (assets === undefined) return 'unknown-symbol';
      return typeof assets === 'string' ? assets : { symbol, assets, price };
    });
  },
};
