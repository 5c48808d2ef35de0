import { FluxError } from '../../error.ts';
import { distinctLabels, noteKeys } from '../../plan/chain.ts';
import { distinctRead } from '../../plan/distinct-read.ts';
import { ColumnBuilder } from '../../tables/builder.ts';
import type { RawValue } from '../../tables/column.ts';
import { constantColumn, rawAt, withValues } from '../../tables/column.ts';
import { columnOf, keyColumns, takeRows } from '../../tables/table.ts';
import { eachTableSorted } from '../../tables/transform.ts';
import type { Column, Table } from '../../values/value.ts';
import { pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

/** The first row of each value of a column. */
function firstRows(column: Column, rowCount: number): Int32Array {
  const seen = new Set<RawValue>();
  const rows: number[] = [];
  for (let row = 0; row < rowCount; row++) {
    const raw = rawAt(column, row);
    if (seen.has(raw)) continue;
    seen.add(raw);
    rows.push(row);
  }
  return Int32Array.from(rows);
}

const distinct = builtin({
  package: 'universe',
  name: 'distinct',
  params: { tables: pipe(), column: string('_value') },
  call: ({ tables, column }, context) =>
    distinctLabels(tables, column) ??
    distinctRead(tables, column) ??
    eachTableSorted(tables, context, (table) => distinctTable(table, column)),
});

/** The group key and each value once, as `_value`. */
export function distinctTable(table: Table, label: string): Table {
  const key = keyColumns(table);
  const column = columnOf(table, label);
  if (column === undefined) {
    return {
      key: table.key,
      columns: [...key, constantColumn('_value', 'string', '')],
      rowCount: 1,
    };
  }
  const keyed = table.key.includes(label);
  const rows = keyed ? Int32Array.of(0) : firstRows(column, table.rowCount);
  const builder = new ColumnBuilder('_value', column.type, rows.length);
  for (const row of rows) builder.appendRaw(rawAt(column, row));
  return { key: table.key, columns: [...key, builder.finish()], rowCount: rows.length };
}

const unique = builtin({
  package: 'universe',
  name: 'unique',
  params: { tables: pipe(), column: string('_value') },
  call: ({ tables, column: label }, context) =>
    eachTableSorted(tables, context, (table) => {
      const column = columnOf(table, label);
      if (column === undefined) throw new FluxError(`no column "${label}" exists`);
      return takeRows(table, firstRows(column, table.rowCount));
    }),
});

function labelsBuiltin(name: 'keys' | 'columns', labelsOf: (table: Table) => readonly string[]) {
  return builtin({
    package: 'universe',
    name,
    params: { tables: pipe(), column: string('_value') },
    call({ tables, column }, context) {
      const listed = eachTableSorted(tables, context, (table) => {
        const labels = labelsOf(table);
        const values = withValues({ label: column, type: 'string' }, labels);
        const columns = [...keyColumns(table), values];
        return { key: table.key, columns, rowCount: labels.length };
      });
      if (name === 'keys') noteKeys(tables, listed, column);
      return listed;
    },
  });
}

export const distincts = [
  distinct,
  unique,
  labelsBuiltin('keys', (table) => table.key),
  labelsBuiltin('columns', (table) => table.columns.map((column) => column.label)),
];
