import { PointTable } from './tables.ts';
import { POINT_TYPES } from './types.ts';

/** The point tables by number, so that a series finds its own without a string. */
export class TableSet {
  readonly #tables: PointTable[] = [];
  readonly #numbers = new Map<string, number[]>();

  /** The table's number; one that does not exist yet is made by its first commit. */
  numberOf(bucketId: string, code: number): number {
    let numbers = this.#numbers.get(bucketId);
    if (!numbers) {
      const first = this.#tables.length;
      numbers = POINT_TYPES.map((_, index) => first + index);
      for (let index = 0; index < POINT_TYPES.length; index++) {
        this.#tables.push(new PointTable(bucketId, index));
      }
      this.#numbers.set(bucketId, numbers);
    }
    return numbers[code]!;
  }

  at(number: number): PointTable {
    return this.#tables[number]!;
  }

  find(bucketId: string, code: number): PointTable | undefined {
    const number = this.#numbers.get(bucketId)?.[code];
    return number === undefined ? undefined : this.#tables[number];
  }

  /** Those that hold points. */
  existing(bucketId: string): PointTable[] {
    const numbers = this.#numbers.get(bucketId) ?? [];
    return numbers.map((number) => this.at(number)).filter((table) => table.exists);
  }

  drop(bucketId: string): void {
    for (const table of this.existing(bucketId)) table.reset();
    this.#numbers.delete(bucketId);
  }

  resetAll(): void {
    for (const table of this.#tables) table.reset();
  }
}
