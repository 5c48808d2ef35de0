import { TidemarkError } from '../errors.ts';
import type { Column, RowBatch } from './tables.ts';

/**
 * What a query must answer: label -> kind. `text` takes any type as written; `time` is RFC 3339
 * with all its digits; `long` is a safe integer as number, `bigint` any. With `?` an empty cell
 * is null and the column may be absent.
 */
export type Kind = keyof KindValue;
export type RowShape = Readonly<Record<string, Kind | `${Kind}?`>>;

interface KindValue {
  text: string;
  string: string;
  time: string;
  double: number;
  long: number;
  bigint: bigint;
  bool: boolean;
}

type CellOf<K> = K extends `${infer Base extends Kind}?`
  ? KindValue[Base] | null
  : K extends Kind
    ? KindValue[K]
    : never;

export type RowOf<S extends RowShape> = { readonly [L in keyof S]: CellOf<S[L]> };

const TYPES: Readonly<Record<Kind, readonly string[] | undefined>> = {
  text: undefined,
  string: ['string'],
  time: ['dateTime:RFC3339', 'dateTime:RFC3339Nano'],
  double: ['double'],
  long: ['long', 'unsignedLong'],
  bigint: ['long', 'unsignedLong'],
  bool: ['boolean'],
};

interface Reader {
  readonly label: string;
  readonly index: number;
  read(cell: string): unknown;
}

/**
 * Turns batches of one query into checked rows; `upstream` when a column is missing or mistyped.
 */
export class RowChecker<S extends RowShape> {
  readonly #shape: S;
  #columns: readonly Column[] | undefined;
  #readers: readonly Reader[] = [];

  constructor(shape: S) {
    this.#shape = shape;
  }

  check(batch: RowBatch): RowOf<S>[] {
    if (batch.columns !== this.#columns) {
      this.#readers = readersOf(this.#shape, batch.columns);
      this.#columns = batch.columns;
    }
    return batch.rows.map((cells) => {
      const row: Record<string, unknown> = {};
      for (const { label, index, read } of this.#readers) row[label] = read(cells[index] ?? '');
      return row as RowOf<S>;
    });
  }
}

/**
 * Where the wanted columns are in a batch, in the order asked; `upstream` when one is missing, or
 * -1 where it may be, with `?` behind its label. For readers that stream cells as they are.
 */
export function columnIndexes(columns: readonly Column[], labels: readonly string[]): number[] {
  return labels.map((wanted) => {
    const optional = wanted.endsWith('?');
    const label = optional ? wanted.slice(0, -1) : wanted;
    const index = columns.findIndex((column) => column.label === label);
    if (index === -1 && !optional) throw missing(label, columns);
    return index;
  });
}

function readersOf(shape: RowShape, columns: readonly Column[]): Reader[] {
  return Object.entries(shape).map(([label, wanted]) => {
    const optional = wanted.endsWith('?');
    const kind = (optional ? wanted.slice(0, -1) : wanted) as Kind;
    const index = columns.findIndex((column) => column.label === label);
    const column = columns[index];
    if (column === undefined && !optional) throw missing(label, columns);
    const types = TYPES[kind];
    if (column !== undefined && types !== undefined && !types.includes(column.type)) {
      const message = `column ${label} of InfluxDB's answer is ${column.type}, wanted ${kind}`;
      throw new TidemarkError('upstream', message);
    }
    return { label, index, read: (cell: string) => readCell(cell, kind, { label, optional }) };
  });
}

function readCell(cell: string, kind: Kind, column: { label: string; optional: boolean }): unknown {
  if (cell === '' && column.optional) return null;
  if (kind === 'text' || kind === 'string') return cell;
  const value = parseCell(cell, kind);
  if (value !== undefined) return value;
  const message = `column ${column.label} of InfluxDB's answer holds "${cell.slice(0, 80)}"`;
  throw new TidemarkError('upstream', `${message}, wanted ${kind}`);
}

/** Undefined when the text is not of the kind. */
function parseCell(cell: string, kind: Exclude<Kind, 'text' | 'string'>): unknown {
  switch (kind) {
    case 'time':
      return /^\d{4}-\d\d-\d\dT/.test(cell) ? cell : undefined;
    case 'double':
      return parseDouble(cell);
    case 'long':
      return /^-?\d+$/.test(cell) && Number.isSafeInteger(Number(cell)) ? Number(cell) : undefined;
    case 'bigint':
      return /^-?\d+$/.test(cell) ? BigInt(cell) : undefined;
    case 'bool':
      return cell === 'true' ? true : cell === 'false' ? false : undefined;
  }
}

/** Go writes the non-finite ones as NaN, +Inf and -Inf. */
function parseDouble(cell: string): number | undefined {
  if (cell === 'NaN') return Number.NaN;
  if (cell === '+Inf') return Number.POSITIVE_INFINITY;
  if (cell === '-Inf') return Number.NEGATIVE_INFINITY;
  const value = cell === '' ? Number.NaN : Number(cell);
  return Number.isNaN(value) ? undefined : value;
}

function missing(label: string, columns: readonly Column[]): TidemarkError {
  const got = columns.map((column) => column.label).join(', ');
  return new TidemarkError('upstream', `InfluxDB's answer has no column ${label}; it has ${got}`);
}
