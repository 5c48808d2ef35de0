import type { Span } from '../../../core/flux-ast.ts';
import type { Log } from '../../../core/log.ts';
import type { StorageReader, StorageWriter } from '../../storage/contract.ts';
import type { MemoryPool } from '../tables/memory-pool.ts';
import type { TableStream, Time, Value } from '../values/value.ts';

export interface Bucket {
  readonly id: string;
  readonly name: string;
  /** 0: kept for ever. */
  readonly retentionSeconds: number;
}

export interface Organization {
  readonly id: string;
  readonly name: string;
}

/** Ceilings of one query. Passing one is an error that names it, never a dead process. */
export interface QueryLimits {
  /** UTF-8 bytes of a script; the parser has a ceiling of its own. */
  readonly scriptBytesMax: number;
  /** Bytes that the tables of one query may hold in memory at once. */
  readonly memoryBytesMax: number;
  /** Nested calls of a script's own functions. */
  readonly callDepthMax: number;
}

/** What the engine lends to the evaluator. */
export interface FluxHost {
  readonly reader: StorageReader;
  readonly writer: StorageWriter;
  bucket(orgId: string, ref: { name?: string; id?: string }): Bucket | undefined;
  buckets(orgId: string): readonly Bucket[];
  readonly limits: QueryLimits;
  /** What all queries share; absent: each has its own ceiling only. */
  readonly memory?: MemoryPool;
  readonly log: Log;
}

/** `name` is an IANA zone or "UTC"; `offset` comes on top (location option of Flux). */
export interface Location {
  readonly zone: string;
  readonly offsetNs: bigint;
}

/** What a built-in function may ask of the query that runs it. */
export interface CallContext {
  readonly host: FluxHost;
  readonly org: Organization;
  readonly signal: AbortSignal;
  /** The `now` option: fixed for the whole query. */
  readonly now: Time;
  /** The `location` option. */
  readonly location: Location;
  /** Scratch space of this query, for what must be computed once (keyed by its owner). */
  readonly memo: Map<unknown, unknown>;
  /**
   * Registers a result. The streams are read once the whole script was evaluated, in this order.
   */
  yield(name: string, stream: TableStream): void;
  /** Marks a stream that writes (`to`): it runs although nobody yields it. */
  sideEffect(stream: TableStream): void;
  /** Where the call that runs now stands. Read it before the first await. */
  readonly site: Span | undefined;
  /** The value of `option name = ...` in the script or its prelude. */
  option(name: string): Value | undefined;
}
