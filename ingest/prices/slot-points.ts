import { toMicros } from '../../core/clock.ts';
import { keepShape } from '../../core/kept-shapes.ts';
import type { LineEncoder, LineSource, Refusal } from '../../core/line-protocol.ts';
import type { measurements } from '../../core/measurements.ts';
import { type FieldValue, msToNs, type Point, type PointBatch } from '../../core/point.ts';
import { PriceBatch, writingRows } from './points.ts';

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
    late_ms: toMicros(Math.max(0, lateMs)),
    took_ms: toMicros(tookMs),
    rows: BigInt(rows),
    ok,
  };
  return { measurement: 'ingest', tags: { exchange }, fields, timeNs: msToNs(slotMs) };
}

/**
 * The prices of a slot, and behind them the slot's own point: they go to the disk and to InfluxDB
 * together, so that a poll costs one sync and one request and not two, and no slot says of itself
 * that it is stored without its prices.
 */
export class SlotBatch implements PointBatch, LineSource {
  readonly #prices: PriceBatch;
  readonly #slot: Point;

  constructor(prices: PriceBatch, slot: Point) {
    this.#prices = prices;
    this.#slot = slot;
  }

  get length(): number {
    return this.#prices.length + 1;
  }

  *[Symbol.iterator](): Iterator<Point> {
    yield* this.#prices;
    yield this.#slot;
  }

  pointAt(index: number): Point {
    return index < this.#prices.length ? this.#prices.pointAt(index) : this.#slot;
  }

  addLine(encoder: LineEncoder, index: number): Refusal | undefined {
    if (index < this.#prices.length) return this.#prices.addLine(encoder, index);
    return encoder.add(this.#slot);
  }
}

const nothing = { exchange: '', slotMs: 0, lateMs: 0, tookMs: 0, rows: 0, ok: true };
keepShape(new SlotBatch(new PriceBatch(writingRows([]), 0n), slotPoint(nothing)));
