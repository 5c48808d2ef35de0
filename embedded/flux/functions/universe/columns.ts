import { FluxError } from '../../error.ts';
import { noteKeep } from '../../plan/chain.ts';
import { KeptRead } from '../../plan/kept.ts';
import { Read } from '../../plan/read.ts';
import { constantColumn, relabel } from '../../tables/column.ts';
import { columnOf } from '../../tables/table.ts';
import { eachTableMerged, eachTableSorted } from '../../tables/transform.ts';
import { withColumn } from '../../tables/window.ts';
import { typeName } from '../../values/types.ts';
import type { FluxFunction, Table, Value } from '../../values/value.ts';
import { array, func, optional, pipe, record, string } from '../params.ts';
import { builtin } from '../registry.ts';

/** Says of a label whether its column stays, each label asked once. */
type LabelTest = (label: string) => boolean;

function labelTest(
  name: string,
  columns: readonly string[] | undefined,
  fn: FluxFunction | undefined,
): LabelTest {
  if ((columns === undefined) === (fn === undefined)) {
    const what = fn === undefined ? 'neither' : 'both';
    const list = what === 'neither' ? 'nor predicate function' : 'and predicate';
    throw new FluxError(`${name} error: ${what} column list ${list} provided`);
  }
  if (fn === undefined) {
    const listed = new Set(columns);
    return (label) => listed.has(label);
  }
  const answers = new Map<string, boolean>();
  return (label) => {
    let answer = answers.get(label);
    if (answer === undefined) {
      answer = callWithColumn(fn, label) === true;
      answers.set(label, answer);
    }
    return answer;
  };
}

function callWithColumn(fn: FluxFunction, label: string): Value {
  const value = fn.call(new Map([['column', label]]));
  if (value instanceof Promise) throw new FluxError('a column function must not read tables');
  return value;
}

function keepColumns(table: Table, stays: LabelTest): Table {
  return {
    key: table.key.filter(stays),
    columns: table.columns.filter((column) => stays(column.label)),
    rowCount: table.rowCount,
  };
}

const keep = builtin({
  package: 'universe',
  name: 'keep',
  params: { tables: pipe(), columns: optional(array(string())), fn: optional(func()) },
  call({ tables, columns, fn }, context) {
    const stays = labelTest('keep', columns, fn);
    const cut = (table: Table) => keepColumns(table, stays);
    if (columns === undefined) return eachTableMerged(tables, context, cut);
    const kept =
      tables instanceof Read
        ? new KeptRead(tables.use(), new Set(columns), cut)
        : eachTableMerged(tables, context, cut);
    noteKeep(tables, kept, columns);
    return kept;
  },
});

const drop = builtin({
  package: 'universe',
  name: 'drop',
  params: { tables: pipe(), columns: optional(array(string())), fn: optional(func()) },
  call({ tables, columns, fn }, context) {
    const goes = labelTest('drop', columns, fn);
    return eachTableMerged(tables, context, (table) => keepColumns(table, (label) => !goes(label)));
  },
});

const rename = builtin({
  package: 'universe',
  name: 'rename',
  params: { tables: pipe(), columns: optional(record()), fn: optional(func()) },
  call({ tables, columns, fn }, context) {
    if (columns === undefined && fn === undefined) {
      throw new FluxError('rename error: neither column list nor map function provided');
    }
    if (columns !== undefined && fn !== undefined) {
      throw new FluxError('rename error: both column list and map function provided');
    }
    const names = new Map<string, string>();
    for (const [from, to] of columns ?? []) names.set(from, labelValue(to));
    return eachTableMerged(tables, context, (table) => renameTable(table, names, fn));
  },
});

function labelValue(value: Value): string {
  if (typeof value === 'string') return value;
  throw new FluxError(
    `rename error: columns object contains non-string value of type ${typeName(value)}`,
  );
}

function renameTable(
  table: Table,
  names: ReadonlyMap<string, string>,
  fn: FluxFunction | undefined,
): Table {
  for (const label of names.keys()) {
    if (columnOf(table, label) === undefined) {
      throw new FluxError(`rename error: column "${label}" doesn't exist`);
    }
  }
  const nameOf = (label: string): string =>
    fn === undefined ? (names.get(label) ?? label) : labelValue(callWithColumn(fn, label));
  const renamed = new Map(table.columns.map(({ label }) => [label, nameOf(label)]));
  const columns = table.columns.map((column) => relabel(column, renamed.get(column.label)!));
  columns.forEach((column, index) => {
    const first = columns.findIndex((one) => one.label === column.label);
    if (first < index) {
      throw new FluxError(
        `column ${first} and ${index} have the same name ("${column.label}") which is not allowed`,
      );
    }
  });
  const key = table.key.map((label) => renamed.get(label)!);
  return { key, columns, rowCount: table.rowCount };
}

const duplicate = builtin({
  package: 'universe',
  name: 'duplicate',
  params: { tables: pipe(), column: string(), as: string() },
  call: ({ tables, column, as }, context) =>
    eachTableMerged(tables, context, (table) => duplicateColumn(table, column, as)),
});

/** A copy of a column under another label; in the group key only if both are. */
export function duplicateColumn(table: Table, label: string, as: string): Table {
  const column = columnOf(table, label);
  if (column === undefined) {
    throw new FluxError(`duplicate error: column "${label}" doesn't exist`);
  }
  const keyed = table.key.includes(label);
  return {
    key: table.key.filter((one) => one !== as || keyed),
    columns: withColumn(table.columns, relabel(column, as)),
    rowCount: table.rowCount,
  };
}

const set = builtin({
  package: 'universe',
  name: 'set',
  params: { tables: pipe(), key: string(), value: string() },
  call: ({ tables, key, value }, context) =>
    eachTableSorted(tables, context, (table) => ({
      key: table.key,
      columns: withColumn(table.columns, constantColumn(key, 'string', value)),
      rowCount: table.rowCount,
    })),
});

export const columnFunctions = [keep, drop, rename, duplicate, set];
