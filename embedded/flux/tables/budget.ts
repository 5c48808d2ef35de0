import { FluxError } from '../error.ts';
import type { Table } from '../values/value.ts';
import { tableBytes } from './table.ts';

/**
 * Bytes that the tables of one query hold at once. Whoever keeps tables charges them and releases
 * them when done; passing the ceiling ends the query with InfluxDB's words for it.
 */
export class Budget {
  readonly bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  charge(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.bytesMax) {
      throw new FluxError(
        `memory allocation limit reached: limit ${this.bytesMax} bytes, ` +
          `allocated: ${this.#bytes - bytes}, wanted: ${bytes}`,
      );
    }
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
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
    this.#bytes += bytes;
    this.#budget.charge(bytes);
  }

  addTable(table: Table): void {
    this.add(tableBytes(table));
  }

  free(): void {
    this.#budget.release(this.#bytes);
    this.#bytes = 0;
  }
}
