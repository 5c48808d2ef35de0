import type { Series } from '../../storage/contract.ts';
import { FluxError } from '../error.ts';
import type { ColumnValues } from '../tables/column.ts';
import { constantColumn, withValues } from '../tables/column.ts';
import type { Bounds } from '../tables/stream.ts';
import { compareText } from '../tables/table.ts';
import type { Column, Table } from '../values/value.ts';
import { Time } from '../values/value.ts';
import { labelOf, labelsOf } from './labels-of.ts';
import type { SeriesPoints } from './raw.ts';
import type { Unit } from './source.ts';
import { COLUMN_TYPES } from './source.ts';

/** `_start` and `_stop` of a table; the same columns for the same bounds. */
export function boundColumns(bounds: Bounds): readonly Column[] {
  const known = boundCache.get(bounds);
  if (known !== undefined) return known;
  const columns = [
    constantColumn('_start', 'dateTime:RFC3339', new Time(bounds.startNs)),
    constantColumn('_stop', 'dateTime:RFC3339', new Time(bounds.stopNs)),
  ];
  boundCache.set(bounds, columns);
  return columns;
}

const boundCache = new WeakMap<Bounds, readonly Column[]>();

/** The constant columns of a series: field, measurement, tags. */
export function labelColumns(series: Series): Column[] {
  const known = columnCache.get(series);
  if (known !== undefined) return known;
  const columns = labelsOf(series).map(([label, value]) => constantColumn(label, 'string', value));
  columnCache.set(series, columns);
  return columns;
}

const columnCache = new WeakMap<Series, Column[]>();

export function seriesKey(series: Series): readonly string[] {
  const known = keyCache.get(series);
  if (known !== undefined) return known;
  const key = ['_start', '_stop', ...labelsOf(series).map(([label]) => label)];
  keyCache.set(series, key);
  return key;
}

const keyCache = new WeakMap<Series, readonly string[]>();

/** The series in the order of their tables' group keys: as `compareKeys` has it. */
export function sortByKey(series: readonly Series[]): readonly Series[] {
  const compare = (a: Series, b: Series) => compareLabels(labelsOf(a), labelsOf(b));
  const inOrder = series.every((one, i) => i === 0 || compare(series[i - 1]!, one) <= 0);
  return inOrder ? series : [...series].sort(compare);
}

type Labels = readonly (readonly [label: string, value: string])[];

/** Which of two lists of labels and values comes first, each in the order of a group key. */
export function compareLabels(left: Labels, right: Labels): number {
  const count = Math.min(left.length, right.length);
  for (let i = 0; i < count; i++) {
    const [leftLabel, leftValue] = left[i]!;
    const [rightLabel, rightValue] = right[i]!;
    if (leftLabel !== rightLabel) return compareText(leftLabel, rightLabel);
    if (leftValue !== rightValue) return compareText(leftValue, rightValue);
  }
  return left.length - right.length;
}

/** The table of one series' points. */
export function seriesTable(series: Series, points: SeriesPoints, bounds: Bounds): Table {
  const columns = [
    ...boundColumns(bounds),
    withValues({ label: '_time', type: 'dateTime:RFC3339' }, points.times),
    withValues({ label: '_value', type: COLUMN_TYPES[series.type] }, points.values),
    ...labelColumns(series),
  ];
  return { key: seriesKey(series), columns, rowCount: points.rowCount };
}

/** Units of several series with the labels that they share. */
export interface GroupUnit extends Unit {
  /** The grouping labels that some series of the unit has, in the order that the script named. */
  readonly labels: readonly string[];
  readonly values: readonly (string | undefined)[];
}

const TYPE_NAMES = {
  double: 'float',
  long: 'integer',
  ulong: 'unsigned',
  string: 'string',
  bool: 'boolean',
} as const;

