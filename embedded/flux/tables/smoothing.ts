import { FluxError } from '../error.ts';
import type { Column, Table } from '../values/value.ts';
import { fluxTypeOf } from './aggregate.ts';
import { ColumnBuilder } from './builder.ts';
import { rawAt } from './column.ts';
import { columnOf, sliceRows } from './table.ts';

const VALUE = '_value';

/**
 * The exponential moving average of `_value`: the mean of the first `n` rows, then each value by
 * 2 / (n + 1) and what was by the rest. A null repeats what was. Of fewer rows than `n` their mean,
 * once.
 */
export function exponentialMovingAverage(table: Table, n: number): Table {
  const column = columnOf(table, VALUE);
  if (column === undefined) throw new FluxError('cannot find _value column');
  if (!isNumeric(column)) {
    throw new FluxError(
      `cannot take exponential moving average of column ${VALUE} (type ${fluxTypeOf(column)})`,
    );
  }
  const { rowCount } = table;
  if (rowCount === 0) return withValue(table, new ColumnBuilder(VALUE, 'double').finish());
  const from = Math.min(n, rowCount) - 1;
  const builder = new ColumnBuilder(VALUE, 'double', rowCount - from);
  let average = meanOf(column, from + 1);
  builder.appendRaw(average);
  const weight = 2 / (n + 1);
  for (let row = from + 1; row < rowCount; row++) {
    const raw = rawAt(column, row);
    if (raw !== null) {
      const value = Number(raw);
      average = average === null ? value : value * weight + average * (1 - weight);
    }
    builder.appendRaw(average);
  }
  return withValue(sliceRows(table, from, rowCount), builder.finish());
}

/** Each average of the averages before: 2 e1 - e2, or 3 e1 - 3 e2 + e3 (`times` is 2 or 3). */
export function lessDelayedAverage(table: Table, n: number, times: 2 | 3): Table {
  const first = exponentialMovingAverage(table, n);
  const second = exponentialMovingAverage(first, n);
  const last = times === 2 ? second : exponentialMovingAverage(second, n);
  const { rowCount } = last;
  const at = (from: Table, row: number) => {
    return rawAt(columnOf(from, VALUE)!, from.rowCount - rowCount + row) as number | null;
  };
  const builder = new ColumnBuilder(VALUE, 'double', Math.max(1, rowCount));
  for (let row = 0; row < rowCount; row++) {
    const [a, b, c] = [at(first, row), at(second, row), at(last, row)];
    if (a === null || b === null || c === null) builder.appendRaw(null);
    else builder.appendRaw(times === 2 ? 2 * a - b : 3 * a - 3 * b + c);
  }
  return withValue(last, builder.finish());
}

/**
 * The relative strength index (J. W. Wilder) of columns: 100 - 100 / (1 + ups / downs), of which
 * both are averages over `n` rows, smoothed by 1 / n from then on; from the row after the first `n`.
 * The first value counts as an up from zero, as InfluxDB has it.
 */
export function relativeStrengthIndex(
  table: Table,
  { n, columns }: { readonly n: number; readonly columns: readonly string[] },
): Table {
  const { rowCount } = table;
  if (rowCount === 0) return table;
  const from = Math.min(n, rowCount - 1);
  const rest = sliceRows(table, from, rowCount);
  const indexed = rest.columns.map((column) => {
    if (!columns.includes(column.label)) return column;
    const source = columnOf(table, column.label)!;
    if (isNumeric(source)) return strengths(source, { n, from, rowCount });
    throw new FluxError(
      `cannot take relative strength index of column ${column.label} (type ${fluxTypeOf(source)})`,
    );
  });
  return { ...rest, columns: indexed };
}

function strengths(
  column: Column,
  { n, from, rowCount }: { readonly n: number; readonly from: number; readonly rowCount: number },
): Column {
  const builder = new ColumnBuilder(column.label, 'double', rowCount - from);
  const ups = new Smoothed(n);
  const downs = new Smoothed(n);
  let before: number | undefined;
  for (let row = 0; row < rowCount; row++) {
    const raw = rawAt(column, row);
    if (raw === null) {
      ups.skip();
      downs.skip();
    } else {
      const value = Number(raw);
      const change = value - (before ?? 0);
      ups.add(Math.max(0, change));
      downs.add(Math.max(0, -change));
      before = value;
    }
    if (row < from) continue;
    if (before === undefined) builder.appendRaw(null);
    else builder.appendRaw(100 - 100 / (1 + ups.value / downs.value));
  }
  return builder.finish();
}

/** A mean of the first `n` values, smoothed by 1 / n when `n` rows have gone by. */
class Smoothed {
  readonly #n: number;
  #rows = 0;
  #count = 0;
  value = 0;

  constructor(n: number) {
    this.#n = n;
  }

  add(value: number): void {
    const weight = 1 / this.#n;
    if (this.#count === 0) this.value = value;
    else if (this.#rows < this.#n) {
      this.value = (this.value * this.#count + value) / (this.#count + 1);
    } else this.value = value * weight + this.value * (1 - weight);
    this.#count = Math.min(this.#n, this.#count + 1);
    this.#rows += 1;
  }

  skip(): void {
    this.#rows += 1;
  }
}

function isNumeric({ type }: Column): boolean {
  return type === 'double' || type === 'long' || type === 'unsignedLong';
}

function meanOf(column: Column, to: number): number | null {
  let total = 0;
  let count = 0;
  for (let row = 0; row < to; row++) {
    const raw = rawAt(column, row);
    if (raw === null) continue;
    total += Number(raw);
    count += 1;
  }
  return count === 0 ? null : total / count;
}

function withValue(table: Table, value: Column): Table {
  const columns = table.columns.map((column) => (column.label === VALUE ? value : column));
  return { ...table, columns };
}
