import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { cells, collectCandles } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { type Aliases, collectRows } from '../rows.ts';
import { maybe, name, openList, optional, type RowIn, rowShape, shaped, text } from '../shapes.ts';
import { multiplies, symbolTable } from '../symbols.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const listing = rowShape({
  id: text,
  base: text,
  quote: text,
  /** tradable; buyable and sellable are one side alone, as before a listing or a delisting. */
  trade_status: text,
  type: optional,
});

const ticker = rowShape({
  currency_pair: name,
  last: maybe,
  highest_bid: maybe,
  lowest_ask: maybe,
  base_volume: maybe,
  quote_volume: maybe,
  /** Of leveraged tokens alone. */
  etf_net_value: maybe,
});
const failure = rowShape({ label: text, message: maybe });

/** Names that mean another coin elsewhere. */
const ALIASES: Aliases = new Map([
  ['88MPH', 'MPH'],
  ['ASS', 'ASSF'],
  ['AXIS', 'AXISDEFI'],
  ['BIFI', 'BITCOINFILE'],
  ['BOX', 'DEFIBOX'],
  ['BYN', 'BEYONDFI'],
  ['EGG', 'GOOSEFINANCE'],
  ['GTC', 'GAMECOM'],
  ['HIT', 'HITCHAIN'],
  ['MM', 'MILLION'],
  ['MPH', 'MORPHER'],
  ['ORT', 'XREATORS'],
  ['POINT', 'GATEPOINT'],
  ['RAI', 'RAIREFLEXINDEX'],
  ['SBTC', 'SUPERBITCOIN'],
  ['TNC', 'TRINITYNETWORKCREDIT'],
  ['TRAC', 'TRACO'],
  ['VAI', 'VAIOT'],
]);

function refuseFailure(body: unknown): void {
  if (failure.is(body)) throw errorBody('gate', `${body.label} ${body.message ?? ''}`);
}

function listed({ base, quote, trade_status, type }: RowIn<typeof listing>): Assets | DropReason {
  if (multiplies(base)) return 'leveraged';
  if (trade_status !== 'tradable') return 'not-trading';
  // Trade in coins that are not out yet, apart from the spot market.
  if (type === 'premarket') return 'non-spot';
  return { base, quote };
}

/**
 * Rows: start (s), turnover, close, high, low, open, volume in base units, whether it is closed.
 * https://www.gate.com/docs/developers/apiv4/#market-k-line-chart
 */
const candles: CandleSource = {
  // 1,000 points, with both ends counted.
  pageRowsMax: 999,
  // "Candlestick too long ago. Maximum 10000 points ago are allowed"; some are kept for the way.
  depthMs: 9_900 * MINUTE_MS,
  // 200 in 10 s.
  spacingMs: 100,
  request({ symbol }, { fromMs, toMs }) {
    // `to` is inclusive: the last minute, but not the one that begins at the end.
    const range = `from=${fromMs / 1_000}&to=${toMs / 1_000 - 1}`;
    const pair = encodeURIComponent(symbol);
    return `/api/v4/spot/candlesticks?currency_pair=${pair}&interval=1m&${range}`;
  },
  parse(body) {
    refuseFailure(body);
    return collectCandles(shaped(openList, body), (raw) => {
      const [start, , close, high, low, open, volume, closed] = cells(raw, 8) ?? [];
      if (closed !== 'true') return undefined;
      return { startMs: Number(start) * 1_000, open, high, low, close, volume };
    });
  },
};

/** https://www.gate.com/docs/developers/apiv4/#get-currency-pair-ticker-information */
export const gate: PriceAdapter = {
  id: 'gate',
  baseUrl: 'https://api.gateio.ws',
  byDefault: true,
  requests: {
    tickers: ['/api/v4/spot/tickers'],
    // Symbols can be split (BTC_USDT), but only the list tells which of them trade.
    lists: [{ path: '/api/v4/spot/currency_pairs', refreshMs: HOUR_MS }],
  },
  reads: {
    tickers: { ...failure.members, ...ticker.members },
    lists: { ...failure.members, ...listing.members },
  },
  candles,
  symbols([body]) {
    refuseFailure(body);
    return symbolTable(
      shaped(openList, body),
      (raw) => (listing.is(raw) ? { symbol: raw.id, as: listed(raw) } : undefined),
      ALIASES,
    );
  },
  parse([body], symbols) {
    refuseFailure(body);
    return collectRows('gate', shaped(openList, body), (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      const data = raw;
      if (Number(data.etf_net_value ?? 0) !== 0) return 'leveraged';
      const assets = symbols.get(data.currency_pair);
      if (assets === undefined) return 'unknown-symbol';
      if (typeof assets === 'string') return assets;
      return {
        symbol: data.currency_pair,
        assets,
        price: data.last,
        bid: data.highest_bid,
        ask: data.lowest_ask,
        volume: data.base_volume,
        quoteVolume: data.quote_volume,
      };
    });
  },
};
