import { FluxError } from '../../error.ts';
import { rawAt } from '../../tables/column.ts';
import { columnOf, takeRows } from '../../tables/table.ts';
import { eachTableSorted } from '../../tables/transform.ts';
import { splitDay } from '../../values/calendar.ts';
import type { Table } from '../../values/value.ts';
import { int, optional, pipe, record, string } from '../params.ts';
import { builtin } from '../registry.ts';
import { clockOf, localNs } from '../scalar/clock.ts';

const HOUR_NS = 3_600_000_000_000n;

/** Rows of some hours of the day, both ends included; from a later one to an earlier: overnight. */
export const hourSelection = builtin({
  package: 'universe',
  name: 'hourSelection',
  params: {
    tables: pipe(),
    start: int(),
    stop: int(),
    location: optional(record()),
    timeColumn: string('_time'),
  },
  call({ tables, start, stop, location, timeColumn }, context) {
    checkHour('start', start);
    checkHour('stop', stop);
    const clock = clockOf(location, context);
    const wanted = (ns: bigint) => {
      const hour = splitDay(localNs(ns, clock)).rest / HOUR_NS;
      return start <= stop ? hour >= start && hour <= stop : hour >= start || hour <= stop;
    };
    return eachTableSorted(tables, context, (table) => rowsOf(table, timeColumn, wanted));
  },
});

function checkHour(name: string, hour: bigint): void {
  if (hour < 0n || hour > 23n) throw new FluxError(`${name} must be between 0 and 23`);
}

function rowsOf(table: Table, label: string, wanted: (ns: bigint) => boolean): Table {
  const column = columnOf(table, label);
  if (column?.type !== 'dateTime:RFC3339') throw new FluxError('invalid time column');
  const rows: number[] = [];
  for (let row = 0; row < table.rowCount; row++) {
    const time = rawAt(column, row) as bigint | null;
    if (time !== null && wanted(time)) rows.push(row);
  }
  return takeRows(table, Int32Array.from(rows));
}
