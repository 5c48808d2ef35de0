import { FluxError } from '../error.ts';
import type { Table } from '../values/value.ts';
import type { MemoryPool } from './memory-pool.ts';
import { tableBytes } from './table.ts';

/**
 * Bytes that the tables of one query hold at once. Whoever keeps tables charges them and releases
 * them when done; passing the ceiling ends the query with InfluxDB's words for it.
 */
export class Budget {
  readonly bytesMax: number;
  readonly #pool: MemoryPool | undefined;
  #bytes = 0;
  #closed = false;

  /** `pool` is what all queries share. */
  constructor(bytesMax: number, pool?: MemoryPool) {
    this.bytesMax = bytesMax;
    this.#pool = pool;
  }

  get bytes(): number {
    return this.#bytes;
  }

  charge(bytes: number): void {
    if (this.#bytes + bytes > this.bytesMax) throw this.#exceeded(this.bytesMax, bytes, '');
    if (this.#pool && !this.#closed && !this.#pool.take(bytes)) {
      throw this.#exceeded(this.#pool.bytesMax, bytes, ' by all queries together');
    }
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
    if (!this.#closed) this.#pool?.give(bytes);
  }

  /** At the end of the query: gives back what nobody released. */
  close(): void {
    if (!this.#closed) this.#pool?.give(this.#bytes);
    this.#closed = true;
  }

  #exceeded(limit: number, wanted: number, whose: string): FluxError {
    const allocated = whose === '' ? this.#bytes : (this.#pool?.bytes ?? 0);
    return new FluxError(
      `memory allocation limit reached: limit ${limit} bytes, ` +
        `allocated${whose}: ${allocated}, wanted: ${wanted}`,
    );
  }

  /** What one holder keeps; `free` gives all of it back. */
  hold(): Holding {
    return new Holding(this);
  }
}

export class Holding {
  readonly #budget: Budget;
  #bytes = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    this.#budget.charge(bytes);
    this.#bytes += bytes;
  }

  addTable(table: Table): void {
    this.add(tableBytes(table));
  }

  free(): void {
    this.#budget.release(this.#bytes);
    this.#bytes = 0;
  }
}
