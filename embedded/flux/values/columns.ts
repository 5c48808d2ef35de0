import type { Column, Value } from './value.ts';
import { Time, UInt } from './value.ts';

/** Reads one column by row number: null where the row is null, else a Flux value. */
export function getterOf(column: Column): (row: number) => Value {
  const { values, nulls, constant } = column;
  if (values === undefined) {
    const value = constant ?? null;
    return () => value;
  }
  const read = readerOf(column, values);
  return nulls ? (row) => (nulls[row] === 1 ? null : read(row)) : read;
}

function readerOf(column: Column, values: NonNullable<Column['values']>): (row: number) => Value {
  if (values instanceof Float64Array) return (row) => values[row]!;
  if (values instanceof BigInt64Array) {
    return column.type === 'dateTime:RFC3339'
      ? (row) => new Time(values[row]!)
      : (row) => values[row]!;
  }
  if (values instanceof BigUint64Array) return (row) => new UInt(values[row]!);
  if (values instanceof Uint8Array) return (row) => values[row] === 1;
  return (row) => values[row] ?? null;
}
