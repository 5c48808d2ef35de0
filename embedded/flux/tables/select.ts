import { FluxError } from '../error.ts';
import type { Column, Table } from '../values/value.ts';
import { isNullAt, rawAt } from './column.ts';
import { columnOf, takeRows } from './table.ts';

/** The row that a selector takes, or undefined when every value is null. */
export type Selector = (column: Column, rowCount: number) => number | undefined;

export const first: Selector = (column, rowCount) => {
  for (let row = 0; row < rowCount; row++) if (!isNullAt(column, row)) return row;
  return undefined;
};

export const last: Selector = (column, rowCount) => {
  for (let row = rowCount - 1; row >= 0; row--) if (!isNullAt(column, row)) return row;
  return undefined;
};

/** The first of the rows with the least value. */
export const min: Selector = (column, rowCount) =>
  extreme('min', column, rowCount, (a, b) => a < b);

/** The first of the rows with the greatest value. */
export const max: Selector = (column, rowCount) =>
  extreme('max', column, rowCount, (a, b) => a > b);

type Raw = number | bigint;

function extreme(
  name: string,
  column: Column,
  rowCount: number,
  better: (a: Raw, b: Raw) => boolean,
): number | undefined {
  if (column.type === 'string' || column.type === 'boolean') {
    const type = column.type === 'string' ? 'string' : 'bool';
    throw new FluxError(`invalid use of function: ${name} has no implementation for type ${type}`);
  }
  let best: Raw | undefined;
  let found: number | undefined;
  for (let row = 0; row < rowCount; row++) {
    const raw = rawAt(column, row) as Raw | null;
    if (raw === null || (best !== undefined && !better(raw, best))) continue;
    best = raw;
    found = row;
  }
  return found;
}

/** The table with the selected row alone; without rows when there is none. */
export function selectTable(table: Table, label: string, selector: Selector): Table {
  const column = columnOf(table, label);
  if (column === undefined) throw new FluxError(`no column "${label}" exists`);
  const row = selector(column, table.rowCount);
  return takeRows(table, row === undefined ? new Int32Array(0) : Int32Array.of(row));
}
