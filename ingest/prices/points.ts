import { keepShape } from '../../core/kept-shapes.ts';
import {
  type FieldKey,
  fieldKey,
  type LineEncoder,
  type LineSource,
  type Refusal,
  type SeriesKey,
  seriesKey,
} from '../../core/line-protocol.ts';
import type { measurements } from '../../core/measurements.ts';
import {
  type FieldValue,
  type FloatText,
  msToNs,
  type Point,
  type PointBatch,
} from '../../core/point.ts';
import type { MarketRef, PriceRow } from './adapter.ts';

export type PriceField = keyof (typeof measurements)['price']['fields'];

export interface PricePoints {
  readonly points: PriceBatch;
  /** Rows without a series name of their own: left out. */
  readonly unregistered: number;
  /** Rows of pairs that are switched off: left out. */
  readonly switchedOff: number;
}

export interface Naming {
  /** The `pair` tag by symbol, of the market directory. Another object when any of them changes. */
  readonly tags: ReadonlyMap<string, string>;
  /** Whether the points of a tag are not wanted. */
  readonly isOff: (pair: string) => boolean;
}

/** Rows that can write the fields of their lines. */
export interface WritingRows {
  readonly markets: readonly MarketRef[];
  /** Adds the fields of row `index` to the line that is begun. */
  addFields(encoder: LineEncoder, index: number): Refusal | undefined;
  rowAt(index: number): PriceRow;
}

/** A series, made once. */
interface PriceSeries {
  readonly exchange: string;
  readonly pair: string;
  readonly key: SeriesKey;
  /** What its last row was called. */
  symbol: string;
  /** The poll that it was written in last. */
  poll: number;
}

/**
 * Makes the points of one exchange after the other poll of it: remembers its series, which come
 * again each time, mostly in the same order.
 */
export class PointMaker {
  /** Exchange -> pair -> series. */
  readonly #series = new Map<string, Map<string, PriceSeries>>();
  #tags: ReadonlyMap<string, string> = new Map();
  /** The series of the last poll, row by row. */
  #places: (PriceSeries | undefined)[] = [];
  #poll = 0;

  /**
   * Rows of one poll as points of the slot. The point's time is the slot, not the answer's, so that
   * the same slot again overwrites itself.
   */
  make(rows: WritingRows, { tags, isOff }: Naming, slotMs: number): PricePoints {
    const points = new PriceBatch(rows, msToNs(slotMs));
    const { markets } = rows;
    if (tags !== this.#tags) this.#places = [];
    this.#tags = tags;
    this.#poll += 1;
    let switchedOff = 0;
    for (let i = 0; i < markets.length; i++) {
      const series = this.#seriesOf(markets[i] as MarketRef, i);
      // The directory never gives one name twice; writing both would silently lose one of them.
      if (series === undefined || series.poll === this.#poll) continue;
      series.poll = this.#poll;
      if (isOff(series.pair)) switchedOff += 1;
      else points.push(i, series);
    }
    const unregistered = markets.length - points.length - switchedOff;
    return { points, unregistered, switchedOff };
  }

  #seriesOf({ exchange, symbol }: MarketRef, index: number): PriceSeries | undefined {
    const last = this.#places[index];
    if (last !== undefined && last.symbol === symbol && last.exchange === exchange) return last;
    const pair = this.#tags.get(symbol);
    const series = pair === undefined ? undefined : this.#find(exchange, pair);
    if (series !== undefined) series.symbol = symbol;
    // Filled in order, so the array keeps without holes.
    this.#places[index] = series;
    return series;
  }

  #find(exchange: string, pair: string): PriceSeries {
    const known = this.#series.get(exchange) ?? new Map<string, PriceSeries>();
    this.#series.set(exchange, known);
    let series = known.get(pair);
    if (series === undefined) {
      const key = seriesKey('price', { exchange, pair });
      series = { exchange, pair, key, symbol: '', poll: 0 };
      known.set(pair, series);
    }
    return series;
  }
}

