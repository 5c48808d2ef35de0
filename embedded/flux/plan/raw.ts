import type { Chunk, PointType, Series, StorageReader } from '../../storage/contract.ts';
import type { Holding } from '../tables/budget.ts';
import type { ColumnValues } from '../tables/column.ts';
import { allocate } from '../tables/column.ts';
import type { ReadSpec } from './source.ts';
import { COLUMN_TYPES } from './source.ts';
import { pointSource } from './sql.ts';

/** The points of one series in the order of time. */
export interface SeriesPoints {
  readonly rowCount: number;
  readonly times: BigInt64Array;
  readonly values: ColumnValues;
}

/** Series of the first reading, when nothing is known of how many points a series has. */
const FIRST_BATCH = 64;
/** Points that one reading aims at: some tens of megabytes. */
const BATCH_POINTS = 1_000_000;

/**
 * The points of many series, series after series in the given order, read in batches of as many
 * series as make up about a million points: neither DuckDB nor we sort, and memory stays flat.
 */
export class RawReader {
  readonly #reader: StorageReader;
  readonly #spec: ReadSpec;
  readonly #holding: Holding;
  readonly #signal: AbortSignal;
  #pointsPerSeries = 0;

  constructor(
    reader: StorageReader,
    options: { spec: ReadSpec; holding: Holding; signal: AbortSignal },
  ) {
    this.#reader = reader;
    this.#spec = options.spec;
    this.#holding = options.holding;
    this.#signal = options.signal;
  }

