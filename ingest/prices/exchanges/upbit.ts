import type { Assets, Candle, CandleSource, PriceAdapter } from '../adapter.ts';
import { collectCandles } from '../candles.ts';
import { remembered } from '../market-names.ts';
import { errorBody } from '../refusal.ts';
import { collectRows, type RawPrice, sides } from '../rows.ts';
import {
  maybe,
  name,
  nested,
  openList,
  optional,
  type RowIn,
  rowShape,
  shaped,
  text,
} from '../shapes.ts';

const MINUTE_MS = 60_000;

/** Without `_24h` a volume counts from midnight. */
export const ticker = rowShape({
  market: name,
  trade_price: maybe,
  acc_trade_volume_24h: maybe,
  acc_trade_price_24h: maybe,
  /** The last trade's time, ms: days old where nothing trades. */
  trade_timestamp: optional,
  trade_date: optional,
  trade_time: optional,
});
const candle = rowShape({
  candle_date_time_utc: text,
  opening_price: maybe,
  high_price: maybe,
  low_price: maybe,
  trade_price: maybe,
  candle_acc_trade_volume: maybe,
});
const failure = rowShape({ name: text, message: optional });
const wrappedFailure = rowShape({ error: nested(failure) });
export const failureMembers = { ...failure.members, ...wrappedFailure.members };

/** The rows of an answer. @throws Refusal for an error, which is an object where rows are due. */
export function rowsOf(exchange: string, body: unknown): readonly unknown[] {
  const said = wrappedFailure.is(body) ? body.error : body;
  if (failure.is(said)) throw errorBody(exchange, `${said.name} ${said.message ?? ''}`);
  return shaped(openList, body);
}

/** `KRW-BTC` is bitcoin in won: the quote comes first. */
export const assetsOf = remembered((market): Assets | false => {
  const parts = sides(market, '-');
  return parts !== undefined && { base: parts.quote, quote: parts.base };
});

/** What a ticker says of a market of these assets; its time is not the same on all exchanges. */
export function priceOf(
  row: RowIn<typeof ticker>,
  assets: Assets,
  exchangeTimeMs: number | undefined,
): RawPrice {
  return {
    symbol: row.market,
    assets,
    price: row.trade_price,
    volume: row.acc_trade_volume_24h,
    quoteVolume: row.acc_trade_price_24h,
    exchangeTimeMs,
  };
}

/** Candles of `/v1/candles/minutes/1`: newest first, none for a minute without trades. */
export function minutesOf(entries: readonly unknown[]): readonly Candle[] {
  return collectCandles(entries, (raw) => {
    if (!candle.is(raw)) return undefined;
    const { opening_price, high_price, low_price, trade_price } = raw;
    return {
      startMs: Date.parse(`${raw.candle_date_time_utc}Z`),
      open: opening_price,
      high: high_price,
      low: low_price,
      close: trade_price,
      volume: raw.candle_acc_trade_volume,
    };
  });
}

/**
 * The path of a page that ends before `to`, the exchange's text of the range's end. As many rows as
 * there are minutes: since minutes without trades have none, it may reach back further than asked.
 */
export function minutesPath(market: string, minutes: number, to: string): string {
  const query = new URLSearchParams({ market, count: String(minutes), to });
  return `/v1/candles/minutes/1?${query}`;
}

const candles: CandleSource = {
  pageRowsMax: 200,
  // 10 candle requests a second are allowed for each address.
  spacingMs: 125,
  request({ symbol }, { fromMs, toMs }) {
    const to = `${new Date(toMs).toISOString().slice(0, 19)}Z`;
    return minutesPath(symbol, (toMs - fromMs) / MINUTE_MS, to);
  },
  parse: (body) => minutesOf(rowsOf('upbit', body)),
};

/**
 * https://docs.upbit.com/kr/reference/tickers_by_quote
 *
 * One request has the markets of all three quotes. Bid and ask would be a request for the order
 * books of all markets by name.
 */
export const upbit: PriceAdapter = {
  id: 'upbit',
  baseUrl: 'https://api.upbit.com',
  byDefault: true,
  requests: { tickers: ['/v1/ticker/all?quote_currencies=KRW,BTC,USDT'], lists: [] },
  reads: { tickers: { ...failureMembers, ...ticker.members } },
  candles,
  parse([body]) {
    return collectRows('upbit', rowsOf('upbit', body), (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      const assets = assetsOf(raw.market);
      if (!assets) return 'unknown-symbol';
      const exchangeTimeMs = Number(raw.trade_timestamp ?? 0);
      return priceOf(raw, assets, exchangeTimeMs);
    });
  },
};
