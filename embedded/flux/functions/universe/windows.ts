import { FluxError } from '../../error.ts';
import { GroupedRead } from '../../plan/grouped.ts';
import { Read } from '../../plan/read.ts';
import { WindowedRead } from '../../plan/windowed.ts';
import type { IntervalOptions } from '../../tables/intervals.ts';
import { INFINITE_NS, Intervals } from '../../tables/intervals.ts';
import { mergeTables } from '../../tables/merge.ts';
import type { Stream } from '../../tables/stream.ts';
import { asStream, Derived } from '../../tables/stream.ts';
import { mapTables } from '../../tables/transform.ts';
import type { WindowOptions } from '../../tables/window.ts';
import { windowTables } from '../../tables/window.ts';
import type { FluxRecord, TableStream } from '../../values/value.ts';
import { Duration } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { bool, duration, optional, pipe, record, string } from '../params.ts';
import { builtin } from '../registry.ts';
import { zoneOf } from './zone.ts';

const ZERO = new Duration(0, 0n);
const MONTH_NS_MIN = 28n * 86_400_000_000_000n;

export interface WindowArguments {
  readonly every: Duration;
  readonly period: Duration;
  readonly offset: Duration;
  readonly location: FluxRecord | undefined;
  readonly timeColumn: string;
  readonly startColumn: string;
  readonly stopColumn: string;
  readonly createEmpty: boolean;
}

export const window = builtin({
  package: 'universe',
  name: 'window',
  params: {
    tables: pipe(),
    every: duration(ZERO),
    period: duration(ZERO),
    offset: duration(ZERO),
    location: optional(record()),
    timeColumn: string('_time'),
    startColumn: string('_start'),
    stopColumn: string('_stop'),
    createEmpty: bool(false),
  },
  call: ({ tables, ...options }, context) => windowStream(tables, context, options),
});

/** `window`: each table cut into windows, tables of the same key put together again. */
export function windowStream(
  tables: TableStream,
  context: CallContext,
  args: WindowArguments,
): Stream {
  const source = asStream(tables, context);
  if (source.bounds === undefined) {
    throw new FluxError('nil bounds passed to window; use range to set the window range');
  }
  const interval = intervalOptions(args, context);
  const intervals = new Intervals(interval);
  const { timeColumn, startColumn, stopColumn, createEmpty } = args;
  const options: WindowOptions = {
    intervals,
    bounds: source.bounds,
    timeColumn,
    startColumn,
    stopColumn,
    createEmpty,
  };
  const pushed = pushWindow(source, interval, options);
  if (pushed !== undefined) return pushed;
  source.use();
  const { budget } = source.scope;
  return new Derived(source.scope, { bounds: source.bounds, sorted: true }, (signal) =>
    mergeTables(
      mapTables(source.tables(signal), (table) => windowTables(table, options, budget), signal),
      budget,
    ),
  );
}

/** `period` alone stands for both; months and zones need the calendar. */
export function intervalOptions(args: WindowArguments, context: CallContext): IntervalOptions {
  const { every, period, offset } = args;
  const everyGiven = every.months !== 0 || every.ns !== 0n;
  const periodGiven = period.months !== 0 || period.ns !== 0n;
  if (!everyGiven && !periodGiven) {
    throw new FluxError('window function requires at least one of "every" or "period" to be set');
  }
  const zone = zoneOf(args.location ?? context.location);
  return {
    every: everyGiven ? every : period,
    period: periodGiven ? period : every,
    offset: zone.offset === undefined ? offset : plus(offset, zone.offset),
    zone: zone.zone,
  };
}

function plus(a: Duration, b: Duration): Duration {
  return new Duration(a.months + b.months, a.ns + b.ns);
}

function pushWindow(
  source: Stream,
  interval: IntervalOptions,
  options: WindowOptions,
): WindowedRead | undefined {
  if (!(source instanceof Read || source instanceof GroupedRead)) return undefined;
  const { every, period, offset, zone } = interval;
  const { timeColumn, startColumn, stopColumn, createEmpty } = options;
  const named = timeColumn === '_time' && startColumn === '_start' && stopColumn === '_stop';
  const tiled =
    every.months === period.months &&
    every.ns === period.ns &&
    offset.months === 0 &&
    every.ns < INFINITE_NS;
  // Months whose zero is not within the first 28 days have no plain arithmetic.
  const plain = every.months === 0 || (offset.ns >= 0n && offset.ns < MONTH_NS_MIN);
  if (!named || !tiled || !plain || zone !== undefined) return undefined;
  const choice = {
    everyNs: every.ns,
    everyMonths: every.months,
    offsetNs: offset.ns,
    createEmpty,
  };
  return new WindowedRead(source.use(), choice, options);
}
