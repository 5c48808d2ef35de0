import { FluxError } from '../error.ts';
import type { Column, Table } from '../values/value.ts';
import { fluxTypeOf } from './aggregate.ts';
import type { Budget } from './budget.ts';
import { ColumnBuilder } from './builder.ts';
import type { RawValue } from './column.ts';
import { constantColumn, fluxValue, rawAt } from './column.ts';
import type { Pausing } from './pause.ts';
import { PAUSE, STEPS_PER_PAUSE, turn } from './pause.ts';
import type { SortableKey } from './table.ts';
import { columnOf, compareKeys, rawText, sortableKey, tableBytes } from './table.ts';

/** The key labels of a table that is grouped: those it has, in the order of the labels. */
export type KeyOf = (table: Table) => readonly string[];

export function groupBy(labels: readonly string[]): KeyOf {
  const sorted = [...labels].sort();
  return (table) => sorted.filter((label) => columnOf(table, label) !== undefined);
}

export function groupExcept(labels: readonly string[]): KeyOf {
  const dropped = new Set(labels);
  return (table) =>
    table.columns.map((column) => column.label).filter((label) => !dropped.has(label));
}

/** Of a group and of each of its columns beside their values. */
const GROUP_BYTES = 500;
const COLUMN_BYTES = 250;
/** What a new group costs, in steps of a loop over rows. */
const STEPS_PER_GROUP = 32;

/** Collects rows into tables by the values of key columns, and hands them out in key order. */
export class Grouper {
  readonly #groups = new Map<string, Group>();
  readonly #charge: (bytes: number) => void;

  /** `charge` is told of the bytes that are kept. */
  constructor(charge: (bytes: number) => void) {
    this.#charge = charge;
  }

  *add(table: Table, key: readonly string[]): Pausing<void> {
    const columns = key.map((label) => columnOf(table, label)!);
    if (columns.every((column) => column.values === undefined || table.rowCount === 0)) {
      this.#group(table, key, columns, 0).append(table, 0, table.rowCount);
      this.#charge(tableBytes(table));
      return;
    }
    this.#charge(tableBytes(table));
    // Runs of rows with the same key are copied together.
    let from = 0;
    let steps = 0;
    for (let row = 1; row <= table.rowCount; row++) {
      steps += 1;
      if (steps >= STEPS_PER_PAUSE) {
        steps = 0;
        yield PAUSE;
      }
      if (row < table.rowCount && columns.every((column) => sameRow(column, from, row))) continue;
      this.#group(table, key, columns, from).append(table, from, row);
      from = row;
      steps += STEPS_PER_GROUP;
    }
  }

  #group(
    { columns: { length: width } }: Table,
    key: readonly string[],
    columns: readonly Column[],
    row: number,
  ): Group {
    const raws = columns.map((column) => rawAt(column, row));
    const parts = columns.map(
      (column, i) => `${key[i]}\u0000${column.type}\u0000${rawText(raws[i]!)}`,
    );
    const text = parts.sort().join('\u0001');
    const known = this.#groups.get(text);
    if (known !== undefined) return known;
    this.#charge(GROUP_BYTES + width * COLUMN_BYTES);
    const made = new Group(key, columns, raws);
    this.#groups.set(text, made);
    return made;
  }

  /** The tables in the order of their keys. */
  *tables(): Generator<Table> {
    const sorted = [...this.#groups.values()].sort((a, b) => compareKeys(a.order, b.order));
    for (const group of sorted) yield group.finish();
  }
}

function sameRow(column: Column, a: number, b: number): boolean {
  return column.values === undefined || rawAt(column, a) === rawAt(column, b);
}

/** Rows of one key. Columns that a table lacks are null in its rows. */
class Group {
  readonly order: SortableKey;
  readonly #key: readonly string[];
  readonly #constants: ReadonlyMap<string, Column>;
  readonly #labels: string[] = [];
  readonly #builders = new Map<string, ColumnBuilder>();
  #rowCount = 0;

  constructor(key: readonly string[], columns: readonly Column[], raws: readonly RawValue[]) {
    const constants = columns.map(({ label, type }, i) =>
      constantColumn(label, type, fluxValue(type, raws[i] ?? null)),
    );
    this.#key = key;
    this.#constants = new Map(constants.map((column) => [column.label, column]));
    this.order = sortableKey({ key, columns: constants, rowCount: 1 });
  }

  append(table: Table, from: number, to: number): void {
    const seen = new Set<string>();
    for (const column of table.columns) {
      seen.add(column.label);
      if (this.#constants.has(column.label)) {
        if (!this.#labels.includes(column.label)) this.#labels.push(column.label);
        continue;
      }
      this.#builder(column).appendRows(column, from, to);
    }
    for (const [label, builder] of this.#builders) {
      if (!seen.has(label)) builder.appendNulls(to - from);
    }
    this.#rowCount += to - from;
  }

  #builder(column: Column): ColumnBuilder {
    const known = this.#builders.get(column.label);
    if (known !== undefined) {
      if (known.type === column.type) return known;
      throw new FluxError(
        `schema collision detected: column "${column.label}" is both of type ` +
          `${fluxTypeOf(known)} and ${fluxTypeOf(column)}`,
      );
    }
    const made = new ColumnBuilder(column.label, column.type);
    made.appendNulls(this.#rowCount);
    this.#builders.set(column.label, made);
    this.#labels.push(column.label);
    return made;
  }

  finish(): Table {
    const columns = this.#labels.map(
      (label) => this.#constants.get(label) ?? this.#builders.get(label)!.finish(),
    );
    return { key: this.#key, columns, rowCount: this.#rowCount };
  }
}

/** All rows in tables by the keys that `keyOf` gives, in the order of the keys. */
export async function* groupTables(
  tables: AsyncIterable<Table>,
  options: { readonly keyOf: KeyOf; readonly budget: Budget; readonly signal: AbortSignal },
): AsyncGenerator<Table> {
  const { keyOf, signal } = options;
  const holding = options.budget.hold();
  const grouper = new Grouper((bytes) => holding.add(bytes));
  try {
    for await (const table of tables) {
      for (const _ of grouper.add(table, keyOf(table))) await turn(signal);
    }
    for (const table of grouper.tables()) yield table;
  } finally {
    holding.free();
  }
}
