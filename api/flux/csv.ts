import { TidemarkError } from '../../core/errors.ts';
import { endOfRow, TableReader } from '../../core/influx/tables.ts';
import type { Failure, FluxWriter } from './answer.ts';

const HASH = 35;
const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;
const LINE_CHARS_MAX = 32 * 1024 * 1024;

/**
 * InfluxDB's annotated CSV as it is, cut at whole rows. Read as latin1, a character a byte, so that
 * nothing is changed on the way. What ends it early is told as InfluxDB tells errors: by a table of
 * `error` and `reference`, which its clients throw.
 */
export class CsvWriter implements FluxWriter {
  readonly #rowsMax: number;
  #rest: Buffer = Buffer.alloc(0);
  /** Annotations and header of a table of which no row has been sent. */
  #held = '';
  #inTable = false;
  /** The table tells of an error. */
  #telling = false;
  #written = '';
  rows = 0;
  cut = false;

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax;
  }

  feed(chunk: Uint8Array): Buffer {
    const text = Buffer.concat([this.#rest, chunk]).toString('latin1');
    const quotes = text.includes('"');
    let from = 0;
    while (!this.cut) {
      const end = quotes ? endOfRow(text, from) : text.indexOf('\n', from);
      if (end === -1) break;
      this.#line(text.slice(from, end + 1));
      from = end + 1;
    }
    this.#rest = Buffer.from(text.slice(from), 'latin1');
    if (this.#rest.length > LINE_CHARS_MAX) {
      throw new TidemarkError('upstream', `InfluxDB sent a row over ${LINE_CHARS_MAX} bytes`);
    }
    const bytes = Buffer.from(this.#written, 'latin1');
    this.#written = '';
    return bytes;
  }

  close(): void {
    if (this.#rest.length === 0) return;
    throw new TidemarkError('upstream', "InfluxDB's answer ends in the middle of a row");
  }

  end(failure?: Failure): Buffer {
    if (failure !== undefined) return tableOf(failure.message, failure.code);
    if (this.cut) return tableOf(`cut after ${this.rows} rows: there are more`, 'cut');
    // Tables without rows at the end.
    return Buffer.from(this.#held, 'latin1');
  }

  #line(line: string): void {
    const first = line.charCodeAt(0);
    if (first === CARRIAGE_RETURN || first === LINE_FEED) {
      this.#inTable = false;
      this.#held += line;
    } else if (first === HASH) {
      this.#inTable = false;
      this.#held += line;
    } else if (!this.#inTable) {
      this.#inTable = true;
      this.#telling = /^,?error,reference\r?\n$/.test(line);
      this.#held += line;
    } else this.#row(line);
  }

  #row(line: string): void {
    // Always throws: the table says what failed.
    if (this.#telling) new TableReader().feed(Buffer.from(`,error,reference\n${line}`, 'latin1'));
    this.cut = this.rows >= this.#rowsMax;
    if (this.cut) return;
    this.rows += 1;
    this.#written += this.#held + line;
    this.#held = '';
  }
}

function tableOf(message: string, reference: string): Buffer {
  const quoted = `"${message.replaceAll('"', '""')}"`;
  const head = '#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n';
  return Buffer.from(`\r\n${head},${quoted},${reference}\r\n`);
}
