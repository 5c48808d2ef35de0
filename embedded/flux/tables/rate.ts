import { FluxError } from '../error.ts';
import type { Column, Table } from '../values/value.ts';
import { fluxTypeOf } from './aggregate.ts';
import { ColumnBuilder } from './builder.ts';
import { rawAt, slice } from './column.ts';
import type { Pause } from './pause.ts';
import { PAUSE, STEPS_PER_PAUSE } from './pause.ts';
import { columnOf, sliceRows } from './table.ts';

type Number64 = number | bigint;

export interface DifferenceOptions {
  readonly columns: readonly string[];
  readonly nonNegative: boolean;
  readonly keepFirst: boolean;
  readonly initialZero: boolean;
}

/** Each value less the one before it; the first row goes unless it is kept. */
export function difference(table: Table, options: DifferenceOptions): Table {
  const from = options.keepFirst ? 0 : Math.min(1, table.rowCount);
  const columns = table.columns.map((column) =>
    options.columns.includes(column.label)
      ? slice(differences(column, table.rowCount, options), from, table.rowCount)
      : slice(column, from, table.rowCount),
  );
  return { key: table.key, columns, rowCount: table.rowCount - from };
}

function differences(column: Column, rowCount: number, options: DifferenceOptions): Column {
  const { type, label } = column;
  if (type === 'dateTime:RFC3339') {
    throw new FluxError('difference does not support time columns. Try the elapsed function');
  }
  if (type === 'string' || type === 'boolean') {
    throw new FluxError(
      `difference does not support column "${label}" of type "${fluxTypeOf(column)}"`,
    );
  }
  const builder = new ColumnBuilder(label, type === 'double' ? 'double' : 'long', rowCount);
  const zero = type === 'double' ? 0 : 0n;
  let before: Number64 | null = null;
  for (let row = 0; row < rowCount; row++) {
    const value = rawAt(column, row) as Number64 | null;
    if (value === null) builder.appendRaw(null);
    else if (before === null) {
      builder.appendRaw(options.keepFirst && options.initialZero ? zero : null);
    } else if (options.nonNegative && value < before) {
      // A counter that began again at zero has grown by all that it shows.
      const restarted = options.initialZero && value >= zero;
      builder.appendRaw(restarted ? minus(value, zero) : null);
    } else builder.appendRaw(minus(value, before));
    if (value !== null) before = value;
  }
  return builder.finish();
}

function minus(a: Number64, b: Number64): Number64 {
  if (typeof a === 'bigint') return BigInt.asIntN(64, a - (b as bigint));
  return a - (b as number);
}

export interface DerivativeOptions {
  readonly columns: readonly string[];
  readonly unitNs: number;
  readonly nonNegative: boolean;
  readonly initialZero: boolean;
  readonly timeColumn: string;
}

/** Change per unit of time, from the second row on; rows of a time already seen are left out. */
export function derivative(table: Table, options: DerivativeOptions): Table {
  const times = timesOf(table, options.timeColumn, 'derivative');
  const rows: number[] = [];
  for (let row = 0; row < times.length; row++) {
    const last = rows[rows.length - 1];
    if (last === undefined || times[row]! > times[last]!) rows.push(row);
    else if (times[row]! < times[last]!) {
      throw new FluxError('derivative found out-of-order times in time column');
    }
  }
  const [, ...kept] = rows;
  const columns = table.columns.map((column) =>
    options.columns.includes(column.label)
      ? derivatives(column, { times, rows }, options)
      : pick(column, kept),
  );
  return { key: table.key, columns, rowCount: kept.length };
}

function pick(column: Column, rows: readonly number[]): Column {
  if (column.values === undefined) return column;
  const builder = new ColumnBuilder(column.label, column.type, rows.length);
  for (const row of rows) builder.appendRaw(rawAt(column, row));
  return builder.finish();
}

function timesOf(table: Table, label: string, name: string): bigint[] {
  const column = columnOf(table, label);
  if (column === undefined) throw new FluxError(`no column "${label}" exists`);
  if (column.type !== 'dateTime:RFC3339') {
    throw new FluxError(`time column "${label}" is type ${fluxTypeOf(column)} and not time`);
  }
  const times: bigint[] = [];
  for (let row = 0; row < table.rowCount; row++) {
    const time = rawAt(column, row);
    if (time === null) throw new FluxError(`${name} found null time in time column`);
    times.push(time as bigint);
  }
  return times;
}

