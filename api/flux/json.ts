import { type Column, type RowBatch, TableReader } from '../../core/influx/tables.ts';
import { numberText } from '../rows/format.ts';
import type { Failure, FluxWriter } from './answer.ts';

/** What both JSON formats share: reading, counting, and cells as JSON. */
abstract class RowWriter implements FluxWriter {
  readonly #reader = new TableReader();
  readonly #rowsMax: number;
  #columns: readonly Column[] | undefined;
  #cells: readonly ((cell: string) => string)[] = [];
  rows = 0;
  cut = false;

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax;
  }

  feed(chunk: Uint8Array): Buffer {
    let text = '';
    for (const batch of this.#reader.feed(chunk)) {
      if (this.cut) break;
      const rows = this.#take(batch);
      if (rows !== '') text += this.write(batch.columns, rows);
    }
    return Buffer.from(text);
  }

  close(): void {
    this.#reader.end();
  }

  /** Rows of these columns, as the inside of a JSON array. */
  protected abstract write(columns: readonly Column[], rows: string): string;
  abstract end(failure?: Failure): Buffer;

  #take({ columns, rows }: RowBatch): string {
    if (columns !== this.#columns) {
      this.#columns = columns;
      this.#cells = columns.map(({ type }) => CELLS[type] ?? text);
    }
    const room = this.#rowsMax - this.rows;
    this.cut = rows.length > room;
    const taken = this.cut ? rows.slice(0, room) : rows;
    this.rows += taken.length;
    return this.#textOf(taken);
  }

  /** Most cells are those of the row before: tags, bounds, the number of the table. */
  #textOf(rows: RowBatch['rows']): string {
    const cells = this.#cells;
    const before: string[] = [];
    const texts: string[] = [];
    const lines = rows.map((row) => {
      for (let i = 0; i < row.length; i += 1) {
        const cell = row[i]!;
        if (cell === before[i]) continue;
        before[i] = cell;
        texts[i] = cells[i]!(cell);
      }
      return `[${texts.join(',')}]`;
    });
    return lines.join(',');
  }
}

/** One document: `{"tables":[{"columns":[...],"rows":[...]}],"rows":3,"cut":false}`. */
export class JsonWriter extends RowWriter {
  #columns: readonly Column[] | undefined;

  protected write(columns: readonly Column[], rows: string): string {
    if (columns === this.#columns) return `,${rows}`;
    const before = this.#columns === undefined ? '{"tables":[' : ']},';
    this.#columns = columns;
    return `${before}{"columns":${headOf(columns)},"rows":[${rows}`;
  }

  end(failure?: Failure): Buffer {
    const open = this.#columns === undefined ? '{"tables":[' : ']}';
    const { rows, cut } = this;
    const rest = JSON.stringify({ rows, cut, error: failure });
    return Buffer.from(`${open}],${rest.slice(1)}`);
  }
}

/** A line for each batch of rows, a last one that says whether it is the end of all. */
export class LinesWriter extends RowWriter {
  protected write(columns: readonly Column[], rows: string): string {
    return `{"columns":${headOf(columns)},"rows":[${rows}]}\n`;
  }

  end(failure?: Failure): Buffer {
    const { rows, cut } = this;
    const line = failure === undefined ? { end: { rows, cut } } : { error: failure };
    return Buffer.from(`${JSON.stringify(line)}\n`);
  }
}

function headOf(columns: readonly Column[]): string {
  return JSON.stringify(columns.map(({ label, type, group }) => ({ name: label, type, group })));
}

const text = (cell: string): string => (cell === '' ? 'null' : JSON.stringify(cell));
const number = (cell: string): string => numberText(cell) ?? 'null';
const CELLS: Readonly<Record<string, (cell: string) => string>> = {
  double: number,
  long: number,
  unsignedLong: number,
  boolean: (cell) => (cell === 'true' || cell === 'false' ? cell : 'null'),
};
