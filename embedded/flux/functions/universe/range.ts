import { FluxError } from '../../error.ts';
import { Read } from '../../plan/read.ts';
import { UnboundedRead } from '../../plan/unbounded.ts';
import { constantColumn, rawAt } from '../../tables/column.ts';
import { intersect } from '../../tables/intervals.ts';
import type { Bounds } from '../../tables/stream.ts';
import { asStream, Derived } from '../../tables/stream.ts';
import { columnOf, takeRows } from '../../tables/table.ts';
import { mapTables, sortTables } from '../../tables/transform.ts';
import { addDuration } from '../../values/calendar.ts';
import type { Duration, Table } from '../../values/value.ts';
import { Time } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { pipe, string, timeable } from '../params.ts';
import { builtin } from '../registry.ts';

/** A time, or a duration counted from now. */
export function instantOf(value: Time | Duration, context: CallContext): bigint {
  return value instanceof Time ? value.ns : addDuration(context.now.ns, value);
}

interface RangeColumns {
  readonly timeColumn: string;
  readonly startColumn: string;
  readonly stopColumn: string;
}

export const range = builtin({
  package: 'universe',
  name: 'range',
  params: {
    tables: pipe(),
    start: timeable(),
    stop: timeable(new Time(0n)),
    timeColumn: string('_time'),
    startColumn: string('_start'),
    stopColumn: string('_stop'),
  },
  call({ tables, start, stop, ...columns }, context) {
    const startNs = instantOf(start, context);
    const absent = stop instanceof Time && stop.ns === 0n;
    const stopNs = absent ? context.now.ns : instantOf(stop, context);
    const bounds = { startNs, stopNs };
    if (startNs >= stopNs) throw new FluxError('cannot query an empty range');
    if (tables instanceof UnboundedRead) return tables.within(bounds);
    const source = asStream(tables, context);
    const both = source.bounds === undefined ? bounds : intersect(source.bounds, bounds);
    const plain = columns.timeColumn === '_time' && columns.startColumn === '_start';
    if (source instanceof Read && plain && columns.stopColumn === '_stop') {
      return source.narrow(both);
    }
    source.use();
    const { budget } = source.scope;
    return new Derived(source.scope, { bounds: both, sorted: true }, (signal) => {
      const cut = mapTables(
        source.tables(signal),
        (table) => cutTable(table, both, columns),
        signal,
      );
      return sortTables(cut, budget);
    });
  },
});

/** The rows within the range, which becomes the table's start and stop. */
function cutTable(table: Table, bounds: Bounds, columns: RangeColumns): Table {
  const { timeColumn, startColumn, stopColumn } = columns;
  const time = columnOf(table, timeColumn);
  if (time === undefined) {
    throw new FluxError(`range error: supplied time column ${timeColumn} doesn't exist`);
  }
  if (time.type !== 'dateTime:RFC3339') {
    throw new FluxError(`range error: provided time column ${timeColumn} is not of type time`);
  }
  const rows: number[] = [];
  for (let row = 0; row < table.rowCount; row++) {
    const ns = rawAt(time, row) as bigint | null;
    if (ns !== null && ns >= bounds.startNs && ns < bounds.stopNs) rows.push(row);
  }
  const cut = takeRows(table, Int32Array.from(rows));
  const keyed = table.key.includes(startColumn) && table.key.includes(stopColumn);
  const useBounds = keyed ? keyBounds(table, bounds, columns) : bounds;
  const start = constantColumn(startColumn, 'dateTime:RFC3339', new Time(useBounds.startNs));
  const stop = constantColumn(stopColumn, 'dateTime:RFC3339', new Time(useBounds.stopNs));
  const replaced = cut.columns.map((column) => {
    if (column.label === startColumn) return start;
    return column.label === stopColumn ? stop : column;
  });
  const added = [start, stop].filter((one) => columnOf(table, one.label) === undefined);
  const keyAdded = [startColumn, stopColumn].filter((label) => !table.key.includes(label));
  return {
    key: [...keyAdded, ...table.key],
    columns: [...added, ...replaced],
    rowCount: cut.rowCount,
  };
}

/** What the range shares with the bounds that the table has in its key. */
function keyBounds(table: Table, bounds: Bounds, columns: RangeColumns): Bounds {
  const startNs = rawAt(columnOf(table, columns.startColumn)!, 0) as bigint | null;
  const stopNs = rawAt(columnOf(table, columns.stopColumn)!, 0) as bigint | null;
  if (startNs === null || stopNs === null) return bounds;
  const shared = intersect(bounds, { startNs, stopNs });
  return shared.startNs < shared.stopNs ? shared : bounds;
}
