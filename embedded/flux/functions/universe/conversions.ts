import { FluxError } from '../../error.ts';
import type { Budget } from '../../tables/budget.ts';
import { ColumnBuilder } from '../../tables/builder.ts';
import { valueAt } from '../../tables/column.ts';
import type { Pause } from '../../tables/pause.ts';
import { PAUSE, STEPS_PER_PAUSE } from '../../tables/pause.ts';
import { asStream, Derived } from '../../tables/stream.ts';
import { columnOf, compareText } from '../../tables/table.ts';
import { withColumn } from '../../tables/window.ts';
import type { Conversion } from '../../values/convert.ts';
import { toColumnType } from '../../values/convert.ts';
import type { ColumnType, Table } from '../../values/value.ts';
import { pipe } from '../params.ts';
import { builtin } from '../registry.ts';
import { regroup, regrouped } from './map.ts';

/** `_value` of every row as another type. */
function conversionBuiltin(name: string, type: ColumnType) {
  const convert = toColumnType[type];
  return builtin({
    package: 'universe',
    name,
    params: { tables: pipe() },
    call({ tables }, context) {
      const source = asStream(tables, context).use();
      return new Derived(source.scope, { bounds: source.bounds }, (signal) =>
        regrouped(source, signal, (table, budget) =>
          convertTable(table, { type, convert, budget }),
        ),
      );
    },
  });
}

interface Options {
  readonly type: ColumnType;
  readonly convert: Conversion;
  readonly budget: Budget;
}

function* convertTable(table: Table, options: Options): Generator<Table | Pause> {
  const { type, convert, budget } = options;
  if (table.rowCount === 0) return;
  const column = columnOf(table, '_value');
  if (column === undefined) throw new FluxError('column "_value" does not exist');
  const builder = new ColumnBuilder('_value', type, table.rowCount);
  for (let row = 0; row < table.rowCount; row++) {
    if (row % STEPS_PER_PAUSE === STEPS_PER_PAUSE - 1) yield PAUSE;
    builder.append(convert(valueAt(column, row)));
  }
  const columns = withColumn(table.columns, builder.finish());
  // As the map that InfluxDB makes of it: only for floats it works on whole columns.
  if (type !== 'double') columns.sort((a, b) => compareText(a.label, b.label));
  yield* regroup(table, columns, budget);
}

export const conversions = [
  conversionBuiltin('toString', 'string'),
  conversionBuiltin('toInt', 'long'),
  conversionBuiltin('toUInt', 'unsignedLong'),
  conversionBuiltin('toFloat', 'double'),
  conversionBuiltin('toBool', 'boolean'),
  conversionBuiltin('toTime', 'dateTime:RFC3339'),
];
