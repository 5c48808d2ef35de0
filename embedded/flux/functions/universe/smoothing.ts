import { FluxError } from '../../error.ts';
import {
  exponentialMovingAverage,
  lessDelayedAverage,
  relativeStrengthIndex,
} from '../../tables/smoothing.ts';
import { eachTableSorted } from '../../tables/transform.ts';
import type { Table } from '../../values/value.ts';
import { array, int, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

function averageBuiltin(name: string, average: (table: Table, n: number) => Table) {
  return builtin({
    package: 'universe',
    name,
    params: { tables: pipe(), n: int() },
    call({ tables, n }, context) {
      checkPeriod('moving average', n);
      return eachTableSorted(tables, context, (table) => average(table, Number(n)));
    },
  });
}

function checkPeriod(what: string, n: bigint): void {
  if (n > 0n) return;
  throw new FluxError(`cannot take ${what} with a period of ${n} (must be greater than 0)`);
}

const strengthBuiltin = builtin({
  package: 'universe',
  name: 'relativeStrengthIndex',
  params: { tables: pipe(), n: int(), columns: array(string(), ['_value']) },
  call({ tables, n, columns }, context) {
    checkPeriod('relative strength index', n);
    const options = { n: Number(n), columns };
    return eachTableSorted(tables, context, (table) => relativeStrengthIndex(table, options));
  },
});

export const smoothing = [
  averageBuiltin('exponentialMovingAverage', exponentialMovingAverage),
  averageBuiltin('doubleEMA', (table, n) => lessDelayedAverage(table, n, 2)),
  averageBuiltin('tripleEMA', (table, n) => lessDelayedAverage(table, n, 3)),
  strengthBuiltin,
];
