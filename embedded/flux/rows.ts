import type { Expression } from '../../core/flux-ast.ts';
import { ScriptFunction } from './syntax/function.ts';
import type { RecordSource } from './syntax/rows.ts';
import { compileBody, compilePart } from './syntax/rows.ts';
import { getterOf } from './values/columns.ts';
import { columnTypeOf } from './values/types.ts';
import type { Column, ColumnType, FluxFunction, FluxRecord, Table, Value } from './values/value.ts';

/**
 * Row functions over tables: `filter`, `map`, `reduce`. The body is compiled once per schema
 * (labels and types) and bound to each table for the price of one accessor per used column.
 */
export type RowFunction = (row: number) => Value;

/** One column of what `map` makes. */
export interface MapField {
  readonly label: string;
  get(row: number): Value;
  /** The same for each row. */
  readonly constant: Value | undefined;
  /** It is this column of the source, untouched. */
  readonly column: Column | undefined;
  /** What its values will be where that is known from the text alone; for all-null columns. */
  readonly type: ColumnType | undefined;
}

export type RowMapper =
  /** `({r with ...fields})` or `({...fields})`: column by column. */
  | { readonly kind: 'fields'; readonly withSource: boolean; readonly fields: readonly MapField[] }
  /** Any other body: a record for each row. */
  | { readonly kind: 'record'; record(row: number): Value };

/** `fn` of one row; its first parameter is the row. */
export function compileRow(fn: FluxFunction, table: Table): RowFunction {
  const { run, bind } = compiledFor(fn, table).row();
  const frame = bind(table);
  return (row) => {
    frame.row = row;
    return run(frame);
  };
}

/** `fn` of (row, accumulator), by the names that `reduce` gives them. */
export function compileReduce(fn: FluxFunction, table: Table) {
  const { run, bind } = compiledFor(fn, table).row();
  const frame = bind(table);
  return (row: number, accumulator: FluxRecord): Value => {
    frame.row = row;
    frame.accumulator = accumulator;
    return run(frame);
  };
}

export function compileMap(fn: FluxFunction, table: Table): RowMapper {
  const shape = compiledFor(fn, table).map();
  if (!shape) {
    const record = compileRow(fn, table);
    return { kind: 'record', record };
  }
  const frame = shape.bind(table);
  const fields = shape.fields.map(
    ({ label, run, value, columnIndex, type }): MapField => ({
      label,
      get(row) {
        frame.row = row;
        return run(frame);
      },
      constant: value,
      column: columnIndex === undefined ? undefined : table.columns[columnIndex],
      type,
    }),
  );
  return { kind: 'fields', withSource: shape.withSource, fields };
}

class Frame {
  row = 0;
  accumulator: FluxRecord | undefined;
  readonly get: ((row: number) => Value)[] = [];
  readonly columns: readonly Column[];

  constructor(columns: readonly Column[]) {
    this.columns = columns;
  }

  /** Any column at the current row; its accessor is made when first asked for. */
  read(index: number): Value {
    this.get[index] ??= getterOf(this.columns[index]!);
    return this.get[index](this.row);
  }
}

interface BoundRow {
  readonly run: (frame: Frame) => Value;
  readonly bind: (table: Table) => Frame;
}

interface FieldShape {
  readonly label: string;
  readonly run: (frame: Frame) => Value;
  readonly value: Value | undefined;
  readonly columnIndex: number | undefined;
  readonly type: ColumnType | undefined;
}

interface MapShape {
  readonly withSource: boolean;
  readonly fields: readonly FieldShape[];
  readonly bind: (table: Table) => Frame;
}

const compiled = new WeakMap<FluxFunction, Map<string, SchemaRows>>();

/** Schemas that one function is kept compiled for; a query with more recompiles. */
const SCHEMAS_MAX = 256;

function compiledFor(fn: FluxFunction, table: Table): SchemaRows {
  let signature = '';
  for (const { label, type } of table.columns) signature += `${label}\u0000${type}\u0000`;
  let schemas = compiled.get(fn);
  if (!schemas) {
    schemas = new Map();
    compiled.set(fn, schemas);
  }
  let found = schemas.get(signature);
  if (!found) {
    if (schemas.size >= SCHEMAS_MAX) schemas.clear();
    found = new SchemaRows(fn, table);
    schemas.set(signature, found);
  }
  return found;
}

/** A function over tables of one schema. */
class SchemaRows {
  readonly #fn: FluxFunction;
  readonly #labels: readonly string[];
  readonly #types: readonly ColumnType[];
  readonly #used = new Set<number>();
  #row: BoundRow | undefined;
  #map: MapShape | null | undefined;

