/** Tables as lines over time: one for each table and column of numbers. Pure: no page needed. */
import type { Line } from '../parts/chart-lines.ts';
import type { Block, Cell, Column, Row } from './answer.ts';
import { isNumber } from './grid.ts';

export const LINES_MAX = 200;
/** Points that are held for a plot, those that stand for nothing among them. */
const CELLS_MAX = 4_000_000;

export interface Series {
  /** Seconds since the epoch, rising. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  /** How many there would be. */
  readonly all: number;
}

interface Growing {
  readonly label: string;
  readonly points: Map<number, number | null>;
}

const NO_SERIES = new Set(['table', 'result']);

/** Undefined: no block has times and numbers. */
export function seriesOf(blocks: readonly Block[]): Series | undefined {
  const found = new Map<string, Growing>();
  const common = sameEverywhere(blocks);
  for (const [number, block] of blocks.entries()) {
    const time = timeOf(block.columns);
    const values = valuesOf(block.columns);
    if (time < 0 || values.length === 0) continue;
    for (const row of block.rows) add(found, row, { number, block, time, values, common });
  }
  if (found.size === 0) return undefined;
  const all = [...found.values()];
  const kept = all.slice(0, LINES_MAX);
  const times = timesOf(kept);
  const room = Math.max(1, Math.floor(CELLS_MAX / times.length));
  const lines = kept.slice(0, room).map(({ label, points }) => {
    // Undefined joins what is on both sides, null parts it: series have times of their own.
    const values = times.map((at) => points.get(at)) as (number | null)[];
    return { label, values };
  });
  return { times: times.map((ms) => ms / 1000), lines, all: all.length };
}

interface Place {
  readonly number: number;
  readonly block: Block;
  readonly time: number;
  readonly values: readonly number[];
  readonly common: ReadonlySet<string>;
}

function add(found: Map<string, Growing>, row: Row, place: Place): void {
  const { number, block, time, values, common } = place;
  const at = Date.parse(String(row[time]));
  if (Number.isNaN(at)) return;
  const { columns } = block;
  const [result, table] = ['result', 'table'].map((name) => row[indexOf(columns, name)]);
  for (const value of values) {
    const key = `${number} ${String(result)} ${String(table)} ${value}`;
    let series = found.get(key);
    if (series === undefined) {
      const label = labelOf(row, columns, { value, common, many: values.length > 1 });
      series = { label, points: new Map() };
      found.set(key, series);
    }
    const cell = row[value];
    series.points.set(at, typeof cell === 'number' ? cell : null);
  }
}

function timeOf(columns: readonly Column[]): number {
  const named = indexOf(columns, '_time');
  if (named >= 0) return named;
  return columns.findIndex(({ type, group }) => type.startsWith('dateTime') && !group);
}

/** `_value` where it is a number, else all numbers. */
function valuesOf(columns: readonly Column[]): number[] {
  const numbers = columns.flatMap(({ name, type, group }, at) =>
    isNumber(type) && !group && !NO_SERIES.has(name) ? [at] : [],
  );
  const value = indexOf(columns, '_value');
  return numbers.includes(value) ? [value] : numbers;
}

interface Named {
  readonly value: number;
  readonly common: ReadonlySet<string>;
  readonly many: boolean;
}

/** What tells it from the others. */
function labelOf(row: Row, columns: readonly Column[], { value, common, many }: Named): string {
  const words = columns.flatMap(({ name, group }, at) => {
    const told = group || name === 'result';
    return told && !common.has(name) && row[at] !== null ? [String(row[at])] : [];
  });
  const name = columns[value]!.name;
  if (many) words.push(name);
  return words.join(' ') || name;
}

/** Columns of the group key, and `result`, that have one value in all rows. */
function sameEverywhere(blocks: readonly Block[]): ReadonlySet<string> {
  const seen = new Map<string, Cell>();
  const differ = new Set<string>();
  for (const { columns, rows } of blocks) {
    for (const [at, { name, group }] of columns.entries()) {
      if (!group && name !== 'result') continue;
      for (const row of rows) {
        if (!seen.has(name)) seen.set(name, row[at]!);
        else if (seen.get(name) !== row[at]) differ.add(name);
      }
    }
  }
  const bounds = ['_start', '_stop'];
  return new Set([...bounds, ...[...seen.keys()].filter((name) => !differ.has(name))]);
}

function timesOf(series: readonly Growing[]): number[] {
  const times = new Set<number>();
  for (const { points } of series) for (const at of points.keys()) times.add(at);
  return [...times].sort((a, b) => a - b);
}

function indexOf(columns: readonly Column[], wanted: string): number {
  return columns.findIndex(({ name }) => name === wanted);
}
