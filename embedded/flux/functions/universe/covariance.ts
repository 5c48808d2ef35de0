import { FluxError } from '../../error.ts';
import { fluxTypeOf } from '../../tables/aggregate.ts';
import { constantColumn, rawAt } from '../../tables/column.ts';
import { columnOf, keyOfOneRow } from '../../tables/table.ts';
import { eachTableSorted } from '../../tables/transform.ts';
import type { Column, Table } from '../../values/value.ts';
import { array, bool, pipe, stream, string } from '../params.ts';
import { builtin } from '../registry.ts';
import { step } from './composed.ts';
import { join } from './join.ts';

const covariance = builtin({
  package: 'universe',
  name: 'covariance',
  params: {
    tables: pipe(),
    columns: array(string()),
    pearsonr: bool(false),
    valueDst: string('_value'),
  },
  call({ tables, columns, ...options }, context) {
    const [x, y, ...more] = columns;
    if (x === undefined || y === undefined || more.length > 0) {
      throw new FluxError('must provide exactly two columns');
    }
    return eachTableSorted(tables, context, (table) => covarianceOf(table, { ...options, x, y }));
  },
});

const cov = builtin({
  package: 'universe',
  name: 'cov',
  params: { x: stream(), y: stream(), on: array(string()), pearsonr: bool(false) },
  call: ({ x, y, on, pearsonr }, context) => {
    const tables = step(join, context, {
      tables: new Map([
        ['x', x],
        ['y', y],
      ]),
      on,
    });
    return step(covariance, context, { tables, columns: ['_value_x', '_value_y'], pearsonr });
  },
});

const pearsonr = builtin({
  package: 'universe',
  name: 'pearsonr',
  params: { x: stream(), y: stream(), on: array(string()) },
  call: ({ x, y, on }, context) => step(cov, context, { x, y, on, pearsonr: true }),
});

interface CovarianceOptions {
  readonly x: string;
  readonly y: string;
  readonly pearsonr: boolean;
  readonly valueDst: string;
}

/** One row: the sample covariance of two columns, or their correlation; NaN of fewer than two. */
function covarianceOf(table: Table, options: CovarianceOptions): Table {
  const x = floats(table, options.x);
  const y = floats(table, options.y);
  if (x.type !== y.type) {
    throw new FluxError('cannot compute the covariance between different types');
  }
  if (x.type !== 'double') throw new FluxError(`covariance does not support ${fluxTypeOf(x)}`);
  const value = new Moments(x, y, table.rowCount).value(options.pearsonr);
  const columns = [...keyOfOneRow(table), constantColumn(options.valueDst, 'double', value)];
  return { key: table.key, columns, rowCount: 1 };
}

function floats(table: Table, label: string): Column {
  const column = columnOf(table, label);
  if (column !== undefined) return column;
  throw new FluxError(`specified column does not exist in table: ${label}`);
}

/** B. P. Welford's running sums, in InfluxDB's order of operations. */
class Moments {
  #n = 0;
  #meanX = 0;
  #meanY = 0;
  #squaresX = 0;
  #squaresY = 0;
  #products = 0;

  constructor(xs: Column, ys: Column, rowCount: number) {
    for (let row = 0; row < rowCount; row++) {
      const x = rawAt(xs, row) as number | null;
      const y = rawAt(ys, row) as number | null;
      if (x !== null && y !== null) this.#add(x, y);
    }
  }

  #add(x: number, y: number): void {
    this.#n += 1;
    const dx = x - this.#meanX;
    const dy = y - this.#meanY;
    this.#meanX += dx / this.#n;
    this.#meanY += dy / this.#n;
    this.#squaresX += dx * (x - this.#meanX);
    this.#squaresY += dy * (y - this.#meanY);
    this.#products += dx * (y - this.#meanY);
  }

  value(correlation: boolean): number {
    if (this.#n < 2) return Number.NaN;
    if (correlation) return this.#products / Math.sqrt(this.#squaresX * this.#squaresY);
    return this.#products / (this.#n - 1);
  }
}

export const covariances = [covariance, cov, pearsonr];
