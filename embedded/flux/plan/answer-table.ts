import type { Series } from '../../storage/contract.ts';
import type { ColumnValues } from '../tables/column.ts';
import { allocate, constantColumn, fluxValue, withValues } from '../tables/column.ts';
import type { Pause, Pausing } from '../tables/pause.ts';
import { PAUSE, STEPS_PER_PAUSE } from '../tables/pause.ts';
import type { Bounds } from '../tables/stream.ts';
import { compareText, sliceRows } from '../tables/table.ts';
import type { Column, Table } from '../values/value.ts';
import { Time } from '../values/value.ts';
import type { TimeChoice } from './aggregated.ts';
import type { DenseCells } from './dense.ts';
import { labelOf } from './labels-of.ts';
import type { Operation } from './operation.ts';
import { isFused, isSelector } from './operation.ts';
import type { GroupUnit } from './shape.ts';
import { boundColumns, labelColumns, seriesKey, unionLabels } from './shape.ts';
import type { WindowGrid } from './windows.ts';

/** Where the answer of one unit stands in the cells of its statement. */
export interface UnitAnswer {
  readonly unit: GroupUnit;
  readonly cells: DenseCells;
  readonly slot: number;
  readonly grouped: boolean;
  /** The series that a selector chose, for its other columns. */
  readonly selected?: Series;
}

export interface AnswerOptions {
  readonly operation: Operation;
  readonly byTime?: TimeChoice | undefined;
  /** Of `window`: tables for windows without points. */
  readonly createEmpty: boolean;
  readonly grid: WindowGrid | undefined;
  /** Columns as InfluxDB's storage orders them, else as its transformations do. */
  readonly stored: boolean;
  /** Grouped without storage: the bounds are in the group key only where windows put them there. */
  readonly bare: boolean;
  readonly bounds: Bounds;
}

const TABLES_PER_PAUSE = STEPS_PER_PAUSE / 16;

/** The tables of one unit: one, or one for each window. */
export function* answerTables(
  answer: UnitAnswer,
  options: AnswerOptions,
): Generator<Table | Pause> {
  const { cells, slot } = answer;
  const { grid, byTime, operation } = options;
  const first = slot * cells.width;
  if (grid === undefined) {
    if (cells.present[first] === 1) yield rowTable(answer, first, options.bounds, options);
    return;
  }
  const present = cells.present.subarray(first, first + cells.width);
  if (!present.includes(1)) return;
  if (byTime !== undefined) {
    yield yield* timeTable(answer, { ...options, byTime }, grid);
    return;
  }
  for (let index = 0; index < cells.width; index++) {
    if (index % TABLES_PER_PAUSE === TABLES_PER_PAUSE - 1) yield PAUSE;
    if (present[index] !== 1 && !options.createEmpty) continue;
    const table = rowTable(answer, first + index, grid.boundsOf(index), options);
    // A selector has no row to give for an empty window.
    const empty = present[index] !== 1 && isSelector(operation);
    yield empty ? sliceRows(table, 0, 0) : table;
  }
}

function keyOf(answer: UnitAnswer, { bare, grid }: AnswerOptions): readonly string[] {
  const { labels, values, series } = answer.unit;
  if (!answer.grouped) return seriesKey(series[0]!);
  if (!bare) return ['_start', '_stop', ...labels];
  const present = labels.filter((_, index) => values[index] !== undefined).sort(compareText);
  return grid === undefined ? present : [...present, '_start', '_stop'];
}

/** The constant columns that a unit's answer has beside its bounds. */
function unitLabels(answer: UnitAnswer): Column[] {
  if (!answer.grouped) return labelColumns(answer.unit.series[0]!);
  const { labels, values } = answer.unit;
  const { selected } = answer;
  // InfluxDB writes a label that the group lacks as an empty text.
  if (selected === undefined) {
    return labels.map((label, index) => constantColumn(label, 'string', values[index] ?? ''));
  }
  return unionLabels(answer.unit.series).map((label) =>
    constantColumn(label, 'string', labelOf(selected, label) ?? null),
  );
}

