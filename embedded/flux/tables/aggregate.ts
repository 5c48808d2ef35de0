import { FluxError } from '../error.ts';
import type { Column, ColumnType, Table } from '../values/value.ts';
import type { RawValue } from './column.ts';
import { constantColumn, fluxValue, rawAt } from './column.ts';
import { columnOf, keyColumns } from './table.ts';

/** What an aggregate makes of a column: one value, null when there was nothing to take. */
export interface Answer {
  readonly type: ColumnType;
  readonly raw: RawValue;
}

export type Aggregate = (column: Column, rowCount: number) => Answer;

const FLUX_TYPES: Record<ColumnType, string> = {
  boolean: 'bool',
  long: 'int',
  unsignedLong: 'uint',
  double: 'float',
  string: 'string',
  'dateTime:RFC3339': 'time',
};

export function fluxTypeOf(column: { readonly type: ColumnType }): string {
  return FLUX_TYPES[column.type];
}

/** The column to aggregate; refused where it is missing or constant by being in the group key. */
export function aggregated(table: Table, label: string): Column {
  const column = columnOf(table, label);
  if (column === undefined) throw new FluxError(`column "${label}" does not exist`);
  if (table.key.includes(label)) {
    throw new FluxError('cannot aggregate columns that are part of the group key');
  }
  return column;
}

/** One row: the group key, then the aggregated column. */
export function aggregateTable(table: Table, label: string, aggregate: Aggregate): Table {
  const { type, raw } = aggregate(aggregated(table, label), table.rowCount);
  const columns = [...keyColumns(table), constantColumn(label, type, fluxValue(type, raw))];
  return { key: table.key, columns, rowCount: 1 };
}

function unsupported(column: Column): FluxError {
  return new FluxError(`unsupported aggregate column type ${fluxTypeOf(column)}`);
}

/** The numbers of a column as floats, without nulls. */
export function numbersOf(column: Column, rowCount: number): Float64Array {
  if (!isNumeric(column)) throw unsupported(column);
  if (column.values instanceof Float64Array && column.nulls === undefined) {
    return column.values.subarray(0, rowCount);
  }
  const out = new Float64Array(rowCount);
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    const raw = rawAt(column, row);
    if (raw !== null) out[count++] = Number(raw);
  }
  return out.subarray(0, count);
}

export function isNumeric({ type }: Column): boolean {
  return type === 'double' || type === 'long' || type === 'unsignedLong';
}

export const count: Aggregate = (column, rowCount) => {
  if (column.type === 'dateTime:RFC3339') throw unsupported(column);
  return { type: 'long', raw: BigInt(rowCount) };
};

export const sum: Aggregate = (column, rowCount) => {
  if (!isNumeric(column)) throw unsupported(column);
  if (column.type === 'double') {
    const numbers = numbersOf(column, rowCount);
    let total = 0;
    for (const value of numbers) total += value;
    return { type: 'double', raw: numbers.length === 0 ? null : total };
  }
  let total: bigint | null = null;
  for (let row = 0; row < rowCount; row++) {
    const raw = rawAt(column, row);
    if (raw !== null) total = (total ?? 0n) + (raw as bigint);
  }
  if (total === null) return { type: column.type, raw: null };
  const wrap = column.type === 'long' ? BigInt.asIntN : BigInt.asUintN;
  return { type: column.type, raw: wrap(64, total) };
};

export const mean: Aggregate = (column, rowCount) => {
  const numbers = numbersOf(column, rowCount);
  let total = 0;
  for (const value of numbers) total += value;
  return { type: 'double', raw: numbers.length === 0 ? null : total / numbers.length };
};

/** Welford's running mean and squared deviations, as InfluxDB computes them. */
export function stddev(mode: 'sample' | 'population'): Aggregate {
  return (column, rowCount) => {
    const numbers = numbersOf(column, rowCount);
    let average = 0;
    let squares = 0;
    let seen = 0;
    for (const value of numbers) {
      seen += 1;
      const delta = value - average;
      average += delta / seen;
      squares += delta * (value - average);
    }
    if (seen === 0) return { type: 'double', raw: null };
    const divisor = mode === 'sample' ? seen - 1 : seen;
    return { type: 'double', raw: divisor < 1 ? Number.NaN : Math.sqrt(squares / divisor) };
  };
}

export const spread: Aggregate = (column, rowCount) => {
  if (!isNumeric(column)) throw unsupported(column);
  let low: number | bigint | null = null;
  let high: number | bigint | null = null;
  for (let row = 0; row < rowCount; row++) {
    const raw = rawAt(column, row) as number | bigint | null;
    if (raw === null) continue;
    if (low === null || raw < low) low = raw;
    if (high === null || raw > high) high = raw;
  }
  if (low === null || high === null) return { type: column.type, raw: null };
  if (typeof low === 'number') return { type: 'double', raw: (high as number) - low };
  const wrap = column.type === 'long' ? BigInt.asIntN : BigInt.asUintN;
  return { type: column.type, raw: wrap(64, (high as bigint) - low) };
};

export const skew: Aggregate = (column, rowCount) => {
  const numbers = numbersOf(column, rowCount);
  let n = 0;
  let m1 = 0;
  let m2 = 0;
  let m3 = 0;
  for (const value of numbers) {
    const before = n;
    n += 1;
    const delta = value - m1;
    const deltaN = delta / n;
    const term = delta * deltaN * before;
    m3 += term * deltaN * (n - 2) - 3 * deltaN * m2;
    m2 += term;
    m1 += deltaN;
  }
  if (n === 0) return { type: 'double', raw: null };
  return { type: 'double', raw: n < 2 ? Number.NaN : (Math.sqrt(n) * m3) / m2 ** 1.5 };
};
