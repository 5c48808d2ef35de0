import type { Column, ColumnType, Value } from '../values/value.ts';
import { Time, UInt } from '../values/value.ts';

/** The arrays that hold a column's rows, by type. */
export type ColumnValues = NonNullable<Column['values']>;

/** A column that holds one value in every row and costs nothing per row. */
export function constantColumn(label: string, type: ColumnType, constant: Value): Column {
  return { label, type, constant };
}

export function isConstant(column: Column): boolean {
  return column.values === undefined;
}

export function isNullAt(column: Column, row: number): boolean {
  const values = column.values;
  if (values === undefined) return column.constant === null || column.constant === undefined;
  if (column.nulls !== undefined) return column.nulls[row] === 1;
  return column.type === 'string' && values[row] === null;
}

/** The Flux value of one row. */
export function valueAt(column: Column, row: number): Value {
  const values = column.values;
  if (values === undefined) return column.constant ?? null;
  if (column.nulls !== undefined && column.nulls[row] === 1) return null;
  const raw = values[row];
  if (raw === undefined) return null;
  switch (column.type) {
    case 'dateTime:RFC3339':
      return new Time(raw as bigint);
    case 'unsignedLong':
      return new UInt(raw as bigint);
    case 'boolean':
      return raw === 1;
    default:
      return raw as Value;
  }
}

/**
 * The row as its array holds it: number, bigint (also for times and unsigned), 0 or 1 for booleans,
 * string; null where it is null. Cheaper than `valueAt`: no Time or UInt is made.
 */
export function rawAt(column: Column, row: number): RawValue {
  const values = column.values;
  if (values === undefined) return rawOf(column.constant ?? null);
  if (column.nulls !== undefined && column.nulls[row] === 1) return null;
  return values[row] ?? null;
}

export type RawValue = number | bigint | string | null;

/** A scalar as a column's array would hold it. */
export function rawOf(value: Value): RawValue {
  if (value instanceof Time) return value.ns;
  if (value instanceof UInt) return value.value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string') {
    return value;
  }
  return null;
}

/** The Flux value of a raw one. */
export function fluxValue(type: ColumnType, raw: RawValue): Value {
  if (raw === null) return null;
  if (type === 'dateTime:RFC3339') return new Time(raw as bigint);
  if (type === 'unsignedLong') return new UInt(raw as bigint);
  if (type === 'boolean') return raw === 1;
  return raw;
}

/** An array of `length` rows of a type. */
export function allocate(type: ColumnType, length: number): ColumnValues {
  switch (type) {
    case 'double':
      return new Float64Array(length);
    case 'long':
    case 'dateTime:RFC3339':
      return new BigInt64Array(length);
    case 'unsignedLong':
      return new BigUint64Array(length);
    case 'boolean':
      return new Uint8Array(length);
    case 'string':
      return new Array<string | null>(length).fill(null);
  }
}

/** Bytes that a column's rows hold; strings are counted by their pointers and a mean length. */
export function bytesOf(column: Column): number {
  const values = column.values;
  if (values === undefined) return 0;
  const nulls = column.nulls?.byteLength ?? 0;
  return nulls + (ArrayBuffer.isView(values) ? values.byteLength : values.length * 24);
}

/** The rows at `indices`, in that order; -1 gives null. */
export function take(column: Column, indices: Int32Array): Column {
  const source = column.values;
  if (source === undefined) return takeConstant(column, indices);
  const count = indices.length;
  const values = allocate(column.type, count) as (number | bigint | string | null)[];
  let nulls: Uint8Array | undefined;
  for (let i = 0; i < count; i++) {
    const from = indices[i] as number;
    if (from < 0 || column.nulls?.[from] === 1) {
      if (column.type !== 'string') {
        nulls ??= new Uint8Array(count);
        nulls[i] = 1;
      }
    } else values[i] = source[from] as number;
  }
  return withValues(column, values as unknown as ColumnValues, nulls);
}

function takeConstant(column: Column, indices: Int32Array): Column {
  if (!indices.includes(-1)) return column;
  const raw = rawOf(column.constant ?? null);
  const values = allocate(column.type, indices.length) as (number | bigint | string | null)[];
  const nulls = new Uint8Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    if (raw === null || (indices[i] as number) < 0) nulls[i] = 1;
    else values[i] = raw;
  }
  const typed = values as unknown as ColumnValues;
  return withValues(column, typed, column.type === 'string' ? undefined : nulls);
}

/** Rows [from, to). Shares memory with the column. */
export function slice(column: Column, from: number, to: number): Column {
  const values = column.values;
  if (values === undefined) return column;
  const part = ArrayBuffer.isView(values) ? values.subarray(from, to) : values.slice(from, to);
  return withValues(column, part as ColumnValues, column.nulls?.subarray(from, to));
}

/** The same column with other rows. */
export function withValues(
  column: { readonly label: string; readonly type: ColumnType },
  values: ColumnValues,
  nulls?: Uint8Array,
): Column {
  const { label, type } = column;
  return nulls === undefined ? { label, type, values } : { label, type, values, nulls };
}

export function relabel(column: Column, label: string): Column {
  return { ...column, label };
}

/** A constant column with its value written in every row. */
export function expand(column: Column, rowCount: number): Column {
  if (column.values !== undefined) return column;
  const raw = rawOf(column.constant ?? null);
  const values = allocate(column.type, rowCount);
  if (raw === null) {
    if (column.type === 'string') return withValues(column, values);
    return withValues(column, values, new Uint8Array(rowCount).fill(1));
  }
  (values as { fill(value: unknown): unknown }).fill(raw);
  return withValues(column, values);
}

/** A column with no row that is not null. */
export function nullColumn(label: string, type: ColumnType): Column {
  return { label, type, constant: null };
}

/** Whether any row is null. */
export function hasNulls(column: Column, rowCount: number): boolean {
  if (column.values === undefined) return rowCount > 0 && isNullAt(column, 0);
  if (column.nulls !== undefined) return column.nulls.includes(1);
  return column.type === 'string' && column.values.includes(null as never);
}
