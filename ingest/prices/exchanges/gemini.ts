import { z } from 'zod';
import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { cells, collectCandles } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { collectRows, shaped } from '../rows.ts';
import { symbolTable } from '../symbols.ts';

const HOUR_MS = 3_600_000;

const listing = z.object({
  symbol: z.string(),
  base_currency: z.string(),
  quote_currency: z.string(),
  status: z.string(),
  product_type: z.string().optional(),
});
const ticker = z.object({ pair: z.string(), price: z.string().nullish() });
const rows = z.array(z.unknown());
const failure = z.object({
  result: z.literal('error'),
  reason: z.string().optional(),
  message: z.string().optional(),
});

function refuseFailure(body: unknown): void {
  const failed = failure.safeParse(body);
  if (!failed.success) return;
  throw errorBody('gemini', `${failed.data.reason ?? ''} ${failed.data.message ?? ''}`);
}

/** Markets that take limit orders only still trade; `closed`, `cancel_only`, `post_only` do not. */
const TRADING = new Set(['open', 'limit_only']);

function listed(raw: z.infer<typeof listing>): Assets | DropReason {
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
    return collectCandles(shaped(rows, body), (raw) => {
      const [start, open, high, low, close, volume] = cells(raw, 6) ?? [];
      return { startMs: Number(start), open, high, low, close, volume };
    });
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
  candles,
  symbols([body]) {
    refuseFailure(body);
    return symbolTable(shaped(rows, body), (raw) => {
      const row = listing.safeParse(raw);
      return row.success ? { symbol: row.data.symbol, as: listed(row.data) } : undefined;
    });
  },
  parse([body], symbols) {
    refuseFailure(body);
    return collectRows('gemini', shaped(rows, body), (raw) => {
      const row = ticker.safeParse(raw);
      if (!row.success) return 'malformed';
      const { pair: symbol, price } = row.data;
      const assets = symbols.get(symbol);
      if (assets === undefined) return 'unknown-symbol';
      return typeof assets === 'string' ? assets : { symbol, ...assets, price };
    });
  },
};
