import type { FloatText } from '../../core/point.ts';
import type { Assets, DropReason, ParsedPrices, PriceRow } from './adapter.ts';
import { MarketNames, remembered } from './market-names.ts';

/** A row as an adapter reads it: texts as they stand in the answer. */
export interface RawPrice {
  readonly symbol: string;
  readonly assets: Assets;
  readonly price: string | null | undefined;
  readonly bid?: string | null | undefined;
  readonly ask?: string | null | undefined;
  readonly volume?: string | number | null | undefined;
  readonly quoteVolume?: string | number | null | undefined;
  readonly exchangeTimeMs?: number | undefined;
  /** Only where the source speaks for several exchanges. */
  readonly exchange?: string;
}

/** An exchange's own name of an asset -> the usual one. */
export type Aliases = ReadonlyMap<string, string>;

const marketsOf = remembered((_exchange) => new MarketNames());

/** Reads every entry of an answer: each becomes a row or is counted under a reason. */
export function collectRows<T>(
  exchange: string,
  entries: Iterable<T>,
  read: (entry: T) => RawPrice | DropReason,
): ParsedPrices {
  const rows: PriceRow[] = [];
  const dropped: Partial<Record<DropReason, number>> = {};
  const markets = marketsOf(exchange);
  const answer = markets.begin();
  for (const entry of entries) {
    const raw = read(entry);
    const row = typeof raw === 'string' ? raw : rowOf(exchange, raw, markets, answer);
    if (typeof row === 'string') dropped[row] = (dropped[row] ?? 0) + 1;
    else rows.push(row);
  }
  return { rows, dropped };
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const DECIMAL_LENGTH_MAX = 64;
const TIME_MS_MIN = Date.UTC(2009, 0, 1);
const TIME_MS_MAX = Date.UTC(2200, 0, 1);

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function rowOf(
  exchange: string,
  raw: RawPrice,
  markets: MarketNames,
  answer: number,
): PriceRow | DropReason {
  const market = markets.of(raw.symbol, raw.assets);
  if (!market.names) return 'malformed';
  const { base, quote, pair } = market.names;
  if (raw.price === null || raw.price === undefined || raw.price === '') return 'no-price';
  const sign = signOf(raw.price);
  if (sign === undefined) return 'malformed';
  if (sign <= 0) return 'dead';
  const price = { floatText: raw.price };
  if (market.toldIn === answer) return 'duplicate';
  market.toldIn = answer;
  const { symbol } = market;
  const owner = raw.exchange ?? exchange;
  const row: Writable<PriceRow> = { exchange: owner, symbol, base, quote, pair, price };
  const bid = positive(raw.bid);
  if (bid) row.bid = bid;
  const ask = positive(raw.ask);
  if (ask) row.ask = ask;
  const volume = amount(raw.volume);
  if (volume !== undefined) row.volume = volume;
  const quoteVolume = amount(raw.quoteVolume);
  if (quoteVolume !== undefined) row.quoteVolume = quoteVolume;
  const timeMs = raw.exchangeTimeMs ?? 0;
  if (timeMs >= TIME_MS_MIN && timeMs <= TIME_MS_MAX) row.exchangeTimeMs = Math.trunc(timeMs);
  return row;
}

const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;

/** What nearly every number is; as a pattern it is looked at twice as fast as digit by digit. */
const PLAIN_POSITIVE = /^0*(?:[1-9]\d*(?:\.\d*)?|\.0*[1-9]\d*)$/;

/**
 * Whether a finite decimal (one that a float64 can hold) is above, at or below 0; undefined when
 * the text is none. Looks at the digits alone: five times as fast as to convert them.
 */
function signOf(text: string): -1 | 0 | 1 | undefined {
  const size = text.length;
  if (size > DECIMAL_LENGTH_MAX) return undefined;
  if (PLAIN_POSITIVE.test(text)) return 1;
  const first = text.charCodeAt(0);
  let digits = 0;
  let dots = 0;
  let some = false;
  for (let at = first === MINUS || first === PLUS ? 1 : 0; at < size; at++) {
    const code = text.charCodeAt(at);
    if (code >= ZERO && code <= NINE) {
      digits += 1;
      if (code !== ZERO) some = true;
    } else if (code === DOT && dots === 0) {
      dots = 1;
    } else {
      return signOfRare(text);
    }
  }
  if (digits === 0) return undefined;
  if (!some) return 0;
  return first === MINUS ? -1 : 1;
}

/** With an exponent only the number itself tells: it may be too large, or so small that it is 0. */
function signOfRare(text: string): -1 | 0 | 1 | undefined {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) return undefined;
  return value === 0 ? 0 : value > 0 ? 1 : -1;
}

/** The text if it is a finite decimal above 0. */
export function positive(text: string | null | undefined): FloatText | undefined {
  if (text === null || text === undefined || signOf(text) !== 1) return undefined;
  return { floatText: text };
}

/** The text or number if it is finite and not negative. */
export function amount(value: string | number | null | undefined): FloatText | number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (value === null || value === undefined) return undefined;
  const sign = signOf(value);
  return sign === 0 || sign === 1 ? { floatText: value } : undefined;
}

/** The product of two decimal texts, for volumes given as amount and average. */
export function product(left: string, right: string): number | undefined {
  if (signOf(left) === undefined || signOf(right) === undefined) return undefined;
  return Number(left) * Number(right);
}

/** `BTC/USD` to its two sides by `separator`; undefined unless there are exactly two. */
export function sides(
  symbol: string,
  separator: string,
  aliases: Aliases = NO_ALIASES,
): { base: string; quote: string } | undefined {
  const [base = '', quote = '', more] = symbol.split(separator);
  if (base === '' || quote === '' || more !== undefined) return undefined;
  return { base: aliases.get(base) ?? base, quote: aliases.get(quote) ?? quote };
}

const NO_ALIASES: Aliases = new Map();
