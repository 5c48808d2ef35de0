import { FluxError } from '../../error.ts';
import { compileRow } from '../../rows.ts';
import { ColumnBuilder } from '../../tables/builder.ts';
import { rawAt } from '../../tables/column.ts';
import { columnOf } from '../../tables/table.ts';
import { eachTable } from '../../tables/transform.ts';
import { nanosecondsOf } from '../../values/calendar.ts';
import type { Column, FluxFunction, Table } from '../../values/value.ts';
import { Duration } from '../../values/value.ts';
import { duration, func, optional, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

const SECOND = new Duration(0, 1_000_000_000n);

interface Tracking {
  readonly fn: FluxFunction;
  readonly countColumn: string | undefined;
  readonly durationColumn: string | undefined;
  readonly unitNs: bigint;
  readonly timeColumn: string;
}

const stateTracking = builtin({
  package: 'universe',
  name: 'stateTracking',
  params: {
    tables: pipe(),
    fn: func(),
    countColumn: optional(string()),
    durationColumn: optional(string()),
    durationUnit: duration(SECOND),
    timeColumn: string('_time'),
  },
  call({ tables, durationUnit, ...rest }, context) {
    const tracking = { ...rest, unitNs: nanosecondsOf(durationUnit) };
    return eachTable(tables, context, (table) => track(table, tracking));
  },
});

const stateCount = builtin({
  package: 'universe',
  name: 'stateCount',
  params: { tables: pipe(), fn: func(), column: string('stateCount') },
  call: ({ tables, fn, column }, context) =>
    eachTable(tables, context, (table) =>
      track(table, {
        fn,
        countColumn: column,
        durationColumn: undefined,
        unitNs: 1n,
        timeColumn: '_time',
      }),
    ),
});

const stateDuration = builtin({
  package: 'universe',
  name: 'stateDuration',
  params: {
    tables: pipe(),
    fn: func(),
    column: string('stateDuration'),
    timeColumn: string('_time'),
    unit: duration(SECOND),
  },
  call({ tables, fn, column, timeColumn, unit }, context) {
    const unitNs = nanosecondsOf(unit);
    return eachTable(tables, context, (table) =>
      track(table, { fn, countColumn: undefined, durationColumn: column, unitNs, timeColumn }),
    );
  },
});

/** How many rows, and how long, a condition has held without a break; -1 while it does not. */
function track(table: Table, tracking: Tracking): Table {
  const { countColumn, durationColumn, unitNs, timeColumn } = tracking;
  const times = columnOf(table, timeColumn);
  if (times === undefined) throw new FluxError(`column "${timeColumn}" does not exist`);
  const holds = compileRow(tracking.fn, table);
  const counts = new ColumnBuilder(countColumn ?? '', 'long', table.rowCount);
  const durations = new ColumnBuilder(durationColumn ?? '', 'long', table.rowCount);
  let count = 0n;
  let start: bigint | undefined;
  let before: bigint | undefined;
  for (let row = 0; row < table.rowCount; row++) {
    const held = holds(row) === true;
    const time = durationColumn === undefined ? 0n : timeOf(times, row, before);
    before = time;
    count = held ? count + 1n : 0n;
    counts.appendRaw(held ? count : -1n);
    start = held ? (start ?? time) : undefined;
    durations.appendRaw(start === undefined ? -1n : (time - start) / (unitNs > 0n ? unitNs : 1n));
  }
  const added: Column[] = [];
  if (countColumn !== undefined) added.push(counts.finish());
  if (durationColumn !== undefined) added.push(durations.finish());
  return { ...table, columns: [...table.columns, ...added] };
}

function timeOf(times: Column, row: number, before: bigint | undefined): bigint {
  const time = rawAt(times, row) as bigint | null;
  if (time === null) throw new FluxError('got a null timestamp');
  if (before !== undefined && before > time) throw new FluxError('got an out-of-order timestamp');
  return time;
}

export const states = [stateTracking, stateCount, stateDuration];
