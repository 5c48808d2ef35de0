import type { StorageReader } from '../../storage/contract.ts';
import type { CallContext } from '../functions/context.ts';
import type { Table, TableStream } from '../values/value.ts';
import { Budget } from './budget.ts';
import { tableBytes } from './table.ts';

/** What every stream of one query shares. */
export interface QueryScope {
  readonly budget: Budget;
  readonly reader: StorageReader;
  readonly context: CallContext;
}

const SCOPE = Symbol('query scope');

export function scopeOf(context: CallContext): QueryScope {
  const known = context.memo.get(SCOPE) as QueryScope | undefined;
  if (known !== undefined) return known;
  const { limits, memory } = context.host;
  const budget = new Budget(limits.memoryBytesMax, memory);
  const scope: QueryScope = { budget, reader: context.host.reader, context };
  context.memo.set(SCOPE, scope);
  return scope;
}

/** After the last table of a query, or instead of it. */
export function closeScope(context: CallContext): void {
  const scope = context.memo.get(SCOPE) as QueryScope | undefined;
  scope?.budget.close();
}

/** The time range that `range()` set: windows are cut to it. */
export interface Bounds {
  readonly startNs: bigint;
  readonly stopNs: bigint;
}

/** A share of the ceiling above which a stream with several readers is read again, not kept. */
const KEPT_SHARE = 0.25;

/**
 * A stream of tables of ours. It counts who reads it: with several readers its tables are kept
 * after the first reading (as long as they are small), so that a script's variable runs once.
 */
export abstract class Stream implements TableStream {
  readonly kind = 'stream';
  readonly scope: QueryScope;
  readonly bounds: Bounds | undefined;
  #readers = 0;
  #readings = 0;
  #kept: readonly Table[] | undefined;
  #keptBytes = 0;

  constructor(scope: QueryScope, bounds: Bounds | undefined) {
    this.scope = scope;
    this.bounds = bounds;
  }

  /** How many functions of the script take this stream: known once the script was evaluated. */
  get readers(): number {
    return this.#readers;
  }

  /** Says that one more function reads this stream. */
  use(): this {
    this.#readers += 1;
    return this;
  }

  /** True when tables arrive in the order of their group keys. */
  get sorted(): boolean {
    return false;
  }

  protected abstract read(signal: AbortSignal): AsyncIterable<Table>;

  tables(signal: AbortSignal): AsyncIterable<Table> {
    this.#readings += 1;
    if (this.#kept !== undefined) return this.#replay(this.#kept);
    return this.#readers > 1 && this.#readings < this.#readers
      ? this.#keep(signal)
      : this.read(signal);
  }

  async *#keep(signal: AbortSignal): AsyncGenerator<Table> {
    const holding = this.scope.budget.hold();
    const limit = this.scope.budget.bytesMax * KEPT_SHARE;
    let kept: Table[] | undefined = [];
    try {
      for await (const table of this.read(signal)) {
        if (kept !== undefined) {
          if (holding.bytes + tableBytes(table) > limit) {
            kept = undefined;
            holding.free();
          } else {
            holding.addTable(table);
            kept.push(table);
          }
        }
        yield table;
      }
      if (kept !== undefined && this.#kept === undefined) {
        this.#kept = kept;
        this.#keptBytes = holding.bytes;
        return;
      }
      holding.free();
    } catch (error) {
      holding.free();
      throw error;
    }
  }

  async *#replay(kept: readonly Table[]): AsyncGenerator<Table> {
    for (const table of kept) yield table;
    if (this.#readings >= this.#readers && this.#kept !== undefined) {
      this.#kept = undefined;
      this.scope.budget.release(this.#keptBytes);
    }
  }
}

export interface DerivedOptions {
  readonly bounds?: Bounds | undefined;
  readonly sorted?: boolean;
}

/** A stream that computes its tables from other streams. */
export class Derived extends Stream {
  readonly #run: (signal: AbortSignal) => AsyncIterable<Table>;
  readonly #sorted: boolean;

  constructor(
    scope: QueryScope,
    options: DerivedOptions,
    run: (signal: AbortSignal) => AsyncIterable<Table>,
  ) {
    super(scope, options.bounds);
    this.#run = run;
    this.#sorted = options.sorted ?? false;
  }

  override get sorted(): boolean {
    return this.#sorted;
  }

  protected override read(signal: AbortSignal): AsyncIterable<Table> {
    return this.#run(signal);
  }
}

/** Any stream as one of ours. */
export function asStream(stream: TableStream, context: CallContext): Stream {
  if (stream instanceof Stream) return stream;
  return new Derived(scopeOf(context), {}, (signal) => stream.tables(signal));
}
