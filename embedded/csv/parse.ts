import { FluxError } from '../flux/error.ts';
import type { ColumnType } from '../flux/values/value.ts';
import { readRecords } from './records.ts';

/** One column as the annotations of its block tell it. */
export interface ParsedColumn {
  readonly label: string;
  readonly type: ColumnType;
  readonly grouped: boolean;
  /** What an empty field means; empty: null. */
  readonly fallback: string;
}

export interface ParsedTable {
  readonly result: string;
  readonly columns: readonly ParsedColumn[];
  /** Fields in the order of `columns`, texts still. */
  readonly rows: readonly (readonly string[])[];
}

/** Fields before the columns: annotation, result, table. */
const LEADING = 3;

const TYPES: Readonly<Record<string, ColumnType>> = {
  string: 'string',
  long: 'long',
  unsignedLong: 'unsignedLong',
  double: 'double',
  boolean: 'boolean',
  dateTime: 'dateTime:RFC3339',
  'dateTime:RFC3339': 'dateTime:RFC3339',
  'dateTime:RFC3339Nano': 'dateTime:RFC3339',
};

const NO_DATATYPE =
  'failed to read metadata: missing expected annotation datatype. ' +
  'consider using the mode: "raw" for csv that is not expected to have annotations.';

interface Annotations {
  datatype?: string[];
  group?: string[];
  default?: string[];
}

interface Block {
  readonly columns: readonly ParsedColumn[];
  readonly result: string;
  readonly table: string;
}

/** Annotated CSV as queries answer it. Throws FluxError with the line of the record. */
export function parseAnnotated(text: string): ParsedTable[] {
  const reader = new AnnotatedReader();
  let line = 0;
  for (const record of readRecords(text)) {
    line += 1;
    reader.take(record, line);
  }
  return reader.finish();
}

/** A header and rows, all texts. */
export function parseRaw(text: string): ParsedTable[] {
  const [header, ...rows] = readRecords(text);
  if (!header) return [];
  const columns = header.map((label): ParsedColumn => {
    return { label, type: 'string', grouped: false, fallback: '' };
  });
  for (const row of rows) {
    if (row.length !== header.length)
      throw new FluxError('failed to read csv: wrong number of fields');
  }
  return [{ result: '_result', columns, rows }];
}

class AnnotatedReader {
  readonly #tables: ParsedTable[] = [];
  #annotations: Annotations = {};
  #block: Block | undefined;
  #rows: string[][] = [];
  #tableId: string | undefined;

  take(record: string[], line: number): void {
    const [first = ''] = record;
    if (first.startsWith('#')) this.#annotate(first.slice(1), record);
    else if (this.#annotated()) this.#header(record);
    else this.#row(record, line);
  }

  finish(): ParsedTable[] {
    if (this.#annotated()) throw new FluxError('failed to read csv: annotations without a header');
    this.#closeBlock();
    return this.#tables;
  }

  #annotated(): boolean {
    return Object.keys(this.#annotations).length > 0;
  }

  #annotate(name: string, record: string[]): void {
    this.#closeBlock();
    if (name === 'datatype' || name === 'group' || name === 'default') {
      this.#annotations[name] = record;
    }
  }

  #header(record: string[]): void {
    const { datatype, group, default: fallbacks } = this.#annotations;
    this.#annotations = {};
    if (record[1] === 'error') {
      this.#block = { columns: [], result: 'error', table: '' };
      return;
    }
    if (!datatype) {
      throw new FluxError(NO_DATATYPE);
    }
    if (!group) throw new FluxError('failed to read metadata: missing expected annotation group');
    if (!fallbacks)
      throw new FluxError('failed to read metadata: missing expected annotation default');
    const columns = record.slice(LEADING).map((label, index): ParsedColumn => {
      const at = index + LEADING;
      const type = TYPES[datatype[at] ?? ''];
      if (!type) {
        throw new FluxError(
          `failed to read metadata: column "${label}" has invalid datatype: ` +
            `unsupported data type "${datatype[at] ?? ''}"`,
        );
      }
      return { label, type, grouped: group[at] === 'true', fallback: fallbacks[at] ?? '' };
    });
    this.#block = { columns, result: fallbacks[1] ?? '', table: fallbacks[2] ?? '' };
  }

  #row(record: string[], line: number): void {
    const block = this.#block;
    if (!block) {
      throw new FluxError(NO_DATATYPE);
    }
    if (block.result === 'error') throw new FluxError(record[1] ?? 'unknown error');
    if (record.length !== block.columns.length + LEADING) {
      throw new FluxError(`line ${line}: wrong number of fields`);
    }
    const tableId = record[2] === '' ? block.table : record[2];
    if (this.#tableId !== undefined && tableId !== this.#tableId) this.#closeTable(block);
    this.#tableId = tableId;
    this.#rows.push(record.slice(LEADING));
  }

  #closeTable({ result, columns }: Block): void {
    this.#tables.push({ result, columns, rows: this.#rows });
    this.#rows = [];
    this.#tableId = undefined;
  }

  /** A block without rows stands for one empty table, when its defaults name a table. */
  #closeBlock(): void {
    const block = this.#block;
    if (block && (this.#rows.length > 0 || block.table !== '')) this.#closeTable(block);
    this.#block = undefined;
  }
}
