import type { Expression } from '../../../../core/flux-ast.ts';
import { FluxError } from '../../error.ts';
import type { MapField, RowMapper } from '../../rows.ts';
import { compileMap } from '../../rows.ts';
import { ScriptFunction } from '../../syntax/function.ts';
import type { Budget } from '../../tables/budget.ts';
import { ColumnBuilder } from '../../tables/builder.ts';
import { constantColumn, relabel } from '../../tables/column.ts';
import { Grouper } from '../../tables/group.ts';
import { mergeTables } from '../../tables/merge.ts';
import type { Pause, Pausing } from '../../tables/pause.ts';
import { PAUSE, STEPS_PER_PAUSE } from '../../tables/pause.ts';
import type { Stream } from '../../tables/stream.ts';
import { asStream, Derived } from '../../tables/stream.ts';
import { compareText, keyText } from '../../tables/table.ts';
import { mapTables } from '../../tables/transform.ts';
import { withColumn } from '../../tables/window.ts';
import { columnTypeOf, isRecord, typeName } from '../../values/types.ts';
import type {
  Column,
  ColumnType,
  FluxFunction,
  Table,
  TableStream,
  Value,
} from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { bool, func, optional, pipe } from '../params.ts';
import { builtin } from '../registry.ts';

export const map = builtin({
  package: 'universe',
  name: 'map',
  params: { tables: pipe(), fn: func(), mergeKey: optional(bool()) },
  call: ({ tables, fn }, context) => mapStream(tables, context, fn),
});

export function mapStream(tables: TableStream, context: CallContext, fn: FluxFunction): Stream {
  const asWritten = vectorizes(fn);
  const source = asStream(tables, context).use();
  return new Derived(source.scope, { bounds: source.bounds }, (signal) =>
    regrouped(source, signal, (table, budget) => mapTable(table, { fn, asWritten, budget })),
  );
}

/**
 * The tables of a function that may change group keys. Those that keep theirs go on at once; the
 * others are held, put together by their new keys, and come last.
 */
export async function* regrouped(
  source: Stream,
  signal: AbortSignal,
  fn: (table: Table, budget: Budget) => Iterable<Table | Pause>,
): AsyncGenerator<Table> {
  const { budget } = source.scope;
  const holding = budget.hold();
  const changed: Table[] = [];
  try {
    let before = '';
    const begin = (table: Table) => {
      before = keyText(table);
      return fn(table, budget);
    };
    for await (const mapped of mapTables(source.tables(signal), begin, signal)) {
      if (keyText(mapped) === before) yield mapped;
      else {
        holding.addTable(mapped);
        changed.push(mapped);
      }
    }
    yield* mergeTables(iterate(changed), budget);
  } finally {
    holding.free();
  }
}

async function* iterate(tables: readonly Table[]): AsyncGenerator<Table> {
  for (const table of tables) yield table;
}

function* mapTable(
  table: Table,
  options: { readonly fn: FluxFunction; readonly asWritten: boolean; readonly budget: Budget },
): Generator<Table | Pause> {
  const { fn, asWritten, budget } = options;
  if (table.rowCount === 0) return;
  const mapper = compileMap(fn, table);
  const columns = yield* mapper.kind === 'fields'
    ? fieldColumns(table, mapper)
    : rowColumns(table, mapper);
  // InfluxDB sorts the columns where it runs the function row by row.
  if (!asWritten) columns.sort((a, b) => compareText(a.label, b.label));
  const key = asWritten ? table.key : [...table.key].sort(compareText);
  yield* regroup({ ...table, key }, columns, budget);
}

/** The rows under the group key that the mapped columns give. */
export function* regroup(
  table: Table,
  columns: readonly Column[],
  budget: Budget,
): Generator<Table | Pause> {
  const labels = columns.map((column) => column.label);
  const key = table.key.filter((label) => labels.includes(label));
  const mapped: Table = { key, columns, rowCount: table.rowCount };
  if (columns.every((column) => column.values === undefined || !key.includes(column.label))) {
    yield mapped;
    return;
  }
  const holding = budget.hold();
  try {
    const grouper = new Grouper((bytes) => holding.add(bytes));
    yield* grouper.add(mapped, key);
    yield* grouper.tables();
  } finally {
    holding.free();
  }
}

function* fieldColumns(
  table: Table,
  mapper: Extract<RowMapper, { kind: 'fields' }>,
): Pausing<Column[]> {
  let columns: Column[] = mapper.withSource ? [...table.columns] : [];
  for (const field of mapper.fields) {
    const column = yield* fieldColumn(field, table.rowCount);
    if (column !== undefined) columns = withColumn(columns, column);
    // A value that is null in every row and has no type is no column.
    else columns = columns.filter((one) => one.label !== field.label);
  }
  return columns;
}

