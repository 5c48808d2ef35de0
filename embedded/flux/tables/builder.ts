import type { Column, ColumnType, Value } from '../values/value.ts';
import type { ColumnValues, RawValue } from './column.ts';
import { allocate, isNullAt, rawOf, withValues } from './column.ts';

type Target = { [row: number]: RawValue } & { length: number };

/** Grows a column row by row. */
export class ColumnBuilder {
  readonly label: string;
  readonly type: ColumnType;
  #values: ColumnValues;
  #nulls: Uint8Array | undefined;
  #length = 0;
  #capacity: number;

  constructor(label: string, type: ColumnType, capacity = 16) {
    this.label = label;
    this.type = type;
    this.#capacity = Math.max(1, capacity);
    this.#values = type === 'string' ? [] : allocate(type, this.#capacity);
  }

  get length(): number {
    return this.#length;
  }

  append(value: Value): void {
    this.appendRaw(rawOf(value));
  }

  appendRaw(raw: RawValue): void {
    const row = this.#length++;
    if (row >= this.#capacity) this.#reserve(row + 1);
    if (this.type === 'string') (this.#values as (string | null)[])[row] = raw as string | null;
    else if (raw === null) this.#setNull(row);
    else (this.#values as unknown as Target)[row] = raw;
  }

  /** Rows [from, to) of a column of the same type. */
  appendRows(column: Column, from: number, to: number): void {
    const count = to - from;
    const at = this.#length;
    this.#length += count;
    this.#reserve(this.#length);
    const source = column.values;
    if (source === undefined) this.#fill(at, count, rawOf(column.constant ?? null));
    else if (this.type === 'string') {
      const target = this.#values as (string | null)[];
      for (let i = 0; i < count; i++) target[at + i] = source[from + i] as string | null;
    } else {
      const part = (source as Float64Array).subarray(from, to);
      (this.#values as Float64Array).set(part, at);
      if (column.nulls !== undefined) this.#copyNulls(column, from, at, count);
    }
  }

  appendNulls(count: number): void {
    const at = this.#length;
    this.#length += count;
    this.#reserve(this.#length);
    this.#fill(at, count, null);
  }

  finish(): Column {
    const values =
      this.type === 'string'
        ? (this.#values as readonly string[])
        : ((this.#values as Float64Array).subarray(0, this.#length) as ColumnValues);
    return withValues(this, values, this.#nulls?.subarray(0, this.#length));
  }

  #fill(at: number, count: number, raw: RawValue): void {
    if (this.type === 'string') {
      const target = this.#values as (string | null)[];
      for (let i = 0; i < count; i++) target[at + i] = raw as string | null;
    } else if (raw === null) {
      this.#nulls ??= new Uint8Array(this.#capacity);
      this.#nulls.fill(1, at, at + count);
    } else {
      const target = this.#values as { fill(value: unknown, from: number, to: number): unknown };
      target.fill(raw, at, at + count);
    }
  }

  #copyNulls(column: Column, from: number, at: number, count: number): void {
    for (let i = 0; i < count; i++) if (isNullAt(column, from + i)) this.#setNull(at + i);
  }

  #setNull(row: number): void {
    this.#nulls ??= new Uint8Array(this.#capacity);
    this.#nulls[row] = 1;
  }

  #reserve(rows: number): void {
    if (rows <= this.#capacity) return;
    this.#capacity = Math.max(rows, this.#capacity * 2);
    if (this.type !== 'string') {
      const grown = allocate(this.type, this.#capacity) as Float64Array;
      grown.set(this.#values as Float64Array);
      this.#values = grown;
    }
    if (this.#nulls !== undefined) {
      const grown = new Uint8Array(this.#capacity);
      grown.set(this.#nulls);
      this.#nulls = grown;
    }
  }
}
