import { FluxError } from '../../error.ts';
import { ColumnBuilder } from '../../tables/builder.ts';
import { rawAt } from '../../tables/column.ts';
import { columnOf, keyOfOneRow } from '../../tables/table.ts';
import { eachTableSorted } from '../../tables/transform.ts';
import type { Table } from '../../values/value.ts';
import { float, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

const MODES: readonly string[] = ['error', 'force', 'drop'];

export const histogramQuantile = builtin({
  package: 'universe',
  name: 'histogramQuantile',
  params: {
    tables: pipe(),
    quantile: float(),
    countColumn: string('_value'),
    upperBoundColumn: string('le'),
    valueColumn: string('_value'),
    minValue: float(0),
    onNonmonotonic: string('error'),
  },
  call({ tables, ...options }, context) {
    if (!MODES.includes(options.onNonmonotonic)) {
      throw new FluxError(
        'value provided to histogramQuantile parameter onNonmonotonic is invalid; ' +
          'must be one of "error", "force" or "drop"',
      );
    }
    return eachTableSorted(tables, context, (table) => quantileTable(table, options));
  },
});

interface QuantileOptions {
  readonly quantile: number;
  readonly countColumn: string;
  readonly upperBoundColumn: string;
  readonly valueColumn: string;
  readonly minValue: number;
  readonly onNonmonotonic: string;
}

interface Bucket {
  readonly bound: number;
  /** How many values are at most the bound. */
  count: number;
}

/** One row: the value below which that part of the histogram lies; null where it counts nothing. */
function quantileTable(table: Table, options: QuantileOptions): Table | undefined {
  const buckets = bucketsOf(table, options);
  if (buckets.length === 0) throw new FluxError('histogram is empty');
  if (!rises(buckets, options.onNonmonotonic === 'force')) {
    if (options.onNonmonotonic === 'drop') return undefined;
    throw new FluxError('histogram records counts are not monotonic');
  }
  const builder = new ColumnBuilder(options.valueColumn, 'double', 1);
  builder.appendRaw(quantileOf(buckets, options));
  return { key: table.key, columns: [...keyOfOneRow(table), builder.finish()], rowCount: 1 };
}

function bucketsOf(table: Table, { countColumn, upperBoundColumn }: QuantileOptions): Bucket[] {
  const counts = numbers(table, { what: 'count', label: countColumn });
  const bounds = numbers(table, { what: 'upper bound', label: upperBoundColumn });
  const buckets = counts.map((count, row) => ({ count, bound: bounds[row]! }));
  return buckets.sort((a, b) => (a.bound === b.bound ? 0 : a.bound - b.bound));
}

function numbers(
  table: Table,
  { what, label }: { readonly what: 'count' | 'upper bound'; readonly label: string },
): number[] {
  const column = columnOf(table, label);
  if (column === undefined) throw new FluxError(`table is missing ${what} column "${label}"`);
  if (column.type !== 'double') {
    throw new FluxError(`${what} column "${label}" must be of type float`);
  }
  return Array.from({ length: table.rowCount }, (_, row) => {
    const value = rawAt(column, row);
    if (value !== null) return value as number;
    const name = what === 'count' ? 'countColumn' : 'upperBoundColumn';
    throw new FluxError(`unexpected null in the ${name}`);
  });
}

/** Whether no count is below the one before; with `force` such a count is raised to it. */
function rises(buckets: readonly Bucket[], force: boolean): boolean {
  let before = 0;
  for (const bucket of buckets) {
    if (bucket.count >= before) before = bucket.count;
    else if (force) bucket.count = before;
    else return false;
  }
  return true;
}

/** Between two bounds in proportion; a bound that is infinite gives the other. */
function quantileOf(
  buckets: readonly Bucket[],
  { quantile, minValue }: QuantileOptions,
): number | null {
  const last = buckets.at(-1)!;
  if (last.count === 0) return null;
  const rank = quantile * last.count;
  const index = buckets.findLastIndex(({ count }) => rank >= count);
  if (index === buckets.length - 1) return last.bound;
  const lower = buckets[index] ?? { count: 0, bound: minValue };
  const upper = buckets[index + 1]!;
  if (rank === lower.count) return lower.bound;
  if (lower.bound === Number.NEGATIVE_INFINITY) return upper.bound;
  if (upper.bound === Number.POSITIVE_INFINITY) return lower.bound;
  const scale = (rank - lower.count) / (upper.count - lower.count);
  return lower.bound + (upper.bound - lower.bound) * scale;
}
