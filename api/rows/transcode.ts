import { TidemarkError } from '../../core/errors.ts';
import { columnIndexes } from '../../core/influx/rows.ts';
import { type Column, endOfRow, TableReader } from '../../core/influx/tables.ts';
import { numberText, type PriceFormat, timeText } from './format.ts';

const LABELS = ['_value', '_time', 'exchange'];
const PIECE_CHARS = 65_536;
const ROW_BYTES_MAX = 1_048_576;
const TIME_MS = '2022-10-11T03:35:02.358Z'.length;
const TIME_SECONDS = '2022-10-11T03:35:02Z'.length;
const COMMA = 44;
const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;
const HASH = 35;

/** Which cells of a line are the wanted ones; cell 0 is the annotation's. */
interface Layout {
  readonly cells: number;
  readonly price: number;
  readonly time: number;
  readonly exchange: number;
}

/**
 * Turns the annotated CSV of prices into one of our formats. Chunks are read as latin1, one
 * character a byte, and written so: UTF-8 goes through untouched, nothing is decoded, and a row
 * costs a few searches and slices. Only plain rows are read here; annotations, headers, errors, and
 * rows with quotes or empty cells go through `TableReader`, so that both read the same language.
 */
export class PriceTranscoder {
  readonly #reader = new TableReader();
  readonly #format: PriceFormat;
  readonly #start: string;
  readonly #toTime: string;
  /** Where each cell of the line begins; one more stands behind the last. */
  readonly #starts: number[] = [];
  /** The half row at the end of the chunk before. */
  #rest: Buffer = Buffer.alloc(0);
  /** Undefined until the first row of a table has been read. */
  #layout: Layout | undefined;
  /** The exchange of the row before, and how a row of it ends in the format. */
  #name = '';
  #ending = '';
  #written = '';
  #full: Buffer[] = [];
  /** Rows read so far. */
  rows = 0;

  constructor(format: PriceFormat) {
    this.#format = format;
    this.#start = format.between + format.open;
    this.#toTime = format.time;
  }

  /**
   * Reads a chunk; the pieces of some 64 kB that are full by then.
   * @throws TidemarkError what an error table says, or `upstream` for what is not such CSV.
   */
  feed(chunk: Uint8Array): Buffer[] {
    // Joined as bytes: a string joined of two is slow to search in.
    const text = Buffer.concat([this.#rest, chunk]).toString('latin1');
    const quotes = text.includes('"');
    let from = 0;
    for (;;) {
      if (!quotes) from = this.#plainRows(text, from);
      const end = quotes ? endOfRow(text, from) : text.indexOf('\n', from);
      if (end === -1) break;
      this.#otherLine(text.slice(from, end + 1));
      from = end + 1;
    }
    this.#rest = Buffer.from(text.slice(from), 'latin1');
    if (this.#rest.length > ROW_BYTES_MAX) {
      throw new TidemarkError('upstream', `InfluxDB sent a row over ${ROW_BYTES_MAX} bytes`);
    }
    return this.#full.splice(0);
  }

  /** What is written and not taken yet. */
  takeAll(): Buffer {
    const bytes = Buffer.from(this.#written, 'latin1');
    this.#written = '';
    return bytes;
  }

  /** Call when the CSV has ended: half a row means that it was cut. */
  end(): void {
    this.#reader.feed(this.#rest);
    this.#reader.end();
  }

  /**
   * Writes the rows from `from` on that have nothing special; where the first line begins that has,
   * or that is not whole. One function with its state at hand, because it runs for every row.
   */
  #plainRows(text: string, from: number): number {
    if (this.#layout === undefined) return from;
    const { cells, price, time, exchange } = this.#layout;
    const starts = this.#starts;
    for (;;) {
      const end = text.indexOf('\n', from);
      if (end === -1 || text.charCodeAt(from) !== COMMA) return from;
      const stop = text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end;
      let at = from;
      for (let cell = 1; cell < cells; cell++) {
        at = text.indexOf(',', at) + 1;
        if (at === 0 || at > stop) return from;
        starts[cell] = at;
      }
      starts[cells] = stop + 1;
      const surplus = text.indexOf(',', at);
      if (surplus !== -1 && surplus < stop) return from;
      const number = text.slice(starts[price], starts[price + 1]! - 1);
      const when = text.slice(starts[time], starts[time + 1]! - 1);
      const name = text.slice(starts[exchange], starts[exchange + 1]! - 1);
      // An empty cell may stand for the column's default.
      if (number === '' || when === '' || name === '') return from;
      this.#row(number, when, name);
      from = end + 1;
    }
  }

  /** Annotations, headers, errors, the first row of a table, and rows with something special. */
  #otherLine(line: string): void {
    const first = line.charCodeAt(0);
    if (first === HASH || first === CARRIAGE_RETURN || first === LINE_FEED) {
      this.#layout = undefined;
    }
    for (const { columns, rows } of this.#reader.feed(Buffer.from(line, 'latin1'))) {
      const indexes = columnIndexes(columns, LABELS);
      this.#layout ??= layoutOf(columns, indexes);
      for (const row of rows) {
        const [price = '', time = '', exchange = ''] = indexes.map((index) => row[index]);
        if (time === '') {
          throw new TidemarkError('upstream', 'InfluxDB sent a price without a time');
        }
        this.#row(price, time, latin1Of(exchange));
      }
    }
  }

  /** Rows come exchange by exchange: a name is quoted once, not once a row. */
  #rename(name: string): void {
    const { exchange, quote, close } = this.#format;
    this.#name = name;
    const quoted = quote(Buffer.from(name, 'latin1').toString('utf8'));
    this.#ending = exchange + latin1Of(quoted) + close;
  }

  #row(price: string, time: string, name: string): void {
    if (name !== this.#name || this.rows === 0) this.#rename(name);
    const number = isPlainNumber(price) ? price : (numberText(price) ?? this.#format.noNumber);
    const start = this.rows++ === 0 ? this.#format.open : this.#start;
    this.#written += start + number + this.#toTime + timeOf(time) + this.#ending;
    if (this.#written.length >= PIECE_CHARS) this.#full.push(this.takeAll());
  }
}

function timeOf(cell: string): string {
  if (cell.length === TIME_MS) return cell;
  return cell.length === TIME_SECONDS ? `${cell.slice(0, -1)}.000Z` : timeText(cell);
}

function layoutOf(
  columns: readonly Column[],
  [price = 0, time = 0, exchange = 0]: readonly number[],
): Layout {
  return { cells: columns.length + 1, price: price + 1, time: time + 1, exchange: exchange + 1 };
}

function latin1Of(text: string): string {
  return Buffer.from(text).toString('latin1');
}

const ZERO = 48;
const NINE = 57;
const POINT = 46;

/**
 * Digits with at most one point inside: as nearly every price is, in InfluxDB and in JSON alike.
 */
function isPlainNumber(text: string): boolean {
  const last = text.length - 1;
  if (text.charCodeAt(0) === ZERO && last > 0 && text.charCodeAt(1) !== POINT) return false;
  let points = 0;
  for (let at = 0; at <= last; at++) {
    const code = text.charCodeAt(at);
    if (code >= ZERO && code <= NINE) continue;
    if (code !== POINT || at === 0 || at === last || ++points > 1) return false;
  }
  return last >= 0;
}
