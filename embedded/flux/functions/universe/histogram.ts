import { FluxError } from '../../error.ts';
import { fluxTypeOf } from '../../tables/aggregate.ts';
import { rawAt, withValues } from '../../tables/column.ts';
import { columnOf, keyColumns } from '../../tables/table.ts';
import { eachTableSorted } from '../../tables/transform.ts';
import type { Table } from '../../values/value.ts';
import { array, bool, float, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

export const histogram = builtin({
  package: 'universe',
  name: 'histogram',
  params: {
    tables: pipe(),
    bins: array(float()),
    column: string('_value'),
    upperBoundColumn: string('le'),
    countColumn: string('_value'),
    normalize: bool(false),
  },
  call({ tables, ...options }, context) {
    const bins = Float64Array.from(options.bins).sort();
    return eachTableSorted(tables, context, (table) => histogramOf(table, { ...options, bins }));
  },
});

interface HistogramOptions {
  readonly bins: Float64Array;
  readonly column: string;
  readonly upperBoundColumn: string;
  readonly countColumn: string;
  readonly normalize: boolean;
}

/** One row for each bin: how many values are at most its upper bound. */
function histogramOf(table: Table, options: HistogramOptions): Table {
  const { bins, normalize } = options;
  const column = columnOf(table, options.column);
  if (column === undefined) throw new FluxError(`column "${options.column}" is missing`);
  if (column.type !== 'double') {
    throw new FluxError(`column "${options.column}" must be a float got ${fluxTypeOf(column)}`);
  }
  const counts = new Float64Array(bins.length);
  let total = 0;
  for (let row = 0; row < table.rowCount; row++) {
    const value = rawAt(column, row) as number | null;
    if (value === null) continue;
    const bin = bins.findIndex((bound) => value <= bound);
    if (bin < 0) throw new FluxError(`found value greater than any bin: ${value}`);
    counts[bin] = (counts[bin] as number) + 1;
    total += 1;
  }
  for (let bin = 1; bin < counts.length; bin++) {
    counts[bin] = (counts[bin] as number) + (counts[bin - 1] as number);
  }
  const shown = normalize ? counts.map((count) => count / total) : counts;
  const columns = [
    ...keyColumns(table),
    withValues({ label: options.upperBoundColumn, type: 'double' }, bins.slice()),
    withValues({ label: options.countColumn, type: 'double' }, shown),
  ];
  return { key: table.key, columns, rowCount: bins.length };
}
