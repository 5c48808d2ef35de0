import { FluxError } from '../error.ts';
import { columnTypeOf, isRecord, typeName } from '../values/types.ts';
import type { Column, FluxFunction, FluxRecord, Table, Value } from '../values/value.ts';
import type { Holding } from './budget.ts';
import { ColumnBuilder } from './builder.ts';
import { constantColumn, fluxValue, nullColumn, rawAt } from './column.ts';
import type { Sides, Types } from './joined-types.ts';
import { typesOf } from './joined-types.ts';
import type { Pause, Pausing } from './pause.ts';
import { PAUSE, STEPS_PER_PAUSE } from './pause.ts';
import { sortedRows } from './sort.ts';
import type { SortableKey } from './table.ts';
import {
  columnOf,
  compareKeys,
  compareRaw,
  compareText,
  keyColumns,
  keyText,
  sortableKey,
} from './table.ts';

export type Method = 'inner' | 'left' | 'right' | 'full';

/** A column of each side that must be equal. */
export interface Pairing {
  readonly left: string;
  readonly right: string;
}

export interface EquijoinOptions {
  readonly on: readonly Pairing[];
  readonly as: FluxFunction;
  readonly method: Method;
  /** What the joined rows take is charged here. */
  readonly holding: Holding;
}

/**
 * Tables of the same group key joined row by row; `as` makes the rows. Rows come in the order of
 * the joined values, tables in the order of their keys, columns by label.
 */
export function* equijoin(
  left: readonly Table[],
  right: readonly Table[],
  options: EquijoinOptions,
): Generator<Table | Pause> {
  const pairs = new Map<string, { order: SortableKey; left?: Table; right?: Table }>();
  for (const table of left) {
    pairs.set(keyText(table), { order: sortableKey(table), left: table });
  }
  for (const table of right) {
    const text = keyText(table);
    const known = pairs.get(text);
    if (known === undefined) pairs.set(text, { order: sortableKey(table), right: table });
    else known.right = table;
  }
  const schemas = { left: left[0], right: right[0] };
  const types = typesOf(options.as, schemas);
  const sorted = [...pairs.values()].sort((a, b) => compareKeys(a.order, b.order));
  for (const pair of sorted) {
    const joined = yield* new PairJoin(pair, { schemas, types }, options).run();
    if (joined !== undefined) yield joined;
  }
}

class PairJoin {
  readonly #pair: Sides;
  readonly #schemas: Sides;
  readonly #options: EquijoinOptions;
  readonly #output: RecordTable;
  #steps = 0;

  constructor(
    pair: Sides,
    { schemas, types }: { readonly schemas: Sides; readonly types: Types },
    options: EquijoinOptions,
  ) {
    this.#pair = pair;
    this.#schemas = schemas;
    this.#options = options;
    this.#output = new RecordTable((pair.left ?? pair.right)!, types);
  }

  *run(): Pausing<Table | undefined> {
    const { on, method } = this.#options;
    const left = runsOf(
      this.#pair.left,
      on.map((pairing) => pairing.left),
      'left',
    );
    const right = runsOf(
      this.#pair.right,
      on.map((pairing) => pairing.right),
      'right',
    );
    const keepLeft = method === 'left' || method === 'full';
    const keepRight = method === 'right' || method === 'full';
    let i = 0;
    let j = 0;
    while (i < left.length || j < right.length) {
      const order = compareRuns(left[i], right[j]);
      const l = order <= 0 ? left[i++] : undefined;
      const r = order >= 0 ? right[j++] : undefined;
      if ((l === undefined && !keepRight) || (r === undefined && !keepLeft)) continue;
      yield* this.#product(l, r);
    }
    return this.#output.finish();
  }

