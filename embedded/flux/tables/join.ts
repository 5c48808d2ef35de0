import type { Column, Table } from '../values/value.ts';
import type { Holding } from './budget.ts';
import { ColumnBuilder } from './builder.ts';
import { constantColumn, isNullAt, rawAt, relabel } from './column.ts';
import type { Pause, Pausing } from './pause.ts';
import { PAUSE, STEPS_PER_PAUSE } from './pause.ts';
import { sortedRows } from './sort.ts';
import { columnOf, compareText, keyColumns, rawText } from './table.ts';

/** One side of `join(tables: {name: stream, ...}, on: [...])`. */
export interface JoinSide {
  readonly name: string;
  readonly tables: readonly Table[];
}

/**
 * Rows of both sides with equal values in the `on` columns, table by table: columns that both have
 * get `_name` behind their label, and all columns come sorted.
 */
export function* joinTables(
  left: JoinSide,
  right: JoinSide,
  options: { readonly on: readonly string[]; readonly holding: Holding },
): Generator<Table | Pause> {
  const { on, holding } = options;
  const shared = sharedKey(left.tables[0], right.tables[0], on);
  const partners = new Map<string, Table[]>();
  for (const table of right.tables) {
    const text = keyTextOf(table, shared);
    const known = partners.get(text);
    if (known === undefined) partners.set(text, [table]);
    else known.push(table);
  }
  for (const table of left.tables) {
    for (const partner of partners.get(keyTextOf(table, shared)) ?? []) {
      const sides = { left: { ...left, table }, right: { ...right, table: partner } };
      const joined = yield* joinPair(sides, on, holding);
      if (joined !== undefined) yield joined;
    }
  }
}

/** The `on` columns in the group keys of both sides: tables that differ there never join. */
function sharedKey(
  left: Table | undefined,
  right: Table | undefined,
  on: readonly string[],
): readonly string[] {
  return on.filter((label) => left?.key.includes(label) && right?.key.includes(label));
}

function keyTextOf(table: Table, labels: readonly string[]): string {
  return rowText(
    labels.map((label) => columnOf(table, label)),
    0,
  );
}

function rowText(columns: readonly (Column | undefined)[], row: number): string {
  return columns
    .map((column) => (column === undefined ? '\u0003' : rawText(rawAt(column, row))))
    .join('\u0001');
}

interface Sides {
  readonly left: JoinSide & { readonly table: Table };
  readonly right: JoinSide & { readonly table: Table };
}

/** Of a pair of row numbers while they are collected. */
const PAIR_BYTES = 32;

function* joinPair(
  sides: Sides,
  on: readonly string[],
  holding: Holding,
): Pausing<Table | undefined> {
  const order = { columns: on, desc: false };
  const left = sides.left.table;
  const right = sides.right.table;
  const rightOn = on.map((label) => columnOf(right, label));
  const leftOn = on.map((label) => columnOf(left, label));
  if ([...leftOn, ...rightOn].includes(undefined)) return undefined;
  const index = indexRows(rightOn as Column[], sortedRows(right, order));
  const pairs: number[] = [];
  const pairBytes = PAIR_BYTES + 16 * (left.columns.length + right.columns.length);
  let steps = 0;
  for (const row of sortedRows(left, order)) {
    if (leftOn.some((column) => isNullAt(column!, row))) continue;
    const partners = index.get(rowText(leftOn, row)) ?? [];
    // Charged before they are made: all rows of a side may have the same values.
    holding.add(partners.length * pairBytes);
    for (const partner of partners) pairs.push(row, partner);
    steps += 1 + partners.length;
    if (steps < STEPS_PER_PAUSE) continue;
    steps = 0;
    yield PAUSE;
  }
  if (pairs.length === 0) return undefined;
  return { ...outputOf(sides, on, pairs), rowCount: pairs.length / 2 };
}

function indexRows(on: readonly Column[], rows: Int32Array): Map<string, number[]> {
  const index = new Map<string, number[]>();
  for (const row of rows) {
    if (on.some((column) => isNullAt(column, row))) continue;
    const text = rowText(on, row);
    const known = index.get(text);
    if (known === undefined) index.set(text, [row]);
    else known.push(row);
  }
  return index;
}

function outputOf(sides: Sides, on: readonly string[], pairs: readonly number[]) {
  const columns: Column[] = [];
  const keys = new Set<string>();
  const other = { left: sides.right.table, right: sides.left.table };
  for (const side of ['left', 'right'] as const) {
    const { table, name } = sides[side];
    const labelOf = (label: string) =>
      columnOf(other[side], label) !== undefined && !on.includes(label)
        ? `${label}_${name}`
        : label;
    for (const label of table.key) keys.add(labelOf(label));
    for (const column of table.columns) {
      if (side === 'right' && on.includes(column.label)) continue;
      columns.push(relabel(pick(column, pairs, side === 'left' ? 0 : 1), labelOf(column.label)));
    }
  }
  const constant = new Map(
    [...keyColumns(sides.left.table), ...keyColumns(sides.right.table)].map((column) => [
      column.label,
      column,
    ]),
  );
  columns.sort((a, b) => compareText(a.label, b.label));
  const key = columns.map((column) => column.label).filter((label) => keys.has(label));
  const fixed = columns.map((column) => {
    const known = constant.get(column.label);
    if (!keys.has(column.label) || column.values === undefined || known === undefined)
      return column;
    return constantColumn(column.label, column.type, known.constant ?? null);
  });
  return { key, columns: fixed };
}

/** Every second of the row numbers, from `offset`. */
function pick(column: Column, pairs: readonly number[], offset: number): Column {
  if (column.values === undefined) return column;
  const builder = new ColumnBuilder(column.label, column.type, pairs.length / 2);
  for (let i = offset; i < pairs.length; i += 2) builder.appendRaw(rawAt(column, pairs[i]!));
  return builder.finish();
}
