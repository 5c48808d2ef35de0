import { FluxError } from '../../error.ts';
import { compileReduce } from '../../rows.ts';
import { constantColumn } from '../../tables/column.ts';
import type { Pause } from '../../tables/pause.ts';
import { PAUSE } from '../../tables/pause.ts';
import { compareText, keyColumns } from '../../tables/table.ts';
import { eachTableSorted } from '../../tables/transform.ts';
import { columnTypeOf, isRecord, typeName } from '../../values/types.ts';
import type { Column, FluxFunction, FluxRecord, Table, Value } from '../../values/value.ts';
import { func, pipe, record } from '../params.ts';
import { builtin } from '../registry.ts';

export const reduce = builtin({
  package: 'universe',
  name: 'reduce',
  params: { tables: pipe(), fn: func(), identity: record() },
  call: ({ tables, fn, identity }, context) =>
    eachTableSorted(tables, context, (table) => reduceTable(table, fn, identity)),
});

/** Steps between two pauses: what a step costs may grow with the accumulator. */
const STEPS = 64;

function* reduceTable(
  table: Table,
  fn: FluxFunction,
  identity: FluxRecord,
): Generator<Table | Pause> {
  const step = compileReduce(fn, table);
  let accumulator: FluxRecord = identity;
  for (let row = 0; row < table.rowCount; row++) {
    if (row % STEPS === STEPS - 1) yield PAUSE;
    const next = step(row, accumulator);
    if (next === null || !isRecord(next)) {
      throw new FluxError(`reduce: fn must return a record, got ${typeName(next)}`);
    }
    accumulator = next;
  }
  const key = keyColumns(table).map((column) =>
    accumulator.has(column.label) ? scalar(column.label, accumulator.get(column.label)!) : column,
  );
  const labels = [...accumulator.keys()].filter((label) => !table.key.includes(label));
  labels.sort(compareText);
  const columns = [...key, ...labels.map((label) => scalar(label, accumulator.get(label)!))];
  yield { key: table.key, columns, rowCount: 1 };
}

function scalar(label: string, value: Value): Column {
  if (value === null) {
    throw new FluxError(`null values are not supported for "${label}" in the reduce() function`);
  }
  const type = columnTypeOf(value);
  if (type === undefined) {
    throw new FluxError(`reduce: a column cannot hold a value of type ${typeName(value)}`);
  }
  return constantColumn(label, type, value);
}