function derivatives(
  column: Column,
  { times, rows }: { times: readonly bigint[]; rows: readonly number[] },
  options: DerivativeOptions,
): Column {
  const { label, type } = column;
  if (type !== 'double' && type !== 'long' && type !== 'unsignedLong') {
    throw new FluxError(`unsupported derivative column type ${label}:${fluxTypeOf(column)}`);
  }
  const builder = new ColumnBuilder(label, 'double', rows.length);
  let before: { time: bigint; value: Number64 } | undefined;
  rows.forEach((row, index) => {
    const value = rawAt(column, row) as Number64 | null;
    const time = times[row]!;
    if (index > 0) builder.appendRaw(rate(before, { time, value }, options));
    if (value !== null) before = { time, value };
  });
  return builder.finish();
}

function rate(
  before: { time: bigint; value: Number64 } | undefined,
  { time, value }: { time: bigint; value: Number64 | null },
  { unitNs, nonNegative, initialZero }: DerivativeOptions,
): number | null {
  if (value === null || before === undefined) return null;
  if (nonNegative && before.value > value) return initialZero ? 0 : null;
  const elapsed = Number(time - before.time) / unitNs;
  const change =
    typeof value === 'bigint'
      ? Number(value - (before.value as bigint))
      : value - Number(before.value);
  return change / elapsed;
}

/** Running sums; a null adds nothing. Columns that are no numbers stay as they are. */
export function cumulativeSum(table: Table, labels: readonly string[]): Table {
  const columns = table.columns.map((column) =>
    labels.includes(column.label) ? runningSum(column, table.rowCount) : column,
  );
  return { ...table, columns };
}

function runningSum(column: Column, rowCount: number): Column {
  const { type, label } = column;
  if (type !== 'double' && type !== 'long' && type !== 'unsignedLong') return column;
  const builder = new ColumnBuilder(label, type, rowCount);
  const wrap = type === 'long' ? BigInt.asIntN : BigInt.asUintN;
  let floats = 0;
  let whole = 0n;
  for (let row = 0; row < rowCount; row++) {
    const value = rawAt(column, row);
    if (typeof value === 'number') floats += value;
    else if (typeof value === 'bigint') whole = wrap(64, whole + value);
    builder.appendRaw(type === 'double' ? floats : whole);
  }
  return builder.finish();
}

/** The mean of the last `n` rows; of all of them, once, where there are fewer. */
export function* movingAverage(table: Table, n: number, label: string): Generator<Table | Pause> {
  const column = columnOf(table, label);
  if (column === undefined) throw new FluxError(`no column "${label}" exists`);
  if (column.type !== 'double' && column.type !== 'long' && column.type !== 'unsignedLong') {
    throw new FluxError(
      `cannot take moving average of column ${label} (type ${fluxTypeOf(column)})`,
    );
  }
  const { rowCount } = table;
  const builder = new ColumnBuilder(label, 'double', Math.max(1, rowCount - n + 1));
  const from = rowCount === 0 ? 0 : Math.min(n - 1, rowCount - 1);
  let steps = 0;
  for (let row = from; row < rowCount; row++) {
    const first = Math.max(0, row - n + 1);
    builder.appendRaw(meanOf(column, first, row + 1, n));
    steps += row - first + 1;
    if (steps < STEPS_PER_PAUSE) continue;
    steps = 0;
    yield PAUSE;
  }
  const rest = sliceRows(table, from, rowCount);
  const average = builder.finish();
  const columns = rest.columns.map((one) => (one.label === label ? average : one));
  yield { key: rest.key, columns, rowCount: rest.rowCount };
}

/** Added up as InfluxDB does, which holds `n` values in a ring: to the last digit the same. */
function meanOf(column: Column, from: number, to: number, n: number): number | null {
  const begin = Math.min(to, Math.ceil(from / n) * n);
  let total = 0;
  let count = 0;
  for (let step = 0; step < to - from; step++) {
    const row = begin + step < to ? begin + step : from + (begin + step - to);
    const value = rawAt(column, row);
    if (value === null) continue;
    total += Number(value);
    count += 1;
  }
  return count === 0 ? null : total / count;
}

/** The time since the row before, in whole units, from the second row on. */
export function elapsed(
  table: Table,
  options: { unitNs: number; timeColumn: string; columnName: string },
): Table {
  const { timeColumn, columnName, unitNs } = options;
  const column = columnOf(table, timeColumn);
  if (column === undefined) throw new FluxError(`column "${timeColumn}" does not exist`);
  const from = Math.min(1, table.rowCount);
  const rest = sliceRows(table, from, table.rowCount);
  const builder = new ColumnBuilder(columnName, 'long', rest.rowCount);
  for (let row = 1; row < table.rowCount; row++) {
    const now = Number(rawAt(column, row) ?? 0n);
    const before = Number(rawAt(column, row - 1) ?? 0n);
    builder.appendRaw(BigInt(Math.trunc((now - before) / unitNs)));
  }
  return { ...rest, columns: [...rest.columns, builder.finish()] };
}
