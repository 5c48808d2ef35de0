import type { Bar, Market, Pair } from '../market.ts';

/** An answer that is not a plain 200. */
export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** What one exchange answers, in its own shape, from the market's numbers. */
export interface Book {
  /** Path with query -> the JSON text of the answer at that moment. */
  readonly answers: Readonly<Record<string, (market: Market, nowMs: number) => string>>;
  /** Where a path names the markets it wants: the JSON text, or undefined for any other path. */
  readonly named?: (url: URL, market: Market, nowMs: number) => string | Reply | undefined;
  /**
   * The candles of one minute each, for a path that `answers` does not have: the JSON text, or
   * undefined when the path is none of its candle paths. The last one may still be open.
   */
  readonly candles?: (url: URL, market: Market, nowMs: number) => string | Reply | undefined;
  /** A path that wants POST: KuCoin's ticket for its stream. Its answer may name `origin`. */
  readonly posts?: Readonly<Record<string, (origin: string) => string>>;
}

export const upper = ({ base, quote }: Pair, between = ''): string =>
  `${base}${between}${quote}`.toUpperCase();

export const ZERO = '0.00000000';

/** What a request for candles asks for, in the terms of all exchanges. */
export interface BarQuery {
  readonly exchange: string;
  /** The exchange's own id, and how it is made of a pair. */
  readonly symbol: string;
  readonly symbolOf: (pair: Pair) => string;
  /** Half open; NaN where the request does not say. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
  readonly rowsMax: number;
  /** Which end of too long a range is answered. */
  readonly keep: 'oldest' | 'newest';
}

const MINUTE_MS = 60_000;

/** The bars of a page, the oldest first; undefined for a symbol that the exchange does not have. */
export function barsOf(market: Market, query: BarQuery): readonly Bar[] | undefined {
  const { exchange, symbol, symbolOf, nowMs, keep } = query;
  const pair = market.pairs(exchange).find((each) => symbolOf(each) === symbol);
  if (!pair) return undefined;
  const spanMs = query.rowsMax * MINUTE_MS;
  const lastMs = Math.ceil(nowMs / MINUTE_MS) * MINUTE_MS;
  const wantedMs = Number.isNaN(query.toMs) ? lastMs : Math.min(query.toMs, lastMs);
  const fromMs = Number.isNaN(query.fromMs) ? wantedMs - spanMs : query.fromMs;
  const range =
    keep === 'oldest'
      ? { fromMs, toMs: Math.min(wantedMs, Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS + spanMs) }
      : { fromMs: Math.max(fromMs, wantedMs - spanMs), toMs: wantedMs };
  return market.bars(exchange, pair, { ...range, nowMs });
}

/** A number of a query; NaN when absent or none. */
export function queryNumber(url: URL, name: string): number {
  const text = url.searchParams.get(name) ?? '';
  return text === '' ? Number.NaN : Number(text);
}

/** `limit` of a query, between 1 and `most`; absent: `usual`. */
export function rowsAsked(
  url: URL,
  name: string,
  { usual, most }: { usual: number; most: number },
) {
  const asked = queryNumber(url, name);
  return Number.isNaN(asked) ? usual : Math.max(1, Math.min(most, Math.floor(asked)));
}

/** A bare number as exchanges write it: no zeros at its end, small ones with an exponent. */
export const bare = (text: string): string => String(Number(text));
