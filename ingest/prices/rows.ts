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

function rowOf(exchange: string, raw: RawPrice): PriceRow | DropReason {
  const base = raw.base.toLowerCase();
  const quote = raw.quote.toLowerCase();
  if (!ASSET.test(base) || !ASSET.test(quote)) return 'malformed';
  if (raw.price === null || raw.price === undefined || raw.price === '') return 'no-price';
  const price = decimal(raw.price);
  if (price === undefined) return 'malformed';
  if (Number(price) <= 0) return 'dead';
  const bid = positive(raw.bid);
  const ask = positive(raw.ask);
  const volume = amount(raw.volume);
  const quoteVolume = amount(raw.quoteVolume);
  const timeMs = raw.exchangeTimeMs ?? 0;
  return {
    exchange: raw.exchange ?? exchange,
    symbol: raw.symbol,
    base,
    quote,
    pair: pairOf(base, quote),
    price: { floatText: price },
    ...(bid && { bid }),
    ...(ask && { ask }),
    ...(volume !== undefined && { volume }),
    ...(quoteVolume !== undefined && { quoteVolume }),
    ...(timeMs >= TIME_MS_MIN && timeMs <= TIME_MS_MAX && { exchangeTimeMs: Math.trunc(timeMs) }),
  };
}

/** The text if it is a finite decimal (one that a float64 can hold), else undefined. */
function decimal(text: string): string | undefined {
  if (text.length > DECIMAL_LENGTH_MAX || !DECIMAL.test(text)) return undefined;
  return Number.isFinite(Number(text)) ? text : undefined;
}

/** The text if it is a finite decimal above 0. */
export function positive(text: string | null | undefined): FloatText | undefined {
  const floatText = decimal(text ?? '');
  return floatText !== undefined && Number(floatText) > 0 ? { floatText } : undefined;
}

/** The text or number if it is finite and not negative. */
export function amount(value: string | number | null | undefined): FloatText | number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  const floatText = decimal(value ?? '');
  return floatText !== undefined && Number(floatText) >= 0 ? { floatText } : undefined;
}

/** The product of two decimal texts, for volumes given as amount and average. */
export function product(left: string, right: string): number | undefined {
  if (decimal(left) === undefined || decimal(right) === undefined) return undefined;
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