  constructor(fn: FluxFunction, table: Table) {
    this.#fn = fn;
    this.#labels = table.columns.map((column) => column.label);
    this.#types = table.columns.map((column) => column.type);
  }

  row(): BoundRow {
    this.#row ??= { run: compileBody(this.#fn, this.#sources()), bind: this.#bind };
    return this.#row;
  }

  map(): MapShape | undefined {
    if (this.#map === undefined) this.#map = this.#mapShape() ?? null;
    return this.#map ?? undefined;
  }

  readonly #bind = (table: Table): Frame => {
    const frame = new Frame(table.columns);
    for (const index of this.#used) frame.get[index] = getterOf(table.columns[index]!);
    return frame;
  };

  #sources(): Map<string, RecordSource<Frame>> {
    const sources = new Map<string, RecordSource<Frame>>();
    const [row, accumulator] = this.#fn.parameters;
    const second = row?.name === 'accumulator' ? row : accumulator;
    const first = second === row ? accumulator : row;
    if (first) sources.set(first.name, this.#rowSource());
    if (second) sources.set(second.name, accumulatorSource);
    return sources;
  }

  #rowSource(): RecordSource<Frame> {
    return {
      member: (label) => {
        const index = this.#labels.indexOf(label);
        if (index < 0) return undefined;
        this.#used.add(index);
        return (frame) => frame.get[index]!(frame.row);
      },
      record: (frame) => this.#record(frame),
    };
  }

  /** The whole row. The first use of it in a table makes the accessors that are still missing. */
  #record(frame: Frame): FluxRecord {
    const out = new Map<string, Value>();
    for (let i = 0; i < this.#labels.length; i += 1) {
      out.set(this.#labels[i]!, frame.read(i));
    }
    return out;
  }

  #mapShape(): MapShape | undefined {
    const fn = this.#fn;
    if (!(fn instanceof ScriptFunction)) return undefined;
    const body = fn.expression;
    if (body?.type !== 'RecordExpression') return undefined;
    const row = fn.parameters[0]?.name;
    if (body.with && body.with.name !== row) return undefined;
    const sources = this.#sources();
    const fields = body.properties.map(({ name, value }): FieldShape => {
      const part = compilePart(fn, value, sources);
      return {
        label: name,
        run: part.run,
        value: part.value,
        columnIndex: this.#columnOf(value, row),
        type: this.#typeOf(value, row, part.value),
      };
    });
    return { withSource: body.with !== undefined, fields, bind: this.#bind };
  }

  #columnOf(node: Expression, row: string | undefined): number | undefined {
    if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier') return undefined;
    const index = node.object.name === row ? this.#labels.indexOf(node.property) : -1;
    return index < 0 ? undefined : index;
  }

  #typeOf(
    node: Expression,
    row: string | undefined,
    value: Value | undefined,
  ): ColumnType | undefined {
    // A null has no type of its own: `r.missing + 1.0` is a float all the same.
    if (value !== undefined && value !== null) return columnTypeOf(value);
    const again = (inner: Expression) => this.#typeOf(inner, row, undefined);
    const index = this.#columnOf(node, row);
    if (index !== undefined) return this.#types[index];
    return staticType(node, again);
  }
}

const accumulatorSource: RecordSource<Frame> = {
  member: (label) => (frame) => frame.accumulator?.get(label) ?? null,
  record: (frame) => frame.accumulator ?? new Map(),
};

const CONVERSIONS: Readonly<Record<string, ColumnType>> = {
  float: 'double',
  int: 'long',
  uint: 'unsignedLong',
  string: 'string',
  bool: 'boolean',
  time: 'dateTime:RFC3339',
};

/** The type that an expression has whatever the row is, where its form alone tells. */
export function staticType(
  node: Expression,
  again: (inner: Expression) => ColumnType | undefined,
): ColumnType | undefined {
  switch (node.type) {
    case 'StringLiteral':
    case 'StringExpression':
      return 'string';
    case 'IntegerLiteral':
      return 'long';
    case 'FloatLiteral':
      return 'double';
    case 'TimeLiteral':
      return 'dateTime:RFC3339';
    case 'LogicalExpression':
      return 'boolean';
    case 'UnaryExpression':
      return node.operator === '-' || node.operator === '+' ? again(node.argument) : 'boolean';
    case 'ConditionalExpression':
      return again(node.consequent) ?? again(node.alternate);
    case 'BinaryExpression':
      if (node.operator === '^') return 'double';
      return '+-*/%'.includes(node.operator) ? (again(node.left) ?? again(node.right)) : 'boolean';
    case 'CallExpression':
      return node.callee.type === 'Identifier' ? CONVERSIONS[node.callee.name] : undefined;
    default:
      return undefined;
  }
}
