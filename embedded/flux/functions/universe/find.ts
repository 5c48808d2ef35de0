import { FluxError } from '../../error.ts';
import { fluxValue, rawAt, valueAt } from '../../tables/column.ts';
import { asStream, Derived, scopeOf } from '../../tables/stream.ts';
import { columnOf, keyColumns } from '../../tables/table.ts';
import type { FluxFunction, FluxRecord, Table, TableStream, Value } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { func, int, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

/** The first table whose group key passes; reading stops there. */
async function findTable(
  tables: TableStream,
  context: CallContext,
  fn: FluxFunction,
): Promise<Table | undefined> {
  const source = asStream(tables, context).use();
  const parameter = fn.parameters[0]?.name ?? 'key';
  for await (const table of source.tables(context.signal)) {
    const answer = fn.call(new Map<string, Value>([[parameter, keyRecord(table)]]));
    if ((await answer) === true) return table;
  }
  return undefined;
}

function keyRecord(table: Table): FluxRecord {
  return new Map(
    keyColumns(table).map((column) => [column.label, fluxValue(column.type, rawAt(column, 0))]),
  );
}

/** The only table of a stream that `tableFind` made. */
async function onlyTable(tables: TableStream, context: CallContext): Promise<Table> {
  for await (const table of asStream(tables, context).tables(context.signal)) return table;
  throw new FluxError('no table found: the stream is empty');
}

function columnValues(table: Table, label: string): Value[] {
  const column = columnOf(table, label);
  if (column === undefined) throw new FluxError(`cannot find column ${label}`);
  return Array.from({ length: table.rowCount }, (_, row) => valueAt(column, row));
}

function rowRecord(table: Table, idx: bigint): FluxRecord {
  if (idx < 0n || idx >= BigInt(table.rowCount)) {
    throw new FluxError(`index out of bounds: ${idx}`);
  }
  const row = Number(idx);
  return new Map(table.columns.map((column) => [column.label, valueAt(column, row)]));
}

const tableFind = builtin({
  package: 'universe',
  name: 'tableFind',
  params: { tables: pipe(), fn: func() },
  async call({ tables, fn }, context) {
    const table = await findTable(tables, context, fn);
    if (table === undefined) throw new FluxError('no table found', 'not found');
    return new Derived(scopeOf(context), { sorted: true }, () => just(table));
  },
});

async function* just(table: Table): AsyncGenerator<Table> {
  yield table;
}

const getColumn = builtin({
  package: 'universe',
  name: 'getColumn',
  params: { table: pipe(), column: string() },
  call: async ({ table, column }, context) => columnValues(await onlyTable(table, context), column),
});

const getRecord = builtin({
  package: 'universe',
  name: 'getRecord',
  params: { table: pipe(), idx: int() },
  call: async ({ table, idx }, context) => rowRecord(await onlyTable(table, context), idx),
});

const findColumn = builtin({
  package: 'universe',
  name: 'findColumn',
  params: { tables: pipe(), fn: func(), column: string() },
  async call({ tables, fn, column }, context) {
    const table = await findTable(tables, context, fn);
    return table === undefined || columnOf(table, column) === undefined
      ? []
      : columnValues(table, column);
  },
});

const findRecord = builtin({
  package: 'universe',
  name: 'findRecord',
  params: { tables: pipe(), fn: func(), idx: int() },
  async call({ tables, fn, idx }, context) {
    const table = await findTable(tables, context, fn);
    const missing = table === undefined || idx < 0n || idx >= BigInt(table.rowCount);
    return missing ? new Map<string, Value>() : rowRecord(table, idx);
  },
});

export const finds = [tableFind, getColumn, getRecord, findColumn, findRecord];
