import type { Table } from '../values/value.ts';
import type { Budget } from './budget.ts';
import { Grouper } from './group.ts';
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
      for (const table of joinTables(group.tables, (bytes) => holding.add(bytes))) yield table;
    }
  } finally {
    holding.free();
  }
}

/** Tables of one key as one table; a single one is handed on as it is. */
export function joinTables(
  tables: readonly Table[],
  charge: (bytes: number) => void,
): Iterable<Table> {
  if (tables.length === 1) return tables;
  const grouper = new Grouper(charge);
  for (const table of tables) grouper.add(table, table.key);
  return grouper.tables();
}
