import type { Table } from '../values/value.ts';
import type { Budget, Holding } from './budget.ts';
import { joinTables } from './merge.ts';
import { keyText } from './table.ts';

/**
 * Tables of the same key put together, in the order in which their keys first came. Tables that come
 * alone pass through unchanged, but all are held until the last has come.
 */
export class Rewindow {
  readonly #holding: Holding;

  constructor(budget: Budget) {
    this.#holding = budget.hold();
  }

  async *run(tables: AsyncIterable<Table>): AsyncGenerator<Table> {
    const groups = new Map<string, Table[]>();
    try {
      for await (const table of tables) {
        this.#holding.addTable(table);
        const text = keyText(table);
        const known = groups.get(text);
        if (known === undefined) groups.set(text, [table]);
        else known.push(table);
      }
      for (const group of groups.values()) {
        yield* joinTables(group, (bytes) => this.#holding.add(bytes));
      }
    } finally {
      this.#holding.free();
    }
  }
}
