import { FluxError } from '../../error.ts';
import { AggregatedRead } from '../../plan/aggregated.ts';
import type { Aggregate } from '../../tables/aggregate.ts';
import { aggregated } from '../../tables/aggregate.ts';
import { columnarAggregateOf } from '../../tables/aggregate-stream.ts';
import type { Budget } from '../../tables/budget.ts';
import { ColumnBuilder } from '../../tables/builder.ts';
import { relabel } from '../../tables/column.ts';
import { INFINITE_NS, Intervals } from '../../tables/intervals.ts';
import type { Pause, Pausing } from '../../tables/pause.ts';
import { PAUSE, STEPS_PER_PAUSE } from '../../tables/pause.ts';
import type { Stream } from '../../tables/stream.ts';
import { asStream, Derived } from '../../tables/stream.ts';
import { columnOf, keyColumns, takeRows } from '../../tables/table.ts';
import { eachTable, mapTables } from '../../tables/transform.ts';
import type { WindowOptions, WindowRows } from '../../tables/window.ts';
import { boundTable, windowsOf, withColumn } from '../../tables/window.ts';
import { isStream, then } from '../../values/types.ts';
import type { Column, FluxFunction, MaybePromise, Table, TableStream } from '../../values/value.ts';
import { Duration } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { bool, duration, func, optional, pipe, record, string } from '../params.ts';
import { builtin } from '../registry.ts';
import { meanStream } from './aggregates.ts';
import { fillEmpty } from './fill-empty.ts';
import type { WindowArguments } from './windows.ts';
import { intervalOptions, windowStream } from './windows.ts';

interface Options {
  readonly every: Duration;
  readonly period: Duration;
  readonly offset: Duration;
  readonly location: WindowArguments['location'];
  readonly column: string;
  readonly timeSrc: string;
  readonly timeDst: string;
  readonly createEmpty: boolean;
}

const ZERO = new Duration(0, 0n);

export const aggregateWindow = builtin({
  package: 'universe',
  name: 'aggregateWindow',
  params: {
    tables: pipe(),
    every: duration(),
    fn: func(),
    period: duration(ZERO),
    offset: duration(ZERO),
    location: optional(record()),
    column: string('_value'),
    timeSrc: string('_stop'),
    timeDst: string('_time'),
    createEmpty: bool(true),
  },
  call: ({ tables, fn, ...options }, context) =>
    aggregateWindows(tables, context, { fn, ...options }),
});

/** window |> fn |> fill the empty ones |> duplicate the bound as time |> window(every: inf). */
export function aggregateWindows(
  tables: TableStream,
  context: CallContext,
  { fn, ...options }: Options & { readonly fn: FluxFunction },
): MaybePromise<Stream> {
  const windowArguments: WindowArguments = {
    ...options,
    timeColumn: '_time',
    startColumn: '_start',
    stopColumn: '_stop',
  };
  const windowed = windowStream(tables, context, windowArguments);
  const args = new Map([
    [fn.pipeParameter ?? 'tables', windowed as TableStream],
    ['column', options.column as never],
  ]);
  return then(fn.call(args), (inner) => {
    if (!isStream(inner)) throw new FluxError('aggregateWindow: fn must return a stream of tables');
    const joined = (stream: TableStream) => rejoin(stream, context, options);
    const bound = options.timeSrc;
    const plain = options.timeDst === '_time' && (bound === '_start' || bound === '_stop');
    if (plain && inner instanceof AggregatedRead && inner.source === windowed) {
      const byTime = { bound, createEmpty: options.createEmpty } as const;
      return inner.byTime(byTime, () => joined(inner.options.columnar()));
    }
    const columnar = columnarAggregateOf(inner);
    if (plain && columnar?.fused && columnar.source === windowed) {
      return fuse(tables, context, {
        ...windowArguments,
        ...options,
        aggregate: columnar.aggregate,
      });
    }
    return joined(inner);
  });
}

/** Means of windows that may overlap, at the end of each. */
export function meanWindows(
  tables: TableStream,
  context: CallContext,
  options: { readonly every: Duration; readonly period: Duration; readonly column: string },
): MaybePromise<Stream> {
  const fn: FluxFunction = {
    kind: 'function',
    name: 'mean',
    parameters: [],
    pipeParameter: 'tables',
    call: (args) => meanStream(args.get('tables') as TableStream, context, options.column),
  };
  const plain = { offset: ZERO, location: undefined, timeSrc: '_stop', timeDst: '_time' };
  return aggregateWindows(tables, context, { ...options, ...plain, createEmpty: false, fn });
}

