import { StringDecoder } from 'node:string_decoder';
import { TidemarkError } from '../errors.ts';
import { tableError } from './errors.ts';

/** Column of an answer as the annotations describe it. */
export interface Column {
  readonly label: string;
  /** `string`, `long`, `unsignedLong`, `double`, `boolean`, `dateTime:RFC3339`, ... */
  readonly type: string;
  /** Part of the group key. */
  readonly group: boolean;
}

/**
 * Rows that arrived together, of one table schema; `table` and `result` are columns like any other.
 * Cells are the text that InfluxDB wrote; an empty cell is null (or an empty string: the format
 * does not tell them apart).
 */
export interface RowBatch {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

/** A row longer than this is not a row. */
const LINE_CHARS_MAX = 32 * 1024 * 1024;

/**
 * Reads annotated CSV chunk by chunk (annotations datatype, group, default). One batch for each
 * chunk and schema, because an `await` for each row costs more than the row. An error table inside
 * the answer (`error,reference`) is thrown as the error that it is.
 */
export class TableReader {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #columns: readonly Column[] | undefined;
  #defaults: readonly (readonly [column: number, value: string])[] = [];
  #annotations = new Map<string, readonly string[]>();
  #rows: string[][] = [];

  /** Batches that the chunk completes. */
  feed(chunk: Uint8Array): RowBatch[] {
    const text = this.#rest + this.#decoder.write(chunk);
    const batches: RowBatch[] = [];
    let position = 0;
    const quoted = text.includes('"');
    for (;;) {
      const end = quoted ? endOfRow(text, position) : text.indexOf('\n', position);
      if (end === -1) break;
      const last = text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end;
      this.#line(text.slice(position, Math.max(last, position)), batches);
      position = end + 1;
    }
    this.#rest = text.slice(position);
    if (this.#rest.length > LINE_CHARS_MAX) {
      throw new TidemarkError('upstream', `InfluxDB sent a row over ${LINE_CHARS_MAX} characters`);
    }
    this.#flush(batches);
    return batches;
  }

  /** Call when the answer has ended: half a row means that it was cut. */
  end(): void {
    if (this.#rest !== '' || this.#decoder.end() !== '') {
      throw new TidemarkError('upstream', "InfluxDB's answer ends in the middle of a row");
    }
  }

  #line(line: string, batches: RowBatch[]): void {
    if (line === '') {
      this.#flush(batches);
      this.#columns = undefined;
    } else if (line.charCodeAt(0) === HASH) {
      this.#flush(batches);
      this.#columns = undefined;
      const [name = '', ...cells] = cellsOf(line);
      this.#annotations.set(name, cells);
    } else if (this.#columns === undefined) {
      this.#header(cellsOf(line));
    } else {
      this.#row(line, this.#columns);
    }
  }

  #header(cells: readonly string[]): void {
    // The error table comes with and without the empty annotation cell in front.
    const labels = cells[0] === '' ? cells.slice(1) : cells;
    const types = this.#annotations.get('#datatype') ?? [];
    const groups = this.#annotations.get('#group') ?? [];
    const defaults = this.#annotations.get('#default') ?? [];
    this.#columns = labels.map((label, i) => ({
      label,
      type: types[i] ?? 'string',
      group: groups[i] === 'true',
    }));
    this.#defaults = defaults.flatMap((value, i) => (value === '' ? [] : [[i, value] as const]));
    this.#annotations = new Map();
  }

  #row(line: string, columns: readonly Column[]): void {
    if (columns.length === 2 && columns[0]?.label === 'error') {
      const cells = cellsOf(line);
      const [message = '', reference = ''] = cells.length > 2 ? cells.slice(1) : cells;
      throw tableError(message, reference);
    }
    const cells = line.includes('"') ? cellsOf(line).slice(1) : line.slice(1).split(',');
    if (cells.length !== columns.length) {
      throw new TidemarkError(
        'upstream',
        `InfluxDB sent a row of ${cells.length} cells in a table of ${columns.length}`,
      );
    }
    for (const [column, value] of this.#defaults) {
      if (cells[column] === '') cells[column] = value;
    }
    this.#rows.push(cells);
  }

  #flush(batches: RowBatch[]): void {
    if (this.#columns === undefined || this.#rows.length === 0) return;
    batches.push({ columns: this.#columns, rows: this.#rows });
    this.#rows = [];
  }
}

const CARRIAGE_RETURN = 13;
const HASH = 35;

/** Index of the newline that ends the row at `from`, or -1; newlines inside quotes do not count. */
export function endOfRow(text: string, from: number): number {
  let end = text.indexOf('\n', from);
  let quote = text.indexOf('"', from);
  while (quote !== -1 && quote < end) {
    const close = text.indexOf('"', quote + 1);
    if (close === -1) return -1;
    // A doubled quote closes and opens again at once, which comes to the same.
    if (close > end) end = text.indexOf('\n', close);
    quote = text.indexOf('"', close + 1);
  }
  return end;
}

/** Cells of one line, RFC 4180 quoting. */
function cellsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const cells: string[] = [];
  let position = 0;
  while (position <= line.length) {
    if (line[position] === '"') {
      const close = closingQuote(line, position + 1);
      cells.push(unquoted(line.slice(position + 1, close)));
      position = close + 2;
    } else {
      const comma = line.indexOf(',', position);
      const end = comma === -1 ? line.length : comma;
      cells.push(line.slice(position, end));
      position = end + 1;
    }
  }
  return cells;
}

/** Go's writer, which ends rows with CRLF, also writes each newline of a value as CRLF. */
function unquoted(cell: string): string {
  return cell.replaceAll('""', '"').replaceAll('\r\n', '\n');
}

function closingQuote(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at !== -1; at = line.indexOf('"', at + 2)) {
    if (line[at + 1] !== '"') return at;
  }
  throw new TidemarkError('upstream', 'InfluxDB sent a quoted cell without an end');
}
