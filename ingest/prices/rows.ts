import { z } from 'zod';
import { pairOf } from '../../core/pair.ts';
import type { FloatText } from '../../core/point.ts';
import type { DropReason, ParsedPrices, PriceRow } from './adapter.ts';
import { Refusal } from './refusal.ts';

/** A row as an adapter reads it: texts as they stand in the answer. */
export interface RawPrice {
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
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

/** The body in its documented shape. @throws Refusal `shape`, naming the place. */
export function shaped<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue?.path.join('.') || 'the body';
  throw new Refusal('shape', `${place}: ${issue?.message ?? 'unexpected'}`.slice(0, 200));
}

/**
 * An array of texts, `least` of them at least. As z.tuple with a rest, which looks at each of them
 * many times as slowly.
 */
export const texts = (least: number): z.ZodType<readonly string[]> =>
  z.custom<readonly string[]>(
    (value) =>
      Array.isArray(value) &&
      value.length >= least &&
      value.every((text: unknown) => typeof text === 'string'),
    `expected ${least} or more texts`,
  );

/** An object used as a map. z.record would copy it and look at every key of thousands. */
export const openMap = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
);

/** Reads every entry of an answer: each becomes a row or is counted under a reason. */
export function collectRows<T>(
  exchange: string,
  entries: Iterable<T>,
  read: (entry: T) => RawPrice | DropReason,
): ParsedPrices {
  const rows: PriceRow[] = [];
  const dropped: Partial<Record<DropReason, number>> = {};
  const seen = new Set<string>();
  for (const entry of entries) {
    const raw = read(entry);
    const row = typeof raw === 'string' ? raw : rowOf(exchange, raw);
    const reason = typeof row !== 'string' && seen.has(row.symbol) ? 'duplicate' : row;
    if (typeof reason === 'string') {
      dropped[reason] = (dropped[reason] ?? 0) + 1;
    } else {
      seen.add(reason.symbol);
      rows.push(reason);
    }
  }
  return { rows, dropped };
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const DECIMAL_LENGTH_MAX = 64;
/** Letters and digits of any script: exchanges list coins with Chinese names. */
const ASSET = /^[\p{L}\p{N}$][\p{L}\p{N}._$]{0,31}$/u;
const TIME_MS_MIN = Date.UTC(2009, 0, 1);
const TIME_MS_MAX = Date.UTC(2200, 0, 1);

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function rowOf(exchange: string, raw: RawPrice): PriceRow | DropReason {
  const names = namesOf(raw.base, raw.quote);
  if (names === undefined) return 'malformed';
  const { base, quote, pair } = names;
  if (raw.price === null || raw.price === undefined || raw.price === '') return 'no-price';
  const sign = signOf(raw.price);
  if (sign === undefined) return 'malformed';
  if (sign <= 0) return 'dead';
  const price = { floatText: raw.price };
  const { symbol } = raw;
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

type Names = Pick<PriceRow, 'base' | 'quote' | 'pair'>;

/** Base -> quote, as the exchange writes them -> what they are called here. */
const knownNames = new Map<string, Map<string, Names | undefined>>();
let knownCount = 0;
/** More than all exchanges have together: somebody sends new ones at every poll. */
const KNOWN_MAX = 100_000;

/** Undefined unless both are names of assets. The same ones come again at every poll. */
function namesOf(base: string, quote: string): Names | undefined {
  const quotes = knownNames.get(base);
  const known = quotes?.get(quote);
  if (known !== undefined || quotes?.has(quote)) return known;
  const [lowBase, lowQuote] = [base.toLowerCase(), quote.toLowerCase()];
  const sound = ASSET.test(lowBase) && ASSET.test(lowQuote);
  const pair = pairOf(lowBase, lowQuote);
  const names = sound ? { base: lowBase, quote: lowQuote, pair } : undefined;
  remember(base, quote, names);
  return names;
}

function remember(base: string, quote: string, names: Names | undefined): void {
  if (knownCount >= KNOWN_MAX) {
    knownNames.clear();
    knownCount = 0;
  }
  knownCount += 1;
  const quotes = knownNames.get(base) ?? new Map<string, Names | undefined>();
  knownNames.set(base, quotes.set(quote, names));
}

const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;

/**
 * Whether a finite decimal (one that a float64 can hold) is above, at or below 0; undefined when
 * the text is none. Looks at the digits alone: five times as fast as to convert them.
 */
function signOf(text: string): -1 | 0 | 1 | undefined {
  const size = text.length;
  if (size > DECIMAL_LENGTH_MAX) return undefined;
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
