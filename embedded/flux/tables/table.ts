import type { Column, ColumnType, Table, Value } from '../values/value.ts';
import type { RawValue } from './column.ts';
import {
  bytesOf,
  constantColumn,
  fluxValue,
  rawAt,
  rawOf,
  slice,
  take,
  valueAt,
} from './column.ts';

export function columnOf(table: Table, label: string): Column | undefined {
  return table.columns.find((column) => column.label === label);
}

export function columnIndex(columns: readonly Column[], label: string): number {
  return columns.findIndex((column) => column.label === label);
}

/** The value that a group key column has in every row. */
export function keyValue(table: Table, label: string): Value {
  const column = columnOf(table, label);
  return column === undefined ? null : valueAt(column, 0);
}

/** The columns of the group key, in key order. */
export function keyColumns(table: Table): Column[] {
  const columns: Column[] = [];
  for (const label of table.key) {
    const column = columnOf(table, label);
    if (column !== undefined) columns.push(column);
  }
  return columns;
}

/** The columns of the key for a table of one row, as aggregates make them. */
export function keyOfOneRow(table: Table): Column[] {
  return keyColumns(table).map((column) =>
    constantColumn(column.label, column.type, fluxValue(column.type, rawAt(column, 0))),
  );
}

export function tableBytes(table: Table): number {
  let bytes = 128;
  for (const column of table.columns) bytes += 64 + bytesOf(column);
  return bytes;
}

/** The table with its rows in another order, or only some of them. */
export function takeRows(table: Table, indices: Int32Array): Table {
  const columns = table.columns.map((column) => take(column, indices));
  return { key: table.key, columns, rowCount: indices.length };
}

/** Rows [from, to), sharing memory. */
export function sliceRows(table: Table, from: number, to: number): Table {
  if (from === 0 && to === table.rowCount) return table;
  const columns = table.columns.map((column) => slice(column, from, to));
  return { key: table.key, columns, rowCount: to - from };
}

/**
 * The group key as one string: equal keys, whatever the order of their labels, give equal strings.
 */
export function keyText(table: Table): string {
  const parts = keyColumns(table).map(
    (column) => `${column.label}\u0000${column.type}\u0000${rawText(rawAt(column, 0))}`,
  );
  return parts.sort().join('\u0001');
}

export function rawText(raw: RawValue): string {
  if (raw === null) return '\u0002';
  return typeof raw === 'bigint' ? raw.toString(36) : String(raw);
}

const TYPE_ORDER: Record<ColumnType, number> = {
  boolean: 1,
  long: 2,
  unsignedLong: 3,
  double: 4,
  string: 5,
  'dateTime:RFC3339': 6,
};

/** A group key prepared for comparing: its columns by label. */
export interface SortableKey {
  readonly parts: readonly { label: string; type: ColumnType; raw: RawValue }[];
}

export function sortableKey(table: Table): SortableKey {
  const parts = keyColumns(table).map((column) => ({
    label: column.label,
    type: column.type,
    raw: column.values === undefined ? rawOf(column.constant ?? null) : rawAt(column, 0),
  }));
  parts.sort((a, b) => compareText(a.label, b.label));
  return { parts };
}

/** InfluxDB's order of group keys: label by label in alphabetical order, null first. */
export function compareKeys(a: SortableKey, b: SortableKey): number {
  const count = Math.min(a.parts.length, b.parts.length);
  for (let i = 0; i < count; i++) {
    const left = a.parts[i]!;
    const right = b.parts[i]!;
    if (left.label !== right.label) return compareText(left.label, right.label);
    if (left.type !== right.type) return TYPE_ORDER[left.type] - TYPE_ORDER[right.type];
    const order = compareRaw(left.raw, right.raw);
    if (order !== 0) return order;
  }
  return a.parts.length - b.parts.length;
}

/** Nulls first, then NaN; strings by code point, as bytes of UTF-8 compare. */
export function compareRaw(a: RawValue, b: RawValue): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === 'string') return compareText(a, b as string);
  if (a < (b as number)) return -1;
  if (a > (b as number)) return 1;
  return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
}

/** As the UTF-8 bytes of both compare; UTF-16 order differs only beyond U+D7FF. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const count = Math.min(a.length, b.length);
  for (let i = 0; i < count; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all of the basic plane. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
