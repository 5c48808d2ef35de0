import { FluxError } from '../../error.ts';
import {
  cumulativeSum,
  derivative,
  difference,
  elapsed,
  movingAverage,
} from '../../tables/rate.ts';
import { eachTable, eachTableSorted } from '../../tables/transform.ts';
import { nanosecondsOf } from '../../values/calendar.ts';
import { Duration } from '../../values/value.ts';
import { array, bool, duration, int, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';
import { meanWindows } from './aggregate-window.ts';

const SECOND = new Duration(0, 1_000_000_000n);
const VALUE: readonly string[] = ['_value'];

const differenceBuiltin = builtin({
  package: 'universe',
  name: 'difference',
  params: {
    tables: pipe(),
    nonNegative: bool(false),
    columns: array(string(), VALUE),
    keepFirst: bool(false),
    initialZero: bool(false),
  },
  call: ({ tables, ...options }, context) =>
    eachTableSorted(tables, context, (table) => difference(table, options)),
});

const increase = builtin({
  package: 'universe',
  name: 'increase',
  params: { tables: pipe(), columns: array(string(), VALUE) },
  call({ tables, columns }, context) {
    const options = { columns, nonNegative: true, keepFirst: true, initialZero: true };
    return eachTableSorted(tables, context, (table) =>
      cumulativeSum(difference(table, options), columns),
    );
  },
});

const derivativeBuiltin = builtin({
  package: 'universe',
  name: 'derivative',
  params: {
    tables: pipe(),
    unit: duration(SECOND),
    nonNegative: bool(false),
    columns: array(string(), VALUE),
    timeColumn: string('_time'),
    initialZero: bool(false),
  },
  call({ tables, unit, ...rest }, context) {
    const options = { ...rest, unitNs: Number(nanosecondsOf(unit)) };
    return eachTable(tables, context, (table) => derivative(table, options));
  },
});

const cumulativeSumBuiltin = builtin({
  package: 'universe',
  name: 'cumulativeSum',
  params: { tables: pipe(), columns: array(string(), VALUE) },
  call: ({ tables, columns }, context) =>
    eachTable(tables, context, (table) => cumulativeSum(table, columns)),
});

const movingAverageBuiltin = builtin({
  package: 'universe',
  name: 'movingAverage',
  params: { tables: pipe(), n: int() },
  call({ tables, n }, context) {
    if (n <= 0n) {
      throw new FluxError(
        `cannot take moving average with a period of ${n} (must be greater than 0)`,
      );
    }
    return eachTable(tables, context, (table) => movingAverage(table, Number(n), '_value'));
  },
});

const elapsedBuiltin = builtin({
  package: 'universe',
  name: 'elapsed',
  params: {
    tables: pipe(),
    unit: duration(SECOND),
    timeColumn: string('_time'),
    columnName: string('elapsed'),
  },
  call({ tables, unit, ...rest }, context) {
    const options = { ...rest, unitNs: Number(nanosecondsOf(unit)) };
    return eachTableSorted(tables, context, (table) => elapsed(table, options));
  },
});

const timedMovingAverage = builtin({
  package: 'universe',
  name: 'timedMovingAverage',
  params: { tables: pipe(), every: duration(), period: duration(), column: string('_value') },
  call: ({ tables, every, period, column }, context) =>
    meanWindows(tables, context, { every, period, column }),
});

export const rates = [
  differenceBuiltin,
  increase,
  derivativeBuiltin,
  cumulativeSumBuiltin,
  movingAverageBuiltin,
  elapsedBuiltin,
  timedMovingAverage,
];