/** The points of one poll alone. */
export function pricePoints(rows: readonly PriceRow[], naming: Naming, slotMs: number) {
  const { points, ...left } = new PointMaker().make(writingRows(rows), naming, slotMs);
  return { points: [...points], ...left };
}

/** Rows that stand for points. Thousands come at a time, and mostly only their lines are wanted. */
export class PriceBatch implements PointBatch, LineSource {
  readonly #rows: WritingRows;
  readonly #timeNs: bigint;
  readonly #indices: number[] = [];
  readonly #series: PriceSeries[] = [];

  constructor(rows: WritingRows, timeNs: bigint) {
    this.#rows = rows;
    this.#timeNs = timeNs;
  }

  get length(): number {
    return this.#indices.length;
  }

  push(index: number, series: PriceSeries): void {
    this.#indices.push(index);
    this.#series.push(series);
  }

  *[Symbol.iterator](): Iterator<Point> {
    for (let i = 0; i < this.length; i++) yield this.pointAt(i);
  }

  pointAt(index: number): Point {
    const { exchange, pair } = this.#series[index] as PriceSeries;
    const fields = fieldsOf(this.#rows.rowAt(this.#indices[index] as number));
    return { measurement: 'price', tags: { exchange, pair }, fields, timeNs: this.#timeNs };
  }

  addLine(encoder: LineEncoder, index: number): Refusal | undefined {
    return (
      encoder.begin((this.#series[index] as PriceSeries).key) ??
      this.#rows.addFields(encoder, this.#indices[index] as number) ??
      encoder.end(this.#timeNs)
    );
  }
}

/** Rows whose fields are written one by one. */
export function writingRows(rows: readonly PriceRow[]): WritingRows {
  return {
    markets: rows,
    addFields: (encoder, index) => addFields(encoder, rows[index] as PriceRow),
    rowAt: (index) => rows[index] as PriceRow,
  };
}

// A poll leaves none behind, and the next one comes a minute later.
keepShape(new PriceBatch(writingRows([]), 0n));

const key = (name: PriceField) => fieldKey(name);
const PRICE = key('price');
const BID = key('bid');
const ASK = key('ask');
const VOLUME = key('volume');
const QUOTE_VOLUME = key('quote_volume');
const EXCHANGE_TIME = key('exchange_time');

/** The fields of a row, for a line that is begun. */
export function addFields(encoder: LineEncoder, row: PriceRow): Refusal | undefined {
  const { price, bid, ask, volume, quoteVolume, exchangeTimeMs } = row;
  let refusal = encoder.decimal(PRICE, price);
  if (bid !== undefined) refusal ??= encoder.decimal(BID, bid);
  if (ask !== undefined) refusal ??= encoder.decimal(ASK, ask);
  if (volume !== undefined) refusal ??= addAmount(encoder, VOLUME, volume);
  if (quoteVolume !== undefined) refusal ??= addAmount(encoder, QUOTE_VOLUME, quoteVolume);
  if (exchangeTimeMs !== undefined) refusal ??= encoder.int(EXCHANGE_TIME, exchangeTimeMs);
  return refusal;
}

function addAmount(encoder: LineEncoder, field: FieldKey, value: FloatText | number) {
  return typeof value === 'number' ? encoder.float(field, value) : encoder.decimal(field, value);
}

function fieldsOf(row: PriceRow): Record<string, FieldValue> {
  const fields: Partial<Record<PriceField, FieldValue>> = { price: row.price };
  if (row.bid) fields.bid = row.bid;
  if (row.ask) fields.ask = row.ask;
  if (row.volume !== undefined) fields.volume = row.volume;
  if (row.quoteVolume !== undefined) fields.quote_volume = row.quoteVolume;
  const { exchangeTimeMs: timeMs } = row;
  // No whole number is a refused line, and no reason to fail here.
  if (timeMs !== undefined)
    fields.exchange_time = Number.isInteger(timeMs) ? BigInt(timeMs) : timeMs;
  return fields;
}
