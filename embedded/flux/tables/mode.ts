import { FluxError } from '../error.ts';
import type { Column, Table } from '../values/value.ts';
import { ColumnBuilder } from './builder.ts';
import type { RawValue } from './column.ts';
import { isNullAt, rawAt } from './column.ts';
import { columnOf, compareRaw, keyColumns } from './table.ts';

/**
 * The most frequent values of a column, sorted, each in a row of its own; one null row when all
 * values are equally frequent.
 */
export function mode(table: Table, label: string): Table {
  const column = columnOf(table, label);
  if (column === undefined) throw new FluxError(`column "${label}" does not exist`);
  const counts = countValues(column, table.rowCount);
  const highest = Math.max(0, ...counts.values());
  const modes = [...counts].filter(([, count]) => count === highest).map(([raw]) => raw);
  modes.sort(compareRaw);
  // Nothing stands out where every value appears equally often.
  const rows: readonly RawValue[] = modes.length === counts.size ? [null] : modes;
  const builder = new ColumnBuilder('_value', column.type, rows.length);
  for (const raw of rows) builder.appendRaw(raw);
  return {
    key: table.key,
    columns: [...keyColumns(table), builder.finish()],
    rowCount: rows.length,
  };
}

function countValues(column: Column, rowCount: number): Map<RawValue, number> {
  const counts = new Map<RawValue, number>();
  for (let row = 0; row < rowCount; row++) {
    if (isNullAt(column, row)) continue;
    const raw = rawAt(column, row);
    counts.set(raw, (counts.get(raw) ?? 0) + 1);
  }
  return counts;
}
