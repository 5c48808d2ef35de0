import {
  BIGINT,
  BOOLEAN,
  DOUBLE as DUCK_DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBVector,
  INTEGER,
  UBIGINT,
  VARCHAR,
} from '@duckdb/node-api';
import type { PointType } from './contract.ts';
import type { RowBuffer } from './rows.ts';
import { BOOL, STRING, typeOfCode } from './types.ts';

/** DuckDB's vector size: the most rows of one chunk. */
const CHUNK_ROWS = 2048;

const DUCK_TYPES: Readonly<Record<PointType, DuckDBType>> = {
  double: DUCK_DOUBLE,
  long: BIGINT,
  ulong: UBIGINT,
  string: VARCHAR,
  bool: BOOLEAN,
};

/** The table (sid, time, value) of one bucket and point type; rows are appended in typed chunks. */
export class PointTable {
  readonly name: string;
  readonly code: number;
  readonly bucketId: string;
  readonly sqlType: string;
  /** Committed: others may read it. */
  exists = false;
  readonly #bareName: string;
  #appender: DuckDBAppender | undefined;
  #chunk: ChunkFiller | undefined;

  constructor(bucketId: string, code: number) {
    const type = typeOfCode(code);
    this.bucketId = bucketId;
    this.code = code;
    this.sqlType = DUCK_TYPES[type].toString();
    this.#bareName = `b_${bucketId}_${type}`;
    this.name = `points.${this.#bareName}`;
  }

  /** Inside the transaction that appends. */
  async prepare(connection: DuckDBConnection): Promise<void> {
    if (!this.exists) await connection.run(this.#createSql());
    this.#appender ??= await connection.createAppender(this.#bareName, 'points');
    this.#chunk ??= new ChunkFiller(this.code);
  }

  push(rows: RowBuffer, row: number): void {
    if (this.#chunk!.push(rows, row) === CHUNK_ROWS) this.#appendChunk();
  }

  flush(): void {
    this.#appendChunk();
    this.#appender?.flushSync();
  }

  /** Puts rows into another table of the same shape. */
  appendTo(appender: DuckDBAppender, rows: RowBuffer, chosen: readonly number[]): void {
    const chunk = this.#chunk!;
    for (const row of chosen) {
      if (chunk.push(rows, row) === CHUNK_ROWS) appender.appendDataChunk(chunk.take());
    }
    if (chunk.count > 0) appender.appendDataChunk(chunk.take());
  }

  /** After a failed transaction or a drop: the appender knows a table that is no more. */
  reset(): void {
    this.#chunk = undefined;
    const appender = this.#appender;
    this.#appender = undefined;
    if (!appender) return;
    appender.clear();
    appender.closeSync();
  }

  #createSql(): string {
    return `CREATE TABLE ${this.name} (sid INTEGER, time BIGINT, value ${this.sqlType})`;
  }

  #appendChunk(): void {
    if (this.#chunk && this.#chunk.count > 0) this.#appender!.appendDataChunk(this.#chunk.take());
  }
}

/**
 * Fills one DuckDB chunk, again and again: a new one per batch is freed only by the garbage
 * collector and grew the process by a gigabyte.
 */
class ChunkFiller {
  readonly #code: number;
  readonly #chunk: DuckDBDataChunk;
  #sids: Int32Array = new Int32Array(0);
  #times: Int32Array = new Int32Array(0);
  /** 64-bit values as pairs; of no use for strings and booleans, which go through `#vector`. */
  #values: Int32Array = new Int32Array(0);
  #vector: DuckDBVector | undefined;
  count = 0;

  constructor(code: number) {
    this.#code = code;
    this.#chunk = DuckDBDataChunk.create([INTEGER, BIGINT, DUCK_TYPES[typeOfCode(code)]]);
  }

  /** Returns the number of rows in the chunk. */
  push(rows: RowBuffer, row: number): number {
    if (this.count === 0) this.#begin();
    const at = this.count++;
    const pair = at * 2;
    const source = row * 2;
    this.#sids[at] = rows.sids[row]!;
    this.#times[pair] = rows.timeHalves[source]!;
    this.#times[pair + 1] = rows.timeHalves[source + 1]!;
    if (this.#code === STRING) this.#vector!.setItem(at, rows.strings[rows.doubles[row]!]!);
    else if (this.#code === BOOL) this.#vector!.setItem(at, rows.doubles[row] === 1);
    else {
      this.#values[pair] = rows.valueHalves[source]!;
      this.#values[pair + 1] = rows.valueHalves[source + 1]!;
    }
    return this.count;
  }

  /** The filled chunk, good until the next push. */
  take(): DuckDBDataChunk {
    for (let column = 0; column < 3; column++) this.#chunk.getColumnVector(column).flush();
    this.#chunk.rowCount = this.count;
    this.count = 0;
    return this.#chunk;
  }

  #begin(): void {
    this.#chunk.reset();
    this.#chunk.rowCount = CHUNK_ROWS;
    this.#sids = words(this.#chunk.getColumnVector(0));
    this.#times = words(this.#chunk.getColumnVector(1));
    this.#vector = this.#chunk.getColumnVector(2);
    if (this.#code !== STRING && this.#code !== BOOL) this.#values = words(this.#vector);
  }
}

/** A numeric vector's memory as 32-bit words. */
function words(vector: DuckDBVector): Int32Array {
  if (!('items' in vector) || !ArrayBuffer.isView(vector.items)) {
    throw new TypeError(`a vector of type ${vector.type} has no numbers`);
  }
  const { buffer, byteOffset, byteLength } = vector.items;
  return new Int32Array(buffer, byteOffset, byteLength / 4);
}
