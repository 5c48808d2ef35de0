import { FluxError } from '../../error.ts';
import type { Budget } from '../../tables/budget.ts';
import { ColumnBuilder } from '../../tables/builder.ts';
import { constantColumn, rawAt, rawOf } from '../../tables/column.ts';
import { Intervals } from '../../tables/intervals.ts';
import type { Pause } from '../../tables/pause.ts';
import { asStream, Derived } from '../../tables/stream.ts';
import { columnOf, compareText } from '../../tables/table.ts';
import { mapTables } from '../../tables/transform.ts';
import { withColumn } from '../../tables/window.ts';
import { addDuration } from '../../values/calendar.ts';
import type { Column, Table } from '../../values/value.ts';
import { Duration, Time } from '../../values/value.ts';
import { array, duration, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';
import { regroup, regrouped } from './map.ts';
import { zoneOf } from './zone.ts';

/** A time column with every time changed; constant ones stay constant. */
function changeTimes(column: Column, rowCount: number, change: (ns: bigint) => bigint): Column {
  const { label, type } = column;
  if (type !== 'dateTime:RFC3339') {
    throw new FluxError(`column "${label}" is not of type time`);
  }
  if (column.values === undefined) {
    const ns = rawOf(column.constant ?? null) as bigint | null;
    return constantColumn(label, type, ns === null ? null : new Time(change(ns)));
  }
  const builder = new ColumnBuilder(label, type, rowCount);
  for (let row = 0; row < rowCount; row++) {
    const ns = rawAt(column, row) as bigint | null;
    builder.appendRaw(ns === null ? null : change(ns));
  }
  return builder.finish();
}

const timeShift = builtin({
  package: 'universe',
  name: 'timeShift',
  params: {
    tables: pipe(),
    duration: duration(),
    columns: array(string(), ['_stop', '_start', '_time']),
  },
  call({ tables, duration: by, columns }, context) {
    const source = asStream(tables, context).use();
    const { bounds } = source;
    const shifted = bounds && {
      startNs: addDuration(bounds.startNs, by),
      stopNs: addDuration(bounds.stopNs, by),
    };
    const change = (ns: bigint) => addDuration(ns, by);
    return new Derived(source.scope, { bounds: shifted }, (signal) =>
      mapTables(source.tables(signal), (table) => shiftTable(table, columns, change), signal),
    );
  },
});

function shiftTable(
  table: Table,
  labels: readonly string[],
  change: (ns: bigint) => bigint,
): Table {
  const columns = table.columns.map((column) =>
    labels.includes(column.label) ? changeTimes(column, table.rowCount, change) : column,
  );
  return { ...table, columns };
}

const truncateTimeColumn = builtin({
  package: 'universe',
  name: 'truncateTimeColumn',
  params: { tables: pipe(), unit: duration(), timeColumn: string('_time') },
  call({ tables, unit, timeColumn }, context) {
    const { zone, offset } = zoneOf(context.location);
    const intervals = new Intervals({
      every: unit,
      period: unit,
      offset: offset ?? new Duration(0, 0n),
      zone,
    });
    const source = asStream(tables, context).use();
    return new Derived(source.scope, { bounds: source.bounds }, (signal) =>
      regrouped(source, signal, (table, budget) =>
        truncate(table, { timeColumn, intervals, budget }),
      ),
    );
  },
});

interface TruncateOptions {
  readonly timeColumn: string;
  readonly intervals: Intervals;
  readonly budget: Budget;
}

/** As a map of `_time`: its columns come sorted. */
function truncate(table: Table, options: TruncateOptions): Iterable<Table | Pause> {
  const { timeColumn: label, intervals, budget } = options;
  if (table.rowCount === 0) return [];
  const column = columnOf(table, label);
  if (column === undefined) throw new FluxError(`column "${label}" does not exist`);
  const times = changeTimes(column, table.rowCount, (ns) => intervals.latest(ns).startNs);
  const columns = withColumn(table.columns, times);
  columns.sort((a, b) => compareText(a.label, b.label));
  return regroup(table, columns, budget);
}

export const times = [timeShift, truncateTimeColumn];
