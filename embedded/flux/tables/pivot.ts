import { FluxError } from '../error.ts';
import { formatTime } from '../values/print.ts';
import type { Column, ColumnType, Table } from '../values/value.ts';
import type { Budget, Holding } from './budget.ts';
import { ColumnBuilder } from './builder.ts';
import type { RawValue } from './column.ts';
import { allocate, rawAt, withValues } from './column.ts';
import type { SortableKey } from './table.ts';
import { columnOf, compareKeys, keyText, rawText, sortableKey } from './table.ts';

export interface PivotOptions {
  readonly rowKey: readonly string[];
  readonly columnKey: readonly string[];
  readonly valueColumn: string;
}

/**
 * Values of rows with the same row key side by side, in columns named after their column key. Rows
 * stand in the order in which their keys first came; tables in the order of the group keys.
 */
export async function* pivotTables(
  tables: AsyncIterable<Table>,
  options: PivotOptions,
  budget: Budget,
): AsyncGenerator<Table> {
  const holding = budget.hold();
  const pivots = new Map<string, Pivot>();
  try {
    for await (const table of tables) {
      const schema = schemaOf(table, options);
      const text = keyText({ key: schema.key, columns: schema.kept, rowCount: table.rowCount });
      let pivot = pivots.get(text);
      if (pivot === undefined) {
        pivot = new Pivot(schema, options, holding);
        pivots.set(text, pivot);
      }
      pivot.add(table);
    }
    const sorted = [...pivots.values()].sort((a, b) => compareKeys(a.order, b.order));
    for (const pivot of sorted) yield pivot.finish();
  } finally {
    holding.free();
  }
}

interface Schema {
  readonly key: readonly string[];
  /** Columns that stay: the group key and the row key. */
  readonly kept: readonly Column[];
}

function schemaOf(table: Table, { rowKey, columnKey, valueColumn }: PivotOptions): Schema {
  for (const label of rowKey) {
    if (columnOf(table, label) !== undefined) continue;
    throw new FluxError(`specified row key column does not exist in table: ${label}`);
  }
  if (columnOf(table, valueColumn) === undefined) {
    throw new FluxError(`specified value column does not exist in table: ${valueColumn}`);
  }
  for (const label of columnKey) {
    if (columnOf(table, label) !== undefined) continue;
    throw new FluxError(`specified column does not exist in table: ${label}`);
  }
  const gone = (label: string) => columnKey.includes(label) || label === valueColumn;
  const key = table.key.filter((label) => !gone(label));
  const kept = table.columns.filter(
    ({ label }) => !gone(label) && (key.includes(label) || rowKey.includes(label)),
  );
  return { key, kept };
}

/** Of a column whatever it holds, and of a cell: once while it is filled, once when it is made. */
const COLUMN_BYTES = 500;
const CELL_BYTES = 18;

class Pivot {
  readonly order: SortableKey;
  readonly #key: readonly string[];
  readonly #options: PivotOptions;
  readonly #holding: Holding;
  readonly #kept: readonly (Column | ColumnBuilder)[];
  readonly #rows = new Map<string | bigint, number>();
  readonly #columns = new Map<string, PivotColumn>();

  constructor({ key, kept }: Schema, options: PivotOptions, holding: Holding) {
    this.#key = key;
    this.#options = options;
    this.#holding = holding;
    this.#kept = kept.map((column) =>
      key.includes(column.label) ? column : new ColumnBuilder(column.label, column.type),
    );
    this.order = sortableKey({ key, columns: kept, rowCount: 1 });
  }

  add(table: Table): void {
    const { rowKey, columnKey, valueColumn } = this.#options;
    const rowColumns = rowKey.map((label) => columnOf(table, label)!);
    const columnColumns = columnKey.map((label) => columnOf(table, label)!);
    const value = columnOf(table, valueColumn)!;
    const constant = columnColumns.every((column) => column.values === undefined);
    let target = constant ? this.#column(columnLabel(columnColumns, 0), value.type) : undefined;
    this.#holding.add(table.rowCount * 48);
    for (let row = 0; row < table.rowCount; row++) {
      if (!constant) target = this.#column(columnLabel(columnColumns, row), value.type);
      this.#holding.add(target!.set(this.#row(table, rowColumns, row), rawAt(value, row)));
    }
  }

  #row(table: Table, columns: readonly Column[], row: number): number {
    const text = rowText(columns, row);
    const known = this.#rows.get(text);
    if (known !== undefined) return known;
    const index = this.#rows.size;
    this.#rows.set(text, index);
    for (const builder of this.#kept) {
      if (!(builder instanceof ColumnBuilder)) continue;
      const column = columnOf(table, builder.label);
      builder.appendRaw(column === undefined ? null : rawAt(column, row));
    }
    return index;
  }

  #column(label: string, type: ColumnType): PivotColumn {
    const known = this.#columns.get(label);
    if (known !== undefined) {
      if (known.type === type) return known;
      throw new FluxError(
        `schema collision detected: column "${label}" is both of type ${known.type} and ${type}`,
      );
    }
    if (this.#kept.some((column) => column.label === label)) {
      throw new FluxError(
        `value "${label}" appears in a column key column, but a column named "${label}" already ` +
          `exists; consider renaming "${label}" to something else before pivoting`,
      );
    }
    this.#holding.add(COLUMN_BYTES);
    const made = new PivotColumn(label, type);
    this.#columns.set(label, made);
    return made;
  }

  finish(): Table {
    const rowCount = this.#rows.size;
    const kept = this.#kept.map((column) =>
      column instanceof ColumnBuilder ? column.finish() : column,
    );
    const values = [...this.#columns.values()].map((column) => column.finish(rowCount));
    return { key: this.#key, columns: [...kept, ...values], rowCount };
  }
}

function rowText(columns: readonly Column[], row: number): string | bigint {
  const single = columns.length === 1 ? rawAt(columns[0]!, row) : undefined;
  if (typeof single === 'bigint') return single;
  return columns.map((column) => rawText(rawAt(column, row))).join('\u0001');
}

function columnLabel(columns: readonly Column[], row: number): string {
  return columns.map((column) => labelText(column, rawAt(column, row))).join('_');
}

function labelText({ type }: Column, raw: RawValue): string {
  if (raw === null) return 'null';
  if (type === 'dateTime:RFC3339') return formatTime(raw as bigint);
  if (type === 'boolean') return String(raw === 1);
  if (type === 'double') return (raw as number).toExponential().replace('e', 'E');
  return String(raw);
}

/** Values by row number; rows that were never set are null. */
class PivotColumn {
  readonly label: string;
  readonly type: ColumnType;
  readonly #raws: RawValue[] = [];

  constructor(label: string, type: ColumnType) {
    this.label = label;
    this.type = type;
  }

  /** Answers how many bytes more the column takes. */
  set(row: number, raw: RawValue): number {
    const before = this.#raws.length;
    while (this.#raws.length <= row) this.#raws.push(null);
    this.#raws[row] = raw;
    return (this.#raws.length - before) * CELL_BYTES;
  }

  finish(rowCount: number): Column {
    const values = allocate(this.type, rowCount) as unknown as RawValue[];
    const nulls = new Uint8Array(rowCount);
    let empty = false;
    for (let row = 0; row < rowCount; row++) {
      const raw = this.#raws[row] ?? null;
      if (raw !== null) values[row] = raw;
      else {
        nulls[row] = 1;
        empty = true;
      }
    }
    const typed = values as never;
    return withValues(this, typed, empty && this.type !== 'string' ? nulls : undefined);
  }
}
