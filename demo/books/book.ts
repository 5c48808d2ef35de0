import type { Market, Quote } from '../market.ts';

/** What one exchange answers, in its own shape, from the market's numbers. */
export interface Book {
  /** Path with query -> the JSON text of the answer at that moment. */
  readonly answers: Readonly<Record<string, (market: Market, nowMs: number) => string>>;
  /**
   * The candles of one minute each, for a path that `answers` does not have: the JSON text, or
   * undefined when the path is none of its candle paths. The last one may still be open.
   */
  readonly candles?: (url: URL, market: Market, nowMs: number) => string | undefined;
  /** A path that wants POST: KuCoin's ticket for its stream. Its answer may name `origin`. */
  readonly posts?: Readonly<Record<string, (origin: string) => string>>;
}

export const upper = ({ base, quote }: Pick<Quote, 'base' | 'quote'>, between = ''): string =>
  `${base}${between}${quote}`.toUpperCase();

export const ZERO = '0.00000000';
