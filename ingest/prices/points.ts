import type { LineEncoder, LineSource, Refusal } from '../../core/line-protocol.ts';
import type { measurements } from '../../core/measurements.ts';
import { type FieldValue, msToNs, type Point, type PointBatch } from '../../core/point.ts';
import type { PriceRow } from './adapter.ts';

type PriceField = keyof (typeof measurements)['price']['fields'];

export interface PricePoints {
  readonly points: PointBatch;
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

/** A series, made once: the encoder knows tags that it has seen by their identity. */
interface PriceSeries {
  readonly tags: { readonly exchange: string; readonly pair: string };
  /** The poll that it was written in last. */
  poll: number;
}

/**
 * Makes the points of one exchange after the other poll of it: remembers its series, which come
 * again each time.
 */
export class PointMaker {
  /** Exchange -> pair -> series. */
  readonly #series = new Map<string, Map<string, PriceSeries>>();
  #poll = 0;

  /**
   * Rows of one poll as points of the slot. The point's time is the slot, not the answer's, so that
   * the same slot again overwrites itself.
   */
  make(rows: readonly PriceRow[], { tags, isOff }: Naming, slotMs: number): PricePoints {
    const points = new RowPoints(msToNs(slotMs));
    let switchedOff = 0;
    this.#poll += 1;
    let exchange = '';
    let known: Map<string, PriceSeries> = new Map();
    for (const row of rows) {
      const pair = tags.get(row.symbol);
      if (pair === undefined) continue;
      if (row.exchange !== exchange) {
        exchange = row.exchange;
        known = this.#seriesOf(exchange);
      }
      let series = known.get(pair);
      if (series === undefined) {
        series = { tags: { exchange, pair }, poll: 0 };
        known.set(pair, series);
      }
      // The directory never gives one name twice; writing both would silently lose one of them.
      if (series.poll === this.#poll) continue;
      series.poll = this.#poll;
      if (isOff(pair)) switchedOff += 1;
      else points.push(row, series.tags);
    }
    const unregistered = rows.length - points.length - switchedOff;
    return { points, unregistered, switchedOff };
  }

  #seriesOf(exchange: string): Map<string, PriceSeries> {
    const known = this.#series.get(exchange);
    if (known !== undefined) return known;
    const made = new Map<string, PriceSeries>();
    this.#series.set(exchange, made);
    return made;
  }
}

/** The points of one poll alone. */
export function pricePoints(rows: readonly PriceRow[], naming: Naming, slotMs: number) {
  const { points, ...left } = new PointMaker().make(rows, naming, slotMs);
  return { points: [...points], ...left };
}

type Tags = PriceSeries['tags'];

/** Rows that stand for points. Thousands come at a time, and mostly only their lines are wanted. */
class RowPoints implements PointBatch, LineSource {
  readonly #timeNs: bigint;
  readonly #rows: PriceRow[] = [];
  readonly #tags: Tags[] = [];

  constructor(timeNs: bigint) {
    this.#timeNs = timeNs;
  }

  get length(): number {
    return this.#rows.length;
  }

  push(row: PriceRow, tags: Tags): void {
    this.#rows.push(row);
    this.#tags.push(tags);
  }

  *[Symbol.iterator](): Iterator<Point> {
    const timeNs = this.#timeNs;
    for (let i = 0; i < this.length; i++) {
      const tags = this.#tags[i] as Tags;
      const fields = fieldsOf(this.#rows[i] as PriceRow);
      yield { measurement: 'price', tags, fields, timeNs };
    }
  }

  addLine(encoder: LineEncoder, index: number): Refusal | undefined {
    const { price, bid, ask, volume, quoteVolume, exchangeTimeMs } = this.#rows[index] as PriceRow;
    return (
      encoder.begin('price', this.#tags[index] as Tags) ??
      encoder.field('price' satisfies PriceField, price) ??
      (bid && encoder.field('bid' satisfies PriceField, bid)) ??
      (ask && encoder.field('ask' satisfies PriceField, ask)) ??
      (volume === undefined ? volume : encoder.field('volume' satisfies PriceField, volume)) ??
      (quoteVolume === undefined
        ? quoteVolume
        : encoder.field('quote_volume' satisfies PriceField, quoteVolume)) ??
      (exchangeTimeMs === undefined
        ? exchangeTimeMs
        : encoder.int('exchange_time' satisfies PriceField, exchangeTimeMs)) ??
      encoder.end(this.#timeNs)
    );
  }
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