function rowTable(answer: UnitAnswer, cell: number, bounds: Bounds, options: AnswerOptions): Table {
  const { operation, stored } = options;
  const { cells } = answer;
  const value = cells.present[cell] === 1 ? one(cells, cell) : missing(operation, cells);
  const time = cells.times?.[cell];
  const labels = unitLabels(answer);
  const start = boundColumns(bounds);
  const key = answer.selected === undefined ? keyOf(answer, options) : presentKey(answer, options);
  if (!stored && cells.times === undefined) {
    const constants = inKeyOrder([...start, ...labels], key, options);
    return { key, columns: [...constants, value], rowCount: 1 };
  }
  const times =
    time === undefined ? [] : [constantColumn('_time', 'dateTime:RFC3339', new Time(time))];
  return { key, columns: [...start, ...times, value, ...labels], rowCount: 1 };
}

function presentKey(answer: UnitAnswer, { bare }: AnswerOptions): string[] {
  const { labels, values } = answer.unit;
  const present = labels.filter((_, index) => values[index] !== undefined);
  return bare ? present.sort(compareText) : ['_start', '_stop', ...present];
}

/** An aggregate without storage has the columns of its key alone, in the key's order. */
function inKeyOrder(
  columns: readonly Column[],
  key: readonly string[],
  { bare }: AnswerOptions,
): readonly Column[] {
  if (!bare) return columns;
  return key.flatMap((label) => columns.filter((column) => column.label === label));
}

/** A table of one row holds its value as a constant: cheaper than an array. */
function one(cells: DenseCells, cell: number): Column {
  return constantColumn('_value', cells.type, fluxValue(cells.type, cells.values[cell] ?? null));
}

/** What an empty window has: no value, or a count of 0. */
function missing(operation: Operation, cells: DenseCells): Column {
  return constantColumn('_value', cells.type, operation.name === 'count' ? 0n : null);
}

function timeColumn(times: BigInt64Array): Column {
  return withValues({ label: '_time', type: 'dateTime:RFC3339' }, times);
}

/** All windows of a unit in one table, as aggregateWindow gives them. */
function* timeTable(
  answer: UnitAnswer,
  options: AnswerOptions & { readonly byTime: TimeChoice },
  grid: WindowGrid,
): Pausing<Table> {
  const { cells, slot } = answer;
  const { byTime, operation, bounds, stored } = options;
  const first = slot * cells.width;
  const indices: number[] = [];
  for (let index = 0; index < cells.width; index++) {
    if (byTime.createEmpty || cells.present[first + index] === 1) indices.push(index);
  }
  const times = new BigInt64Array(indices.length);
  const value = windowValues(answer, indices, operation);
  for (let row = 0; row < indices.length; row++) {
    if (row % STEPS_PER_PAUSE === STEPS_PER_PAUSE - 1) yield PAUSE;
    const bounds = grid.boundsOf(indices[row]!);
    times[row] = byTime.bound === '_start' ? bounds.startNs : bounds.stopNs;
  }
  const start = boundColumns(bounds);
  const labels = unitLabels(answer);
  const time = timeColumn(times);
  const key = keyOf(answer, options);
  const constants = inKeyOrder([...start, ...labels], key, options);
  const columns = arrange({ start, labels, constants, time, value }, { stored, operation });
  return { key, columns, rowCount: indices.length };
}

interface Parts {
  readonly start: readonly Column[];
  readonly labels: readonly Column[];
  /** Both, in the order of the group key. */
  readonly constants: readonly Column[];
  readonly time: Column;
  readonly value: Column;
}

function arrange(
  { start, labels, constants, time, value }: Parts,
  { stored, operation }: { stored: boolean; operation: Operation },
): Column[] {
  if (stored || isSelector(operation)) return [...start, time, value, ...labels];
  if (!isFused(operation)) return [...constants, value, time];
  return [time, ...constants, value];
}

function windowValues(
  answer: UnitAnswer,
  indices: readonly number[],
  operation: Operation,
): Column {
  const { cells, slot } = answer;
  const first = slot * cells.width;
  const values = allocate(cells.type, indices.length) as { [row: number]: unknown };
  const nulls = new Uint8Array(indices.length);
  let empty = 0;
  indices.forEach((index, row) => {
    const cell = first + index;
    if (cells.present[cell] === 1) values[row] = cells.values[cell];
    else if (operation.name !== 'count') {
      nulls[row] = 1;
      empty += 1;
    }
  });
  const column = { label: '_value', type: cells.type };
  const typed = values as unknown as ColumnValues;
  return empty > 0 && cells.type !== 'string'
    ? withValues(column, typed, nulls)
    : withValues(column, typed);
}
