import {
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBVector,
  INTEGER,
} from '@duckdb/node-api';
import { TidemarkError } from '../../core/errors.ts';
import type { Chunk, ChunkColumn, SelectedSeries, Selection } from './contract.ts';
import { type Database, SCRATCH } from './database.ts';
import { Gate } from './gate.ts';

/**
 * DuckDB's calls run on Node's small pool of threads; reads may take only this many of them, so
 * that a commit never waits behind them.
 */
const READS_AT_ONCE = 2;
const IDLE_CONNECTIONS_MAX = 4;
const SELECTION_CHUNK_ROWS = 2048;

/** Runs the SQL of queries on connections of their own, apart from the writer. */
export class QueryRunner {
  readonly #database: Database;
  readonly #gate = new Gate(READS_AT_ONCE);
  readonly #idle: DuckDBConnection[] = [];
  readonly #open = new Set<DuckDBConnection>();
  #selections = 0;
  #closed = false;

  constructor(database: Database) {
    this.#database = database;
  }

  async select(series: readonly SelectedSeries[]): Promise<Selection> {
    const connection = await this.#acquire();
    const name = `selection_${++this.#selections}`;
    const table = `${SCRATCH}.main.${name}`;
    try {
      await this.#call(() =>
        connection.run(`CREATE TABLE ${table} (sid INTEGER, u INTEGER, g INTEGER)`),
      );
      const appender = await connection.createAppender(name, 'main', SCRATCH);
      try {
        for (const chunk of selectionChunks(series)) appender.appendDataChunk(chunk);
      } finally {
        appender.closeSync();
      }
    } finally {
      this.#release(connection);
    }
    return { table, drop: () => this.#run(`DROP TABLE IF EXISTS ${table}`) };
  }

  async *query(sql: string, signal: AbortSignal): AsyncGenerator<Chunk> {
    refuseAborted(signal);
    const connection = await this.#acquire();
    const interrupt = () => connection.interrupt();
    signal.addEventListener('abort', interrupt);
    let finished = false;
    try {
      const result = await this.#call(() => connection.stream(sql));
      for (;;) {
        refuseAborted(signal);
        const chunk = await this.#call(() => result.fetchChunk());
        if (!chunk || chunk.rowCount === 0) break;
        yield new ChunkView(chunk);
      }
      finished = true;
    } catch (cause) {
      refuseAborted(signal);
      throw this.#database.explain(cause);
    } finally {
      signal.removeEventListener('abort', interrupt);
      // A connection with half an answer on it is not worth keeping.
      if (finished) this.#release(connection);
      else this.#discard(connection);
    }
  }

  /** Interrupts what runs, waits for it to end, and lets go of the database. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const connection of this.#open) connection.interrupt();
    await this.#gate.idle();
    for (const connection of this.#open) connection.closeSync();
    this.#open.clear();
    this.#idle.length = 0;
  }

  /** One native call: never on a connection that was closed. */
  #call<T>(work: () => Promise<T>): Promise<T> {
    return this.#gate.run(() => {
      if (this.#closed) throw new TidemarkError('unavailable', 'storage is closed');
      return work();
    });
  }

  async #run(sql: string): Promise<void> {
    if (this.#closed) return;
    const connection = await this.#acquire();
    try {
      await this.#call(() => connection.run(sql));
    } finally {
      this.#release(connection);
    }
  }

  async #acquire(): Promise<DuckDBConnection> {
    if (this.#closed) throw new TidemarkError('unavailable', 'storage is closed');
    this.#database.refuseIfBroken();
    const idle = this.#idle.pop();
    if (idle) return idle;
    const connection = await this.#database.connect();
    this.#open.add(connection);
    return connection;
  }

  #release(connection: DuckDBConnection): void {
    if (this.#closed) return;
    if (this.#idle.length < IDLE_CONNECTIONS_MAX) this.#idle.push(connection);
    else this.#discard(connection);
  }

  #discard(connection: DuckDBConnection): void {
    if (this.#open.delete(connection)) connection.closeSync();
  }
}

function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new TidemarkError('cancelled', 'the query was cancelled');
}

function* selectionChunks(series: readonly SelectedSeries[]): Generator<DuckDBDataChunk> {
  for (let start = 0; start < series.length; start += SELECTION_CHUNK_ROWS) {
    const part = series.slice(start, start + SELECTION_CHUNK_ROWS);
    const chunk = DuckDBDataChunk.create([INTEGER, INTEGER, INTEGER], part.length);
    chunk.setColumnValues(
      0,
      part.map((one) => one.sid),
    );
    chunk.setColumnValues(
      1,
      part.map((one) => one.unit),
    );
    chunk.setColumnValues(
      2,
      part.map((one) => one.group),
    );
    yield chunk;
  }
}

class ChunkView implements Chunk {
  readonly rowCount: number;
  readonly #chunk: DuckDBDataChunk;

  constructor(chunk: DuckDBDataChunk) {
    this.#chunk = chunk;
    this.rowCount = chunk.rowCount;
  }

  column(index: number): ChunkColumn {
    const vector = this.#chunk.getColumnVector(index);
    return { values: valuesOf(vector), isNull: (row) => vector.getItem(row) === null };
  }
}

/** Typed arrays are copied: the memory belongs to the chunk, which may go before they do. */
function valuesOf(vector: DuckDBVector): ChunkColumn['values'] {
  if ('items' in vector) {
    const { items } = vector;
    if (items instanceof Float64Array || items instanceof BigInt64Array) return items.slice();
    if (items instanceof Int32Array || items instanceof BigUint64Array) return items.slice();
  }
  return vector.toArray().map(plain);
}

function plain(value: unknown): string | boolean | number | bigint | null {
  if (value === null) return null;
  const type = typeof value;
  if (type === 'string' || type === 'boolean' || type === 'number' || type === 'bigint') {
    return value as string | boolean | number | bigint;
  }
  return String(value);
}
