import type { Column, Table } from '../values/value.ts';
import { rawAt } from './column.ts';
import { columnOf, compareRaw, takeRows } from './table.ts';

export interface Order {
  readonly columns: readonly string[];
  readonly desc: boolean;
}

type Compare = (a: number, b: number) => number;

/** The rows in another order; equal ones stay as they are. `limit` keeps only the first ones. */
export function sortTable(
  table: Table,
  order: Order,
  limit?: { n: number; offset: number },
): Table {
  const rows = sortedRows(table, order);
  if (limit !== undefined) {
    return takeRows(table, rows.subarray(limit.offset, limit.offset + limit.n));
  }
  return takeRows(table, rows);
}

/** The numbers of the rows in order. Columns that the table lacks do not count. */
export function sortedRows(table: Table, { columns, desc }: Order): Int32Array {
  const found: Column[] = [];
  for (const label of columns) {
    const column = columnOf(table, label);
    if (column?.values !== undefined) found.push(column);
  }
  const rows = new Int32Array(table.rowCount);
  for (let row = 0; row < rows.length; row++) rows[row] = row;
  if (found.length === 0) return rows;
  const compares = found.map((column) => comparator(column, desc));
  const single = compares[0]!;
  const compare: Compare =
    compares.length === 1
      ? (a, b) => single(a, b) || a - b
      : (a, b) => {
          for (const one of compares) {
            const result = one(a, b);
            if (result !== 0) return result;
          }
          return a - b;
        };
  return rows.sort(compare);
}

/** Nulls come first, also downwards, as in InfluxDB; NaN is less than every number. */
function comparator(column: Column, desc: boolean): Compare {
  const { values } = column;
  const sign = desc ? -1 : 1;
  if (values instanceof Float64Array && column.nulls === undefined) {
    return (a, b) => sign * compareRaw(values[a] as number, values[b] as number);
  }
  return (a, b) => {
    const left = rawAt(column, a);
    const right = rawAt(column, b);
    if (left === null || right === null) return compareRaw(left, right);
    return sign * compareRaw(left, right);
  };
}
