import type { ParsedPoint, PointField, StorageWriter } from '../../storage/contract.ts';
import { FluxError } from '../error.ts';
import { columnsRead } from '../plan/columns-read.ts';
import { compileRow } from '../rows.ts';
import { ScriptFunction } from '../syntax/function.ts';
import { isRecord, typeName } from '../values/types.ts';
import type { Column, FluxFunction, Table, Value } from '../values/value.ts';
import { Time, UInt } from '../values/value.ts';
import { fluxTypeOf } from './aggregate.ts';
import { fluxValue, rawAt, valueAt } from './column.ts';
import { columnOf, compareText, keyColumns, takeRows } from './table.ts';

/** The points that a table's rows stand for. */
export type PointMaker = (table: Table) => ParsedPoint[];

/** Points of one write: each is durable before the next begins. */
const BATCH_POINTS = 10_000;

/** Collects points and writes them in batches. */
export class PointBatch {
  readonly #writer: StorageWriter;
  readonly #bucketId: string;
  #points: ParsedPoint[] = [];

  constructor(writer: StorageWriter, bucketId: string) {
    this.#writer = writer;
    this.#bucketId = bucketId;
  }

  async add(points: readonly ParsedPoint[]): Promise<void> {
    for (const point of points) {
      this.#points.push(point);
      if (this.#points.length >= BATCH_POINTS) await this.flush();
    }
  }

  async flush(): Promise<void> {
    const points = this.#points;
    if (points.length === 0) return;
    this.#points = [];
    const { dropped, message } = await this.#writer.write(this.#bucketId, points);
    if (dropped > 0) throw new FluxError(message ?? `${dropped} points were refused`);
  }
}

export interface NarrowOptions {
  readonly timeColumn: string;
  readonly measurementColumn: string;
  /** Without it: every string column but measurement, field and what `fieldFn` reads. */
  readonly tagColumns: readonly string[] | undefined;
  readonly fieldFn: FluxFunction | undefined;
}

/** One field per row, named by `_field`; or the fields that `fieldFn` makes of a row. */
export function narrowPoints(options: NarrowOptions): {
  makePoints: PointMaker;
  pass: (table: Table) => Table;
} {
  return {
    makePoints: (table) => narrowTable(table, options),
    pass: (table) => withoutNullTimes(table, options.timeColumn),
  };
}

function narrowTable(table: Table, options: NarrowOptions): ParsedPoint[] {
  const measurement = measurementOf(table, options.measurementColumn);
  const time = timeColumnOf(table, options.timeColumn);
  const tags = tagColumnsOf(table, options);
  const fieldsOf =
    options.fieldFn === undefined ? defaultFields(table) : madeFields(options.fieldFn, table);
  const points: ParsedPoint[] = [];
  for (let row = 0; row < table.rowCount; row++) {
    const timeNs = rawAt(time, row) as bigint | null;
    if (timeNs === null) continue;
    const fields = fieldsOf(row);
    if (fields.length === 0) continue;
    points.push({
      measurement: String(rawAt(measurement, row) ?? ''),
      tags: tagsOf(tags, row),
      fields,
      timeNs,
    });
  }
  return points;
}

function measurementOf(table: Table, label: string): Column {
  const column = columnOf(table, label);
  if (column === undefined) throw new FluxError(`no column with label ${label} exists`);
  if (column.type === 'string') return column;
  throw new FluxError(`column ${label} of type ${fluxTypeOf(column)} is not of type string`);
}

function timeColumnOf(table: Table, label: string): Column {
  const column = columnOf(table, label);
  if (column === undefined) throw new FluxError('no time column detected');
  if (column.type === 'dateTime:RFC3339') return column;
  throw new FluxError(`column ${label} of type ${fluxTypeOf(column)} is not of type time`);
}

function tagColumnsOf(table: Table, { tagColumns, fieldFn, measurementColumn }: NarrowOptions) {
  const taken = new Set(['_value', '_field', '_measurement', measurementColumn]);
  if (fieldFn !== undefined) for (const label of columnsUsed(fieldFn)) taken.add(label);
  const tags = table.columns.filter(({ label, type }) => {
    if (tagColumns !== undefined) return tagColumns.includes(label) && label !== measurementColumn;
    return type === 'string' && !taken.has(label);
  });
  const wrong = tags.find((column) => column.type !== 'string');
  if (wrong !== undefined) throw new FluxError('invalid type for tag column');
  return tags.sort((a, b) => compareText(a.label, b.label));
}

function columnsUsed(fn: FluxFunction): Iterable<string> {
  const parameter = fn.parameters[0]?.name;
  if (!(fn instanceof ScriptFunction) || fn.expression === undefined) return [];
  return (parameter && columnsRead(fn.expression, parameter)) || [];
}

function tagsOf(columns: readonly Column[], row: number): [string, string][] {
  const tags: [string, string][] = [];
  for (const column of columns) {
    const value = rawAt(column, row) as string | null;
    if (value !== null && value !== '') tags.push([column.label, value]);
  }
  return tags;
}

type FieldsOf = (row: number) => PointField[];

function defaultFields(table: Table): FieldsOf {
  const field = columnOf(table, '_field');
  const value = columnOf(table, '_value');
  if (field === undefined) throw new FluxError('table has no _field column');
  if (value === undefined) throw new FluxError('table has no _value column');
  return (row) => {
    const made = fieldOf(String(rawAt(field, row) ?? ''), valueAt(value, row));
    return made === undefined ? [] : [made];
  };
}

function madeFields(fn: FluxFunction, table: Table): FieldsOf {
  const make = compileRow(fn, table);
  return (row) => {
    const record = make(row);
    if (record === null || !isRecord(record)) {
      throw new FluxError(`to: fieldFn must return a record, got ${typeName(record)}`);
    }
    const fields: PointField[] = [];
    for (const [name, value] of record) {
      const made = fieldOf(name, value);
      if (made !== undefined) fields.push(made);
    }
    return fields;
  };
}

/** Nulls and floats that are no numbers are left out; times become integers. */
function fieldOf(name: string, value: Value): PointField | undefined {
  if (value === null) return undefined;
  if (typeof value === 'number') {
    return Number.isFinite(value) ? { name, type: 'double', value } : undefined;
  }
  if (typeof value === 'bigint') return { name, type: 'long', value };
  if (typeof value === 'string') return { name, type: 'string', value };
  if (typeof value === 'boolean') return { name, type: 'bool', value };
  if (value instanceof UInt) return { name, type: 'ulong', value: value.value };
  if (value instanceof Time) return { name, type: 'long', value: value.ns };
  throw new FluxError(`unsupported field type ${typeName(value)}`);
}

function withoutNullTimes(table: Table, timeColumn: string): Table {
  const time = columnOf(table, timeColumn);
  if (time === undefined) return table;
  const rows: number[] = [];
  for (let row = 0; row < table.rowCount; row++) if (rawAt(time, row) !== null) rows.push(row);
  return rows.length === table.rowCount ? table : takeRows(table, Int32Array.from(rows));
}

/** Pivoted data: the group key gives measurement and tags, every other column is a field. */
export function widePoints(table: Table): ParsedPoint[] {
  const { measurement, tags } = wideKey(table);
  const time = columnOf(table, '_time');
  if (time === undefined) throw new FluxError('input table is missing required column "_time"');
  if (time.type !== 'dateTime:RFC3339') {
    throw new FluxError(`column "_time" has type ${fluxTypeOf(time)}; type time is required`);
  }
  const known = new Set(['_start', '_stop', '_measurement', '_time', ...table.key]);
  const columns = table.columns.filter((column) => !known.has(column.label));
  const points: ParsedPoint[] = [];
  for (let row = 0; row < table.rowCount; row++) {
    const timeNs = rawAt(time, row) as bigint | null;
    if (timeNs === null) continue;
    const fields: PointField[] = [];
    for (const column of columns) {
      const made = fieldOf(column.label, valueAt(column, row));
      if (made !== undefined) fields.push(made);
    }
    if (fields.length > 0) points.push({ measurement, tags, fields, timeNs });
  }
  return points;
}

function wideKey(table: Table): { measurement: string; tags: [string, string][] } {
  const tags: [string, string][] = [];
  let measurement: string | undefined;
  for (const column of keyColumns(table)) {
    const { label, type } = column;
    if (label === '_start' || label === '_stop') continue;
    if (label === '_field') {
      throw new FluxError('found column "_field" in the group key; wideTo() expects pivoted data');
    }
    if (type !== 'string') {
      throw new FluxError(
        `group key column "${label}" has type ${fluxTypeOf(column)}; type string is required`,
      );
    }
    const value = fluxValue(type, rawAt(column, 0)) as string | null;
    if (label === '_measurement') measurement = value ?? '';
    else if (value !== null && value !== '') tags.push([label, value]);
  }
  if (measurement === undefined) {
    throw new FluxError('required column "_measurement" not in group key');
  }
  tags.sort((a, b) => compareText(a[0], b[0]));
  return { measurement, tags };
}
