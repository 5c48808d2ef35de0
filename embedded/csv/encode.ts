import type { Column, Table } from '../flux/values/value.ts';
import type { Dialect } from './dialect.ts';
import type { Quote } from './text.ts';
import { quoteFor, textOf, textReader } from './text.ts';

/** Characters that are gathered before they are handed on. */
const PIECE_LENGTH = 64 * 1024;

/**
 * Annotated CSV in InfluxDB's dialect: CRLF, a new block of annotations where columns or group key
 * change, an empty line between blocks and after each result. Give it tables and take the pieces.
 */
export class CsvEncoder {
  readonly #dialect: Dialect;
  readonly #quote: Quote;
  #text = '';
  #result = '';
  #tableId = 0;
  /** The last table of this result, for whether the next needs a block of its own. */
  #last: Table | undefined;
  #written = false;
  readonly #constants: { readonly column: Column; readonly text: string }[] = [];

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.#quote = quoteFor(dialect.delimiter);
  }

  startResult(name: string): void {
    this.#result = name;
    this.#tableId = 0;
    this.#last = undefined;
  }

  endResult(): void {
    this.#text += '\r\n';
  }

  /** Writes a table; gives a piece whenever one is full. */
  *table(table: Table): Generator<string> {
    this.#written = true;
    if (this.#needsBlock(table)) {
      if (this.#last) this.#text += '\r\n';
      this.#writeBlock(table);
    }
    yield* this.#rows(table);
    this.#tableId += 1;
    this.#last = table;
  }

  /** What is left. */
  finish(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  /** An error after the answer has begun: a table of its own, as InfluxDB tells it. */
  error(message: string): void {
    const { annotations } = this.#dialect;
    if (this.#written) this.#text += '\r\n';
    const values = { datatype: 'string', group: 'true', default: '' };
    for (const annotation of annotations) {
      const value = values[annotation];
      this.#line([`#${annotation}`, value, value]);
    }
    this.#line(['', 'error', 'reference']);
    this.#line(['', this.#quote(message), '']);
  }

  #line(fields: readonly string[]): void {
    // Go's writer quotes a record that would otherwise be an empty line.
    this.#text += `${fields.join(this.#dialect.delimiter)}\r\n`;
  }

  #needsBlock(table: Table): boolean {
    const last = this.#last;
    if (!last || last.rowCount === 0 || table.rowCount === 0 || last.key.length === 0) return true;
    return !sameColumns(last, table) || !sameKey(last, table);
  }

  #writeBlock(table: Table): void {
    for (const annotation of this.#dialect.annotations) {
      const of = {
        datatype: () => ['string', 'long', ...table.columns.map((column) => column.type)],
        group: () => ['false', 'false', ...this.#groupFlags(table)],
        default: () => this.#defaults(table),
      }[annotation];
      this.#line([`#${annotation}`, ...of()]);
    }
    if (this.#dialect.header) {
      const labels = table.columns.map((column) => this.#quote(column.label));
      this.#line(['', 'result', 'table', ...labels]);
    }
  }

  #groupFlags(table: Table): string[] {
    return table.columns.map((column) => String(table.key.includes(column.label)));
  }

  /** An empty table says in its defaults which table and which key it is. */
  #defaults(table: Table): string[] {
    const empty = table.rowCount === 0;
    const values = table.columns.map((column) =>
      empty && table.key.includes(column.label) ? textOf(column.constant ?? null, this.#quote) : '',
    );
    return [this.#quote(this.#result), empty ? String(this.#tableId) : '', ...values];
  }

  *#rows(table: Table): Generator<string> {
    if (table.rowCount === 0) return;
    const { delimiter, annotations } = this.#dialect;
    const result = annotations.includes('default') ? '' : this.#quote(this.#result);
    const prefix = `${delimiter}${result}${delimiter}${this.#tableId}`;
    const { constants, readers } = this.#parts(table, prefix);
    const tail = `${constants[readers.length]}\r\n`;
    for (let row = 0; row < table.rowCount; row += 1) {
      let line = '';
      for (let i = 0; i < readers.length; i += 1) line += constants[i]! + readers[i]!(row);
      this.#text += line + tail;
      if (this.#text.length >= PIECE_LENGTH) yield this.finish();
    }
  }

  /**
   * Tables of one reading share their bounds: what stood here in the last table often still does.
   */
  #constantText(column: Column, index: number): string {
    const last = this.#constants[index];
    if (last?.column === column) return last.text;
    const text = textOf(column.constant ?? null, this.#quote);
    this.#constants[index] = { column, text };
    return text;
  }

  /** The text of a row: constants and what changes, in turn. Constant columns are rendered once. */
  #parts(table: Table, prefix: string) {
    const constants = [prefix];
    const readers: ((row: number) => string)[] = [];
    for (const [index, column] of table.columns.entries()) {
      constants[readers.length] += this.#dialect.delimiter;
      if (column.values === undefined) {
        constants[readers.length] += this.#constantText(column, index);
      } else {
        readers.push(textReader(column, this.#quote));
        constants.push('');
      }
    }
    return { constants, readers };
  }
}

function sameColumns(a: Table, b: Table): boolean {
  return a.columns.length === b.columns.length && a.columns.every((c, i) => same(c, b.columns[i]!));
}

function same(a: Column, b: Column): boolean {
  return a.label === b.label && a.type === b.type;
}

function sameKey(a: Table, b: Table): boolean {
  return a.key.length === b.key.length && a.key.every((label, index) => label === b.key[index]);
}