function rejoin(inner: TableStream, context: CallContext, options: Options): Stream {
  const { timeSrc, timeDst, createEmpty } = options;
  const filled = createEmpty ? fillEmpty(withoutTime(inner, context), context) : inner;
  const timed = eachTable(filled, context, (table) => duplicateTable(table, timeSrc, timeDst));
  return windowStream(timed, context, {
    every: new Duration(0, INFINITE_NS),
    period: ZERO,
    offset: ZERO,
    location: undefined,
    timeColumn: timeDst,
    startColumn: '_start',
    stopColumn: '_stop',
    createEmpty: false,
  });
}

/** InfluxDB's storage gives no times of selected points where it fills empty windows. */
function withoutTime(inner: TableStream, context: CallContext): TableStream {
  if (!(inner instanceof AggregatedRead) || !inner.selectsFromStorage) return inner;
  return eachTable(inner, context, (table) => ({
    ...table,
    columns: table.columns.filter((column) => column.label !== '_time'),
  }));
}

/** A copy of a column under another label, in the place of the column that has it, if any. */
export function duplicateTable(table: Table, from: string, as: string): Table {
  const column = columnOf(table, from);
  if (column === undefined) throw new FluxError(`column "${from}" does not exist`);
  const key = table.key.filter((label) => label !== as);
  return { key, columns: withColumn(table.columns, relabel(column, as)), rowCount: table.rowCount };
}

interface FusedOptions extends WindowArguments, Options {
  readonly aggregate: Aggregate;
}

/** What InfluxDB answers for mean, sum and count: time, group key, value. */
function fuse(tables: TableStream, context: CallContext, options: FusedOptions): Stream {
  const source = asStream(tables, context).use();
  const windows: WindowOptions = {
    intervals: new Intervals(intervalOptions(options, context)),
    bounds: source.bounds!,
    timeColumn: '_time',
    startColumn: '_start',
    stopColumn: '_stop',
    createEmpty: options.createEmpty,
  };
  return new Derived(source.scope, { bounds: source.bounds }, (signal) =>
    mapTables(
      source.tables(signal),
      (table) => fuseTable(table, windows, { ...options, budget: source.scope.budget }),
      signal,
    ),
  );
}

function* fuseTable(
  table: Table,
  windows: WindowOptions,
  options: FusedOptions & { readonly budget: Budget },
): Generator<Table | Pause> {
  const holding = options.budget.hold();
  try {
    const found = yield* windowsOf(table, windows, holding);
    const fused = yield* fuseWindows(table, found, windows, options);
    if (fused !== undefined) yield fused;
  } finally {
    holding.free();
  }
}

function* fuseWindows(
  table: Table,
  found: WindowRows[],
  windows: WindowOptions,
  options: FusedOptions,
): Pausing<Table | undefined> {
  const { column, timeSrc, aggregate } = options;
  const value = aggregated(table, column);
  found.sort((a, b) => (a.bounds.startNs < b.bounds.startNs ? -1 : 1));
  const times = new ColumnBuilder('_time', 'dateTime:RFC3339', found.length);
  let values: ColumnBuilder | undefined;
  let steps = 0;
  for (const { bounds, rows } of found) {
    steps += 1 + rows.length;
    if (steps >= STEPS_PER_PAUSE) {
      steps = 0;
      yield PAUSE;
    }
    times.appendRaw(timeSrc === '_start' ? bounds.startNs : bounds.stopNs);
    const part = takeRows({ key: [], columns: [value], rowCount: table.rowCount }, rows);
    const { type, raw } = aggregate(part.columns[0] as Column, rows.length);
    values ??= new ColumnBuilder(column, type, found.length);
    values.appendRaw(raw);
  }
  if (values === undefined) return undefined;
  const whole = boundTable({ ...table, columns: keyColumns(table) }, windows.bounds, windows);
  const columns = [times.finish(), ...whole.columns, values.finish()];
  return { key: whole.key, columns, rowCount: found.length };
}