  /** Yields once for every series, in order; undefined for one without points. */
  async *read(
    series: readonly Series[],
  ): AsyncGenerator<{ series: Series; points: SeriesPoints | undefined }> {
    for (let from = 0; from < series.length; ) {
      const batch = series.slice(from, from + this.#batchSize());
      const points = await this.readBatch(batch);
      from += batch.length;
      try {
        for (const one of batch) yield { series: one, points: points.get(one.sid)?.finish() };
      } finally {
        this.#holding.free();
      }
    }
  }

  #batchSize(): number {
    if (this.#pointsPerSeries === 0) return FIRST_BATCH;
    return Math.max(1, Math.floor(BATCH_POINTS / this.#pointsPerSeries));
  }

  /** The points of some series at once, by series number; charged to the holding. */
  async readBatch(batch: readonly Series[]): Promise<Map<number, PointBuffer>> {
    const buffers = new Map<number, PointBuffer>();
    const types = new Set(batch.map((one) => one.type));
    let rows = 0;
    for (const type of types) {
      const series = batch.filter((one) => one.type === type);
      rows += await this.#readType(type, series, buffers);
    }
    this.#pointsPerSeries = Math.max(rows / batch.length, 1);
    return buffers;
  }

  async #readType(
    type: PointType,
    series: readonly Series[],
    buffers: Map<number, PointBuffer>,
  ): Promise<number> {
    const source = await pointSource(this.#reader, this.#spec, { type, series });
    if (source === undefined) return 0;
    // A column that is not asked for is not unpacked: one series needs no number.
    const only = series.length === 1 ? series[0]!.sid : undefined;
    const columns = only === undefined ? 'p.time, p.value, p.sid' : 'p.time, p.value';
    const sql = `SELECT ${columns} FROM ${source.from} WHERE ${source.where}`;
    let rows = 0;
    try {
      for await (const chunk of this.#reader.query(sql, this.#signal)) {
        rows += chunk.rowCount;
        this.#holding.add(chunk.rowCount * 24);
        scatter(chunk, { type, only }, buffers);
      }
    } finally {
      await source.drop();
    }
    return rows;
  }
}

function scatter(
  chunk: Chunk,
  { type, only }: { readonly type: PointType; readonly only: number | undefined },
  buffers: Map<number, PointBuffer>,
): void {
  const times = halves(chunk.column(0).values as BigInt64Array);
  const values = chunk.column(1).values;
  const sids = only === undefined ? (chunk.column(2).values as Int32Array) : undefined;
  const wide = values instanceof BigInt64Array || values instanceof BigUint64Array;
  const source = wide ? halves(values) : (values as readonly (number | string | boolean)[]);
  let sid = -1;
  let buffer: PointBuffer | undefined;
  for (let row = 0; row < chunk.rowCount; row++) {
    const next = only ?? (sids![row] as number);
    if (next !== sid || buffer === undefined) {
      sid = next;
      buffer = buffers.get(sid);
      if (buffer === undefined) {
        buffer = new PointBuffer(type);
        buffers.set(sid, buffer);
      }
    }
    buffer.append(times, source, row);
  }
}

/** 64-bit integers as pairs of 32-bit ones: copying them makes no BigInt. */
function halves(values: BigInt64Array | BigUint64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** Grows with the points of one series. */
export class PointBuffer {
  readonly #type: PointType;
  #count = 0;
  #capacity = 64;
  #times = new Int32Array(128);
  #values: ColumnValues;
  #wide: Int32Array | undefined;

  constructor(type: PointType) {
    this.#type = type;
    this.#values = type === 'string' ? [] : allocate(COLUMN_TYPES[type], this.#capacity);
    this.#wide = type === 'long' || type === 'ulong' ? halves(this.#values as never) : undefined;
  }

  append(
    times: Int32Array,
    values: Int32Array | readonly (number | string | boolean)[],
    row: number,
  ): void {
    if (this.#count === this.#capacity) this.#grow();
    const at = this.#count++;
    this.#times[at * 2] = times[row * 2] as number;
    this.#times[at * 2 + 1] = times[row * 2 + 1] as number;
    if (this.#wide !== undefined) {
      this.#wide[at * 2] = values[row * 2] as number;
      this.#wide[at * 2 + 1] = values[row * 2 + 1] as number;
    } else (this.#values as unknown[])[at] = this.#plain(values[row]);
  }

  #plain(value: unknown): unknown {
    return this.#type === 'bool' ? Number(value) : value;
  }

  #grow(): void {
    this.#capacity *= 2;
    const times = new Int32Array(this.#capacity * 2);
    times.set(this.#times);
    this.#times = times;
    if (this.#type === 'string') return;
    const values = allocate(COLUMN_TYPES[this.#type], this.#capacity) as Float64Array;
    values.set(this.#values as Float64Array);
    this.#values = values;
    if (this.#wide !== undefined) this.#wide = halves(values as never);
  }

  /** In the order of time: late points stand at the end of a points table. */
  finish(): SeriesPoints {
    const count = this.#count;
    const times = new BigInt64Array(this.#times.buffer, 0, count);
    const values = (
      this.#type === 'string' ? this.#values : (this.#values as Float64Array).subarray(0, count)
    ) as ColumnValues;
    if (this.#ordered()) return { rowCount: count, times, values };
    const order = Array.from({ length: count }, (_, row) => row);
    order.sort((a, b) => compare(times[a] as bigint, times[b] as bigint));
    const sortedTimes = new BigInt64Array(count);
    const sortedValues = allocate(COLUMN_TYPES[this.#type], count) as unknown[];
    for (let row = 0; row < count; row++) {
      const from = order[row] as number;
      sortedTimes[row] = times[from] as bigint;
      sortedValues[row] = values[from];
    }
    const sorted = sortedValues as unknown as ColumnValues;
    return { rowCount: count, times: sortedTimes, values: sorted };
  }

  #ordered(): boolean {
    const times = this.#times;
    for (let row = 1; row < this.#count; row++) {
      const high = times[row * 2 + 1] as number;
      const before = times[row * 2 - 1] as number;
      if (high < before) return false;
      if (high > before) continue;
      if ((times[row * 2] as number) >>> 0 < (times[row * 2 - 2] as number) >>> 0) return false;
    }
    return true;
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