  *#product(left: Run | undefined, right: Run | undefined): Pausing<void> {
    const leftRows = left?.rows ?? [-1];
    const rightRows = right?.rows ?? [-1];
    for (const l of leftRows) {
      const record = this.#record('left', l);
      for (const r of rightRows) {
        const args = new Map<string, Value>([
          ['l', record],
          ['r', this.#record('right', r)],
        ]);
        this.#options.holding.add(this.#output.append(this.#options.as.call(args)));
        if (++this.#steps % STEPS_PER_PAUSE === 0) yield PAUSE;
      }
    }
  }

  /** A row; -1 stands for none: its group key is the other side's, all else null. */
  #record(side: 'left' | 'right', row: number): FluxRecord {
    const table = this.#pair[side];
    const out = new Map<string, Value>();
    if (table !== undefined && row >= 0) {
      for (const column of table.columns) {
        out.set(column.label, fluxValue(column.type, rawAt(column, row)));
      }
      return out;
    }
    const other = side === 'left' ? this.#pair.right : this.#pair.left;
    for (const { label } of (table ?? this.#schemas[side])?.columns ?? []) {
      const keyed = other?.key.includes(label) ? columnOf(other, label) : undefined;
      out.set(label, keyed === undefined ? null : fluxValue(keyed.type, rawAt(keyed, 0)));
    }
    return out;
  }
}

/** Rows of a table with the same values in the joined columns. */
interface Run {
  readonly columns: readonly Column[];
  readonly rows: number[];
}

function runsOf(
  table: Table | undefined,
  labels: readonly string[],
  side: 'left' | 'right',
): Run[] {
  if (table === undefined || table.rowCount === 0) return [];
  const columns = labels.map((label) => {
    const column = columnOf(table, label);
    if (column !== undefined) return column;
    throw new FluxError(
      `cannot set join columns in ${side} table stream: table is missing column '${label}'`,
    );
  });
  const runs: Run[] = [];
  for (const row of sortedRows(table, { columns: labels, desc: false })) {
    const last = runs[runs.length - 1];
    const same = last !== undefined && columns.every((column) => equal(column, last.rows[0]!, row));
    if (same) last.rows.push(row);
    else runs.push({ columns, rows: [row] });
  }
  return runs;
}

/** A null is equal to nothing. */
function equal(column: Column, a: number, b: number): boolean {
  const raw = rawAt(column, a);
  return raw !== null && raw === rawAt(column, b);
}

function compareRuns(left: Run | undefined, right: Run | undefined): number {
  if (left === undefined) return 1;
  if (right === undefined) return -1;
  for (let i = 0; i < left.columns.length; i++) {
    const a = rawAt(left.columns[i]!, left.rows[0]!);
    const b = rawAt(right.columns[i]!, right.rows[0]!);
    if (a === null) return -1;
    const order = compareRaw(a, b);
    if (order !== 0) return order;
  }
  return 0;
}

/** A table made of records, with the group key of another; its columns come sorted. */
class RecordTable {
  readonly #base: Table;
  readonly #types: Types;
  readonly #builders = new Map<string, ColumnBuilder>();
  #rowCount = 0;

  constructor(base: Table, types: Types) {
    this.#base = base;
    this.#types = types;
  }

  /** Adds a row; answers how many bytes it takes, about. */
  append(record: Value | Promise<Value>): number {
    if (record instanceof Promise) throw new FluxError('join: as must not read tables');
    if (record === null || !isRecord(record)) {
      throw new FluxError(`join: as must return a record, got ${typeName(record)}`);
    }
    this.#checkKey(record);
    for (const [label, value] of record) {
      if (value !== null) this.#builder(label, value).append(value);
    }
    this.#rowCount += 1;
    for (const builder of this.#builders.values()) {
      if (builder.length < this.#rowCount) builder.appendRaw(null);
    }
    return this.#builders.size * 8;
  }

  #builder(label: string, value: Value): ColumnBuilder {
    const type = columnTypeOf(value);
    if (type === undefined) {
      throw new FluxError(
        `map object property "${label}" is ${typeName(value)} type which is not supported in a ` +
          'flux table',
      );
    }
    let builder = this.#builders.get(label);
    if (builder === undefined) {
      builder = new ColumnBuilder(label, type);
      builder.appendNulls(this.#rowCount);
      this.#builders.set(label, builder);
    }
    if (builder.type === type) return builder;
    throw new FluxError(`join: column "${label}" is both of type ${builder.type} and ${type}`);
  }

  #checkKey(record: FluxRecord): void {
    for (const column of keyColumns(this.#base)) {
      const builder = new ColumnBuilder(column.label, column.type, 1);
      builder.append(record.get(column.label) ?? null);
      if (rawAt(builder.finish(), 0) === rawAt(column, 0)) continue;
      throw new FluxError(
        'join cannot modify group key: output record has a missing or invalid value for column ' +
          `'${column.label}:${column.type}'`,
      );
    }
  }

  finish(): Table | undefined {
    if (this.#rowCount === 0) return undefined;
    const keyed = new Map(keyColumns(this.#base).map((column) => [column.label, column]));
    const columns = [...this.#builders.values()].map((builder) => {
      const key = keyed.get(builder.label);
      if (key === undefined) return builder.finish();
      return constantColumn(key.label, key.type, fluxValue(key.type, rawAt(key, 0)));
    });
    for (const [label, type] of this.#types) {
      if (!this.#builders.has(label)) columns.push(nullColumn(label, type));
    }
    columns.sort((a, b) => compareText(a.label, b.label));
    return { key: this.#base.key, columns, rowCount: this.#rowCount };
  }
}
