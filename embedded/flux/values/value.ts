/**
 * Flux values in JavaScript.
 *
 *   null -> null      bool -> boolean     string -> string    float -> number    int -> bigint
 * uint -> UInt      time -> Time        duration -> Duration  regexp -> Regexp  bytes ->
 * Uint8Array
 *   array -> FluxArray (a plain readonly array)   record -> FluxRecord   dict -> Dict
 *   function -> FluxFunction (our own or built in)   stream of tables -> TableStream
 */
export class UInt {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = BigInt.asUintN(64, value);
  }
}

export class Time {
  /** Nanoseconds since the epoch. */
  readonly ns: bigint;
  constructor(ns: bigint) {
    this.ns = ns;
  }
}

/** Months and nanoseconds stay apart: a month has no fixed length. Negative ones negate both. */
export class Duration {
  readonly months: number;
  readonly ns: bigint;
  constructor(months: number, ns: bigint) {
    this.months = months;
    this.ns = ns;
  }
}

/** RE2 syntax, linear time. */
export class Regexp {
  readonly source: string;
  readonly test: (text: string) => boolean;
  constructor(source: string, test: (text: string) => boolean) {
    this.source = source;
    this.test = test;
  }
}

export type FluxRecord = ReadonlyMap<string, Value>;
export type FluxArray = readonly Value[];

export class Dict {
  readonly entries: ReadonlyMap<Value, Value>;
  constructor(entries: ReadonlyMap<Value, Value>) {
    this.entries = entries;
  }
}

export type MaybePromise<T> = T | Promise<T>;

export interface FluxFunction {
  readonly kind: 'function';
  /** For messages. */
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly required: boolean }[];
  /** The parameter that `<-` feeds, if any. */
  readonly pipeParameter: string | undefined;
  /**
   * Synchronous unless the body reads tables (findRecord, findColumn...). Row functions must be
   * synchronous: a Promise there is refused with a clear message.
   */
  call(args: ReadonlyMap<string, Value>): MaybePromise<Value>;
}

export type Value =
  | null
  | boolean
  | string
  | number
  | bigint
  | UInt
  | Time
  | Duration
  | Regexp
  | Uint8Array
  | FluxArray
  | FluxRecord
  | Dict
  | FluxFunction
  | TableStream;

/** Column types as annotated CSV names them. */
export type ColumnType =
  | 'string'
  | 'long'
  | 'unsignedLong'
  | 'double'
  | 'boolean'
  | 'dateTime:RFC3339';

/**
 * A column of one table. `values` by type: double Float64Array; long and time BigInt64Array;
 * unsignedLong BigUint64Array; boolean Uint8Array; string (string | null)[]. A constant column
 * (every group key column is one) has `constant` set and no `values`: it costs nothing per row.
 */
export interface Column {
  readonly label: string;
  readonly type: ColumnType;
  readonly values?:
    | Float64Array
    | BigInt64Array
    | BigUint64Array
    | Uint8Array
    | readonly (string | null)[];
  /** 1 where the row is null; absent when no row is. Strings use null in `values` instead. */
  readonly nulls?: Uint8Array;
  /** Scalar of the column's type: string, bigint, UInt, number, boolean, Time, or null. */
  readonly constant?: Value;
}

export interface Table {
  /** Labels of the group key, in key order; each names a constant column. */
  readonly key: readonly string[];
  /** In output order. */
  readonly columns: readonly Column[];
  readonly rowCount: number;
}

/**
 * A lazy stream of tables. Reading it twice runs it twice unless it was memoised; `tables` must be
 * pulled with back-pressure and stops its work when the signal aborts.
 */
export interface TableStream {
  readonly kind: 'stream';
  tables(signal: AbortSignal): AsyncIterable<Table>;
}
