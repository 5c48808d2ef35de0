import { FluxError } from '../error.ts';
import type { Column, Table } from '../values/value.ts';
import { Time } from '../values/value.ts';
import type { Budget, Holding } from './budget.ts';
import { constantColumn, rawAt } from './column.ts';
import type { Intervals } from './intervals.ts';
import { ALL_TIME, intersect } from './intervals.ts';
import type { Pause, Pausing } from './pause.ts';
import { PAUSE, STEPS_PER_PAUSE } from './pause.ts';
import type { Bounds } from './stream.ts';
import { columnOf, takeRows } from './table.ts';

export interface WindowOptions {
  readonly intervals: Intervals;
  readonly bounds: Bounds;
  readonly timeColumn: string;
  readonly startColumn: string;
  readonly stopColumn: string;
  readonly createEmpty: boolean;
}

/** The rows of one window of a table; its bounds are cut to the range of the query. */
export interface WindowRows {
  readonly bounds: Bounds;
  readonly rows: Int32Array;
}

/** The time of every row in order, and which row it is; rows without a time are left out. */
function timesOf(table: Table, label: string): { times: bigint[]; rows: number[] } {
  const column = columnOf(table, label);
  if (column === undefined) throw new FluxError(`no time column: ${label}`);
  if (column.type !== 'dateTime:RFC3339') {
    throw new FluxError(`time column is not a time value: ${column.type}`);
  }
  const times: bigint[] = [];
  const rows: number[] = [];
  let ordered = true;
  for (let row = 0; row < table.rowCount; row++) {
    const time = rawAt(column, row) as bigint | null;
    if (time === null) continue;
    if (times.length > 0 && time < (times[times.length - 1] as bigint)) ordered = false;
    times.push(time);
    rows.push(row);
  }
  if (ordered) return { times, rows };
  const order = times.map((_, index) => index);
  order.sort((a, b) => compare(times[a] as bigint, times[b] as bigint) || a - b);
  return {
    times: order.map((index) => times[index] as bigint),
    rows: order.map((index) => rows[index] as number),
  };
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Of a window and of each row in it, while windows are looked for. */
const WINDOW_BYTES = 200;
const ROW_BYTES = 12;

/**
 * The windows of a table that have rows, in the order of time; then the empty ones if wanted. What
 * they take is charged to `holding`: a range may have more of them than there is memory.
 */
export function* windowsOf(
  table: Table,
  options: WindowOptions,
  holding: Holding,
): Pausing<WindowRows[]> {
  const { intervals, bounds, createEmpty } = options;
  const { times, rows } = timesOf(table, options.timeColumn);
  if (intervals.infinite) {
    if (times.length === 0 && !createEmpty) return [];
    return [{ bounds: intersect(bounds, ALL_TIME), rows: Int32Array.from(rows) }];
  }
  const found = yield* filledWindows({ times, rows }, intervals, holding);
  const sorted = [...found].sort((a, b) => compare(a[0], b[0]));
  const out = sorted.map(([, window]) => ({
    bounds: intersect(bounds, window.bounds),
    rows: Int32Array.from(window.rows),
  }));
  if (!createEmpty) return out;
  let steps = 0;
  for (const interval of intervals.within(bounds)) {
    if (++steps % STEPS_PER_PAUSE === 0) yield PAUSE;
    if (found.has(interval.index)) continue;
    holding.add(WINDOW_BYTES);
    out.push({ bounds: intersect(bounds, interval), rows: NO_ROWS });
  }
  return out;
}

const NO_ROWS = new Int32Array(0);

interface FilledWindow {
  readonly bounds: Bounds;
  readonly rows: number[];
}

function* filledWindows(
  { times, rows }: ReturnType<typeof timesOf>,
  intervals: Intervals,
  holding: Holding,
): Pausing<Map<bigint, FilledWindow>> {
  const found = new Map<bigint, FilledWindow>();
  let current: FilledWindow | undefined;
  holding.add(times.length * ROW_BYTES);
  let steps = 0;
  for (let i = 0; i < times.length; i++) {
    if (++steps % STEPS_PER_PAUSE === 0) yield PAUSE;
    const time = times[i] as bigint;
    if (current !== undefined && time < current.bounds.stopNs) {
      current.rows.push(rows[i] as number);
      continue;
    }
    for (const interval of intervals.containing(time)) {
      if (++steps % STEPS_PER_PAUSE === 0) yield PAUSE;
      if (!intervals.tiled) holding.add(ROW_BYTES);
      let window = found.get(interval.index);
      if (window === undefined) {
        holding.add(WINDOW_BYTES);
        window = { bounds: interval, rows: [] };
        found.set(interval.index, window);
      }
      window.rows.push(rows[i] as number);
      // Times come in order: where windows do not overlap the next ones need no search.
      if (intervals.tiled) current = window;
    }
  }
  return found;
}

/** A table cut into one table for each window. */
export function* windowTables(
  table: Table,
  options: WindowOptions,
  budget: Budget,
): Generator<Table | Pause> {
  const holding = budget.hold();
  try {
    const windows = yield* windowsOf(table, options, holding);
    for (const { bounds, rows } of windows) {
      yield boundTable(takeRows(table, rows), bounds, options);
    }
  } finally {
    holding.free();
  }
}

/** The table with its start and stop columns, in its group key, set to a window. */
export function boundTable(
  table: Table,
  bounds: Bounds,
  { startColumn, stopColumn }: Pick<WindowOptions, 'startColumn' | 'stopColumn'>,
): Table {
  const start = constantColumn(startColumn, 'dateTime:RFC3339', new Time(bounds.startNs));
  const stop = constantColumn(stopColumn, 'dateTime:RFC3339', new Time(bounds.stopNs));
  const columns = withColumn(withColumn(table.columns, start), stop);
  const key = [...table.key];
  if (!key.includes(startColumn)) key.push(startColumn);
  if (!key.includes(stopColumn)) key.push(stopColumn);
  return { key, columns, rowCount: table.rowCount };
}

/** The columns with one of them replaced, or added at the end. */
export function withColumn(columns: readonly Column[], column: Column): Column[] {
  const index = columns.findIndex((one) => one.label === column.label);
  if (index < 0) return [...columns, column];
  return columns.map((one, at) => (at === index ? column : one));
}
