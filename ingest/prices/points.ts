import type { measurements } from '../../core/measurements.ts';
import { type FieldValue, msToNs, type Point } from '../../core/point.ts';
import type { PriceRow } from './adapter.ts';

type PriceField = keyof (typeof measurements)['price']['fields'];

export interface PricePoints {
  readonly points: readonly Point[];
  /** Rows without a series name of their own: left out. */
  readonly unregistered: number;
  /** Rows of pairs that are switched off: left out. */
  readonly switchedOff: number;
}

export interface Naming {
  /** The `pair` tag by symbol, of the market directory. */
  readonly tags: ReadonlyMap<string, string>;
  /** Whether the points of a tag are not wanted. */
  readonly isOff: (pair: string) => boolean;
}

/**
 * Rows of one poll as points of the slot. The point's time is the slot, not the answer's, so that
 * the same slot again overwrites itself.
 */
export function pricePoints(
  rows: readonly PriceRow[],
  { tags, isOff }: Naming,
  slotMs: number,
): PricePoints {
  const timeNs = msToNs(slotMs);
  const taken = new Set<string>();
  const points: Point[] = [];
  let switchedOff = 0;
  for (const row of rows) {
    const pair = tags.get(row.symbol);
    const series = `${row.exchange} ${pair}`;
    // The directory never gives one name twice; writing both would silently lose one of them.
    if (pair === undefined || taken.has(series)) continue;
    taken.add(series);
    if (isOff(pair)) {
      switchedOff += 1;
      continue;
    }
    const tagSet = { exchange: row.exchange, pair };
    points.push({ measurement: 'price', tags: tagSet, fields: fieldsOf(row), timeNs });
  }
  const unregistered = rows.length - points.length - switchedOff;
  return { points, unregistered, switchedOff };
}

function fieldsOf(row: PriceRow): Record<string, FieldValue> {
  const fields: Partial<Record<PriceField, FieldValue>> = { price: row.price };
  if (row.bid) fields.bid = row.bid;
  if (row.ask) fields.ask = row.ask;
  if (row.volume !== undefined) fields.volume = row.volume;
  if (row.quoteVolume !== undefined) fields.quote_volume = row.quoteVolume;
  if (row.exchangeTimeMs !== undefined) fields.exchange_time = BigInt(row.exchangeTimeMs);
  return fields;
}

/** What became of one slot of an exchange. */
export interface SlotOutcome {
  readonly exchange: string;
  readonly slotMs: number;
  readonly lateMs: number;
  readonly tookMs: number;
  readonly rows: number;
  readonly ok: boolean;
}

type SlotField = keyof (typeof measurements)['ingest']['fields'];

/** A slot's punctuality as a point of it. */
export function slotPoint({ exchange, slotMs, lateMs, tookMs, rows, ok }: SlotOutcome): Point {
  const fields: Record<SlotField, FieldValue> = {
    late_ms: rounded(Math.max(0, lateMs)),
    took_ms: rounded(tookMs),
    rows: BigInt(rows),
    ok,
  };
  return { measurement: 'ingest', tags: { exchange }, fields, timeNs: msToNs(slotMs) };
}

/** To the microsecond: what a clock gives beyond that is noise, and digits cost storage. */
function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
