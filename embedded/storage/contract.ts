/**
 * What the rest of the engine may ask of storage. The HTTP side writes and deletes; the Flux side
 * reads the dictionary in memory and the points by SQL.
 */
export type PointType = 'double' | 'long' | 'ulong' | 'string' | 'bool';

/** One (measurement, tags, field): points carry only its number. */
export interface Series {
  readonly sid: number;
  readonly measurement: string;
  readonly field: string;
  readonly type: PointType;
  /** Sorted by key. */
  readonly tags: ReadonlyMap<string, string>;
}

export interface PointField {
  readonly name: string;
  readonly type: PointType;
  /** double: number; long, ulong: bigint; string: string; bool: boolean. */
  readonly value: number | bigint | string | boolean;
}

/** One line of line protocol as parsed. */
export interface ParsedPoint {
  readonly measurement: string;
  /** Sorted by key, no duplicates. */
  readonly tags: readonly (readonly [string, string])[];
  readonly fields: readonly PointField[];
  readonly timeNs: bigint;
}

/** Points that were refused while the rest of the batch was kept (InfluxDB answers 422). */
export interface WriteResult {
  readonly written: number;
  readonly dropped: number;
  /** InfluxDB's own words for the first refusal, when dropped > 0. */
  readonly message?: string;
}

/** Half open, nanoseconds. */
export interface TimeRange {
  readonly startNs: bigint;
  readonly stopNs: bigint;
}

/** A temporary table of one query: which series it reads, and the caller's own numbers for each. */
export interface Selection {
  /** Name of a table (sid INTEGER, u INTEGER, g INTEGER). */
  readonly table: string;
  drop(): Promise<void>;
}

export interface SelectedSeries {
  readonly sid: number;
  /** The caller's number for the table (unit) that the series belongs to. */
  readonly unit: number;
  /** The caller's number for a coarser grouping; 0 when unused. */
  readonly group: number;
}

/** Columns of one chunk of an SQL answer, typed arrays where the SQL type allows. */
export interface Chunk {
  readonly rowCount: number;
  /** INTEGER -> Int32Array, BIGINT -> BigInt64Array, DOUBLE -> Float64Array; text -> array. */
  column(index: number): ChunkColumn;
}

export interface ChunkColumn {
  readonly values:
    | Int32Array
    | BigInt64Array
    | BigUint64Array
    | Float64Array
    | readonly (string | boolean | number | bigint | null)[];
  /** True when row i is NULL. */
  isNull(row: number): boolean;
}

export interface StorageReader {
  /** Every series of the bucket in InfluxDB's series-key order (measurement, tags, field). */
  series(bucketId: string): readonly Series[];
  /** The table (sid INTEGER, time BIGINT ns, value T) of one type; undefined when none exists. */
  pointsTable(bucketId: string, type: PointType): string | undefined;
  select(series: readonly SelectedSeries[]): Promise<Selection>;
  /** Streams the answer; aborting stops DuckDB's work. One snapshot for the whole answer. */
  query(sql: string, signal: AbortSignal): AsyncIterable<Chunk>;
}

export interface StorageWriter {
  /** Durable (fsynced) when it resolves. Same series and time: the last write wins. */
  write(bucketId: string, points: readonly ParsedPoint[]): Promise<WriteResult>;
}
