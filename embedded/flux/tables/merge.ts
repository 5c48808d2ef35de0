import type { Table } from '../values/value.ts';
import type { Budget } from './budget.ts';
import { Grouper } from './group.ts';
import type { Pause } from './pause.ts';
import { PAUSE } from './pause.ts';
import type { SortableKey } from './table.ts';
import { compareKeys, keyText, sortableKey } from './table.ts';

/** Tables of the same key as one, all in the order of their keys. All are held. */
export async function* mergeTables(
  tables: AsyncIterable<Table>,
  budget: Budget,
): AsyncGenerator<Table> {
  const holding = budget.hold();
  const groups = new Map<string, { order: SortableKey; tables: Table[] }>();
  try {
    for await (const table of tables) {
      holding.addTable(table);
      const text = keyText(table);
      const known = groups.get(text);
      if (known === undefined) groups.set(text, { order: sortableKey(table), tables: [table] });
      else known.tables.push(table);
    }
    const sorted = [...groups.values()].sort((a, b) => compareKeys(a.order, b.order));
    for (const group of sorted) {
      // The key is the same in all rows: they are copied together, without a pause.
      for (const table of joinTables(group.tables, (bytes) => holding.add(bytes))) {
        if (table !== PAUSE) yield table;
      }
    }
  } finally {
    holding.free();
  }
}

/** Tables of one key as one table; a single one is handed on as it is. */
export function* joinTables(
  tables: readonly Table[],
  charge: (bytes: number) => void,
): Generator<Table | Pause> {
  if (tables.length === 1) {
    yield tables[0]!;
    return;
  }
  const grouper = new Grouper(charge);
  for (const table of tables) yield* grouper.add(table, table.key);
  yield* grouper.tables();
}
