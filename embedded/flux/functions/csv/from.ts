import type { ParsedColumn, ParsedTable } from '../../../csv/parse.ts';
import { parseAnnotated, parseRaw } from '../../../csv/parse.ts';
import { FluxError } from '../../error.ts';
import { ColumnBuilder } from '../../tables/builder.ts';
import { Derived, scopeOf } from '../../tables/stream.ts';
import { toColumnType } from '../../values/convert.ts';
import type { Column, Table, Value } from '../../values/value.ts';
import { optional, string } from '../params.ts';
import { builtin } from '../registry.ts';

export const csvFrom = builtin({
  package: 'csv',
  name: 'from',
  params: {
    csv: optional(string()),
    file: optional(string()),
    url: optional(string()),
    mode: string('annotations'),
  },
  note: 'csv only: files and addresses are not read',
  call({ csv, file, url, mode }, context) {
    if (file !== undefined || url !== undefined) {
      throw new FluxError('csv.from: reading files is not supported by the embedded engine');
    }
    if (csv === undefined) throw new FluxError('must provide csv raw text');
    if (mode !== 'annotations' && mode !== 'raw') {
      throw new FluxError('mode must be either "annotations" or "raw"');
    }
    const parse = mode === 'raw' ? parseRaw : parseAnnotated;
    return new Derived(scopeOf(context), { sorted: false }, () => stream(csv, parse));
  },
});

async function* stream(
  text: string,
  parse: (text: string) => ParsedTable[],
): AsyncGenerator<Table> {
  for (const table of refused(() => parse(text))) yield refused(() => tableOf(table));
}

function refused<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof FluxError)) throw cause;
    throw new FluxError(`error in csv.from(): ${cause.message}`, 'invalid', undefined, cause);
  }
}

function tableOf({ columns, rows }: ParsedTable): Table {
  return {
    key: columns.filter(({ grouped }) => grouped).map(({ label }) => label),
    columns: columns.map((column, index) =>
      column.grouped ? keyColumn(column, rows[0]?.[index]) : plainColumn(column, index, rows),
    ),
    rowCount: rows.length,
  };
}

function keyColumn(column: ParsedColumn, text: string | undefined): Column {
  const { label, type } = column;
  return {
    label,
    type,
    constant: fieldValue(column, text ?? '') ?? (type === 'string' ? '' : null),
  };
}

function plainColumn(
  column: ParsedColumn,
  index: number,
  rows: readonly (readonly string[])[],
): Column {
  const builder = new ColumnBuilder(column.label, column.type, rows.length);
  for (const row of rows) builder.append(fieldValue(column, row[index] ?? ''));
  return builder.finish();
}

function fieldValue({ type, fallback }: ParsedColumn, field: string): Value {
  const text = field === '' ? fallback : field;
  return text === '' ? null : toColumnType[type](text);
}
