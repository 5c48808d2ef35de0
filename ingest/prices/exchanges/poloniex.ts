import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { cells, collectCandles } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import { maybe, name, openList, optional, type RowIn, rowShape, shaped, text } from '../shapes.ts';
import { multiplies, symbolTable, takesDirection } from '../symbols.ts';
import { poloniexStream } from './poloniex-stream.ts';

const HOUR_MS = 3_600_000;

const listing = rowShape({
  symbol: text,
  baseCurrencyName: text,
  quoteCurrencyName: text,
  state: text,
});

/** `quantity` counts base units and `amount` quote units; the old API's names meant the reverse. */
const ticker = rowShape({
  symbol: name,
  close: maybe,
  bid: maybe,
  ask: maybe,
  quantity: maybe,
  amount: maybe,
  /** When the row was made, ms. */
  ts: optional,
});
const failure = rowShape({
  code: text,
  message: optional,
  msg: optional,
});

/** BTC3L, ETH3S, TRXBEAR, and BULL and BEAR, which multiply bitcoin's moves. */
const isLeveraged = (base: string): boolean =>
  multiplies(base) || takesDirection(base) || base === 'BULL' || base === 'BEAR';

function refuseFailure(body: unknown): void {
  if (!failure.is(body)) return;
  const { code, message, msg } = body;
  throw errorBody('poloniex', `${code} ${message ?? msg ?? ''}`);
}

function listed(raw: RowIn<typeof listing>): Assets | DropReason {
  const base = raw.baseCurrencyName;
  if (isLeveraged(base)) return 'leveraged';
  // PAUSE, POST_ONLY: nothing trades.
  if (raw.state !== 'NORMAL') return 'not-trading';
  return { base, quote: raw.quoteCurrencyName };
}

const candles: CandleSource = {
  pageRowsMax: 500,
  spacingMs: 200,
  request: ({ symbol }, { fromMs, toMs }) =>
    `/markets/${encodeURIComponent(symbol)}/candles?interval=MINUTE_1&limit=500` +
    `&startTime=${fromMs}&endTime=${toMs - 1}`,
  parse(body) {
    refuseFailure(body);
    return collectCandles(shaped(openList, body), (raw) => {
      // low, high, open, close, amount (quote), quantity (base), ..., interval, start, end
      const row = cells(raw, 13) ?? [];
      const [low, high, open, close, , volume] = row;
      return { startMs: Number(row[12]), open, high, low, close, volume };
    });
  },
};

/** https://api-docs.poloniex.com/spot/api/public/market-data */
export const poloniex: PriceAdapter = {
  id: 'poloniex',
  baseUrl: 'https://api.poloniex.com',
  byDefault: true,
  requests: {
    tickers: ['/markets/ticker24h'],
    // A ticker does not tell that its market is paused: the list does.
    lists: [{ path: '/markets', refreshMs: HOUR_MS }],
  },
  reads: {
    tickers: { ...failure.members, ...ticker.members },
    lists: { ...failure.members, ...listing.members },
  },
  candles,
  stream: poloniexStream,
  symbols([body]) {
    refuseFailure(body);
    return symbolTable(shaped(openList, body), (raw) =>
      listing.is(raw) ? { symbol: raw.symbol, as: listed(raw) } : undefined,
    );
  },
  parse([body], symbols) {
    refuseFailure(body);
    return collectRows('poloniex', shaped(openList, body), (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      const { symbol, close, bid, ask, quantity, amount, ts } = raw;
      const assets = symbols.get(symbol);
      if (assets === undefined) return 'unknown-symbol';
      if (typeof assets === 'string') return assets;
      return {
        symbol,
        assets,
        price: close,
        bid,
        ask,
        volume: quantity,
        quoteVolume: amount,
        exchangeTimeMs: Number(ts ?? 0),
      };
    });
  },
};