function* fieldColumn(field: MapField, rowCount: number): Pausing<Column | undefined> {
  const { label } = field;
  if (field.column !== undefined) return relabel(field.column, label);
  if (field.constant !== undefined && field.constant !== null) {
    return constantColumn(label, columnType(label, field.constant), field.constant);
  }
  const collector = new Collector(label, field.type);
  for (let row = 0; row < rowCount; row++) {
    if (row % STEPS_PER_PAUSE === STEPS_PER_PAUSE - 1) yield PAUSE;
    collector.append(field.get(row));
  }
  return collector.finish();
}

function columnType(label: string, value: Value): ColumnType {
  const type = columnTypeOf(value);
  if (type !== undefined) return type;
  throw new FluxError(
    `map: column "${label}" cannot hold a value of type ${typeName(value)}; ` +
      'only bool, int, uint, float, string and time can be stored in a table',
  );
}

/** A column whose type its first value decides. */
class Collector {
  readonly #label: string;
  readonly #type: ColumnType | undefined;
  #builder: ColumnBuilder | undefined;
  #nulls = 0;

  constructor(label: string, type: ColumnType | undefined) {
    this.#label = label;
    this.#type = type;
  }

  append(value: Value): void {
    if (value === null) {
      if (this.#builder === undefined) this.#nulls += 1;
      else this.#builder.appendRaw(null);
      return;
    }
    const type = columnType(this.#label, value);
    this.#builder ??= this.#begin(type);
    if (this.#builder.type !== type) {
      throw new FluxError(
        `map: column "${this.#label}" has values of different types: ` +
          `${this.#builder.type} and ${type}`,
      );
    }
    this.#builder.append(value);
  }

  #begin(type: ColumnType): ColumnBuilder {
    const builder = new ColumnBuilder(this.#label, type);
    builder.appendNulls(this.#nulls);
    return builder;
  }

  finish(): Column | undefined {
    if (this.#builder !== undefined) return this.#builder.finish();
    return this.#type === undefined ? undefined : this.#begin(this.#type).finish();
  }
}

function* rowColumns(
  table: Table,
  mapper: Extract<RowMapper, { kind: 'record' }>,
): Pausing<Column[]> {
  const collectors = new Map<string, Collector>();
  for (let row = 0; row < table.rowCount; row++) {
    if (row % STEPS_PER_PAUSE === STEPS_PER_PAUSE - 1) yield PAUSE;
    const record = mapper.record(row);
    if (record === null || !isRecord(record)) {
      throw new FluxError(`map: fn must return a record, got ${typeName(record)}`);
    }
    for (const [label, value] of record) {
      let collector = collectors.get(label);
      if (collector === undefined) {
        collector = new Collector(label, undefined);
        for (let before = 0; before < row; before++) collector.append(null);
        collectors.set(label, collector);
      }
      collector.append(value);
    }
    for (const [label, collector] of collectors) if (!record.has(label)) collector.append(null);
  }
  const columns: Column[] = [];
  for (const collector of collectors.values()) {
    const column = collector.finish();
    if (column !== undefined) columns.push(column);
  }
  return columns;
}

/**
 * Whether InfluxDB runs the function over whole columns: `(r) => ({...})` of members, literals,
 * operators, conditions and `float()`. It keeps the order of columns then.
 */
function vectorizes(fn: FluxFunction): boolean {
  if (!(fn instanceof ScriptFunction)) return false;
  const { parameters } = fn.node;
  const body = fn.expression;
  if (parameters.length !== 1 || parameters[0]?.name !== 'r') return false;
  if (body?.type !== 'RecordExpression') return false;
  if (body.with !== undefined && body.with.name !== 'r') return false;
  return body.properties.every((property) => vectorizable(property.value));
}

function vectorizable(node: Expression): boolean {
  switch (node.type) {
    case 'IntegerLiteral':
    case 'FloatLiteral':
    case 'StringLiteral':
    case 'TimeLiteral':
      return true;
    case 'Identifier':
      return node.name === 'r' || node.name === 'true' || node.name === 'false';
    case 'MemberExpression':
      return vectorizable(node.object);
    case 'UnaryExpression':
      return vectorizable(node.argument);
    case 'BinaryExpression':
      if (node.operator === '=~' || node.operator === '!~') return false;
      return vectorizable(node.left) && vectorizable(node.right);
    case 'LogicalExpression':
      return vectorizable(node.left) && vectorizable(node.right);
    case 'ConditionalExpression':
      return [node.test, node.consequent, node.alternate].every(vectorizable);
    case 'CallExpression':
      return isFloatCall(node);
    default:
      return false;
  }
}

function isFloatCall({ callee, properties }: Extract<Expression, { type: 'CallExpression' }>) {
  if (callee.type !== 'Identifier' || callee.name !== 'float') return false;
  const only = properties.length === 1 ? properties[0] : undefined;
  return only?.name === 'v' && vectorizable(only.value);
}
