import { FluxError } from '../../error.ts';
import type { Operation, OperationName } from '../../plan/operation.ts';
import { aggregateRead } from '../../plan/push.ts';
import type { Aggregate } from '../../tables/aggregate.ts';
import { count, mean, skew, spread, stddev, sum } from '../../tables/aggregate.ts';
import { aggregateStream } from '../../tables/aggregate-stream.ts';
import { mode } from '../../tables/mode.ts';
import { estimate, exactMean, quantileRow } from '../../tables/quantile.ts';
import type { Selector } from '../../tables/select.ts';
import { first, last, max, min, selectTable } from '../../tables/select.ts';
import type { Stream } from '../../tables/stream.ts';
import { columnOf, takeRows } from '../../tables/table.ts';
import { eachTableSorted } from '../../tables/transform.ts';
import type { Table, TableStream } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { float, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

const UNIVERSE = 'universe';

function selectStream(
  tables: TableStream,
  context: CallContext,
  options: { column: string; selector: Selector },
): Stream {
  const { column, selector } = options;
  return eachTableSorted(tables, context, (table) => selectTable(table, column, selector));
}

/** An aggregate of one column that DuckDB computes where it can. */
function aggregateBuiltin(name: OperationName, aggregate: Aggregate) {
  return builtin({
    package: UNIVERSE,
    name,
    params: { tables: pipe(), column: string('_value') },
    call: ({ tables, column }, context) => {
      const columnar = () => aggregateStream(tables, context, { column, aggregate });
      return aggregateRead(tables, column, { operation: { name }, columnar }) ?? columnar();
    },
  });
}

/** The mean of one column, as the built-in computes it. */
export function meanStream(tables: TableStream, context: CallContext, column: string): Stream {
  const columnar = () => aggregateStream(tables, context, { column, aggregate: mean });
  return aggregateRead(tables, column, { operation: { name: 'mean' }, columnar }) ?? columnar();
}

function selectorBuiltin(name: OperationName, selector: Selector) {
  return builtin({
    package: UNIVERSE,
    name,
    params: { tables: pipe(), column: string('_value') },
    call: ({ tables, column }, context) => {
      const columnar = () => selectStream(tables, context, { column, selector });
      return aggregateRead(tables, column, { operation: { name }, columnar }) ?? columnar();
    },
  });
}

const stddevBuiltin = builtin({
  package: UNIVERSE,
  name: 'stddev',
  params: { tables: pipe(), column: string('_value'), mode: string('sample') },
  call: ({ tables, column, mode: kind }, context) => {
    if (kind !== 'sample' && kind !== 'population') {
      throw new FluxError(`"${kind}" is not a valid standard deviation mode`);
    }
    const operation: Operation = { name: 'stddev', mode: kind };
    const columnar = () => aggregateStream(tables, context, { column, aggregate: stddev(kind) });
    return aggregateRead(tables, column, { operation, columnar }) ?? columnar();
  },
});

interface QuantileOptions {
  readonly column: string;
  readonly q: number;
  readonly method: string;
  readonly compression: number;
}

function quantileStream(
  tables: TableStream,
  context: CallContext,
  { column, q, method, compression }: QuantileOptions,
): Stream {
  if (!(q >= 0 && q <= 1)) {
    throw new FluxError('quantile must be between 0 and 1');
  }
  if (compression > 0 && method !== 'estimate_tdigest') {
    throw new FluxError('compression parameter is only valid for method estimate_tdigest');
  }
  switch (method) {
    case 'estimate_tdigest':
      return aggregateStream(tables, context, { column, aggregate: estimate(q, compression) });
    case 'exact_mean':
      return aggregateStream(tables, context, { column, aggregate: exactMean(q) });
    case 'exact_selector':
      return eachTableSorted(tables, context, (table) => selectQuantile(table, column, q));
    default:
      throw new FluxError(`unknown method ${method}`);
  }
}

/** The row at the quantile's rank; a row of nulls when the column has no value. */
function selectQuantile(table: Table, label: string, q: number): Table {
  const column = columnOf(table, label);
  if (column === undefined) throw new FluxError(`no column "${label}" exists`);
  const row = quantileRow(column, table.rowCount, q);
  if (row !== undefined) return takeRows(table, Int32Array.of(row));
  const empty = takeRows(table, Int32Array.of(-1));
  const columns = empty.columns.map((one, index) =>
    table.key.includes(one.label) ? table.columns[index]! : one,
  );
  return { ...empty, columns };
}

const quantileBuiltin = builtin({
  package: UNIVERSE,
  name: 'quantile',
  params: {
    tables: pipe(),
    q: float(),
    column: string('_value'),
    method: string('estimate_tdigest'),
    compression: float(0),
  },
  call: ({ tables, ...options }, context) => quantileStream(tables, context, options),
});

const medianBuiltin = builtin({
  package: UNIVERSE,
  name: 'median',
  params: {
    tables: pipe(),
    column: string('_value'),
    method: string('estimate_tdigest'),
    compression: float(0),
  },
  call: ({ tables, ...options }, context) =>
    quantileStream(tables, context, { ...options, q: 0.5 }),
});

const skewBuiltin = builtin({
  package: UNIVERSE,
  name: 'skew',
  params: { tables: pipe(), column: string('_value') },
  call: ({ tables, column }, context) =>
    aggregateStream(tables, context, { column, aggregate: skew }),
});

const modeBuiltin = builtin({
  package: UNIVERSE,
  name: 'mode',
  params: { tables: pipe(), column: string('_value') },
  call: ({ tables, column }, context) =>
    eachTableSorted(tables, context, (table) => mode(table, column)),
});

export const aggregates = [
  aggregateBuiltin('count', count),
  aggregateBuiltin('sum', sum),
  aggregateBuiltin('mean', mean),
  aggregateBuiltin('spread', spread),
  selectorBuiltin('min', min),
  selectorBuiltin('max', max),
  selectorBuiltin('first', first),
  selectorBuiltin('last', last),
  stddevBuiltin,
  quantileBuiltin,
  medianBuiltin,
  skewBuiltin,
  modeBuiltin,
];