/** Series put together by the values of some labels, in InfluxDB's order: a missing label last. */
export function groupSeries(series: readonly Series[], labels: readonly string[]): GroupUnit[] {
  const groups = new Map<string, { values: (string | undefined)[]; series: Series[] }>();
  for (const one of series) {
    const values = labels.map((label) => labelOf(one, label));
    const key = values.map((value) => value ?? '\uffff').join('\u0000');
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { values, series: [one] });
    else known.series.push(one);
  }
  const sorted = [...groups.values()].sort((a, b) => compareValues(a.values, b.values));
  return sorted.map((group) => ({ ...group, labels, type: group.series[0]!.type }));
}

function compareValues(a: readonly (string | undefined)[], b: readonly (string | undefined)[]) {
  for (let i = 0; i < a.length; i++) {
    const left = a[i];
    const right = b[i];
    if (left === right) continue;
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    return compareText(left, right);
  }
  return 0;
}

/** Refuses series of different types in one table, in InfluxDB's words. */
export function checkTypes(unit: Unit): void {
  const other = unit.series.find((series) => series.type !== unit.type);
  if (other === undefined) return;
  const first = TYPE_NAMES[unit.type];
  throw new FluxError(
    `schema collision: cannot group ${first} and ${TYPE_NAMES[other.type]} types together`,
  );
}

/** The points of one series within a grouped table. */
export interface GroupPart {
  readonly series: Series;
  readonly points: SeriesPoints;
}

/** One table of several series: series after series, as InfluxDB's storage hands groups out. */
export function groupTable(unit: GroupUnit, parts: readonly GroupPart[], bounds: Bounds): Table {
  const rowCount = parts.reduce((sum, part) => sum + part.points.rowCount, 0);
  const times = new BigInt64Array(rowCount);
  const type = COLUMN_TYPES[unit.type];
  const values = joinValues(parts, rowCount);
  let at = 0;
  for (const { points } of parts) {
    times.set(points.times, at);
    at += points.rowCount;
  }
  const present = unionLabels(parts.map((part) => part.series));
  const columns = [
    ...boundColumns(bounds),
    withValues({ label: '_time', type: 'dateTime:RFC3339' }, times),
    withValues({ label: '_value', type }, values),
    ...present.map((label) => groupLabelColumn(unit, parts, label, rowCount)),
  ];
  const key = unit.labels.filter((label) => present.includes(label));
  return { key: ['_start', '_stop', ...key], columns, rowCount };
}

function groupLabelColumn(
  unit: GroupUnit,
  parts: readonly GroupPart[],
  label: string,
  rowCount: number,
): Column {
  const index = unit.labels.indexOf(label);
  if (index >= 0) return constantColumn(label, 'string', unit.values[index] ?? null);
  const first = labelOf(parts[0]!.series, label);
  if (parts.every((part) => labelOf(part.series, label) === first)) {
    return constantColumn(label, 'string', first ?? null);
  }
  const rows = new Array<string | null>(rowCount);
  let at = 0;
  for (const { series, points } of parts) {
    rows.fill(labelOf(series, label) ?? null, at, at + points.rowCount);
    at += points.rowCount;
  }
  return { label, type: 'string', values: rows };
}

/** Every label that some series has, sorted. */
export function unionLabels(series: readonly Series[]): string[] {
  const labels = new Set<string>();
  for (const one of series) for (const [label] of labelsOf(one)) labels.add(label);
  return [...labels].sort(compareText);
}

function joinValues(parts: readonly GroupPart[], rowCount: number): ColumnValues {
  const first = parts[0]?.points.values;
  if (first === undefined) return [];
  if (!ArrayBuffer.isView(first)) {
    return parts.flatMap((part) => part.points.values as readonly (string | null)[]);
  }
  const Values = first.constructor as new (length: number) => Float64Array;
  const values = new Values(rowCount);
  let at = 0;
  for (const { points } of parts) {
    values.set(points.values as Float64Array, at);
    at += points.rowCount;
  }
  return values;
}
