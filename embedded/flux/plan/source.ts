import type { PointType, Series, StorageReader } from '../../storage/contract.ts';
import type { Bounds } from '../tables/stream.ts';
import { compareText } from '../tables/table.ts';
import type { ColumnType } from '../values/value.ts';

/** Decides on a series by its measurement, field and tags alone. */
export type SeriesTest = (series: Series) => boolean;

/** Decides on a point: SQL over `time` and `value` of a points table, or the same answer for all. */
export type PointTest = (type: PointType) => string | boolean;

/** What is read: a bucket's points within a time range. */
export interface ReadSpec {
  readonly bucketId: string;
  readonly bounds: Bounds;
  readonly seriesTests: readonly SeriesTest[];
  readonly pointTests: readonly PointTest[];
  /** Whether InfluxDB's storage would do all of the filtering. */
  readonly stored: boolean;
}

export const COLUMN_TYPES: Record<PointType, ColumnType> = {
  double: 'double',
  long: 'long',
  ulong: 'unsignedLong',
  string: 'string',
  bool: 'boolean',
};

/** The series that a spec reads, in InfluxDB's order. */
export function selectSeries(reader: StorageReader, spec: ReadSpec): Series[] {
  const all = reader.series(spec.bucketId);
  const { seriesTests } = spec;
  if (seriesTests.length === 0) return [...all];
  return all.filter((series) => seriesTests.every((test) => test(series)));
}

/** Every series' columns beside time and value, by label, as InfluxDB's group key orders them. */
export function labelsOf(series: Series): readonly (readonly [string, string])[] {
  const known = labelCache.get(series);
  if (known !== undefined) return known;
  const labels: [string, string][] = [
    ['_field', series.field],
    ['_measurement', series.measurement],
    ...series.tags,
  ];
  labels.sort((a, b) => compareText(a[0], b[0]));
  labelCache.set(series, labels);
  return labels;
}

const labelCache = new WeakMap<Series, readonly (readonly [string, string])[]>();

/** The value of `_measurement`, `_field` or a tag; undefined where the series has no such tag. */
export function labelOf(series: Series, label: string): string | undefined {
  if (label === '_measurement') return series.measurement;
  return label === '_field' ? series.field : series.tags.get(label);
}

/** Series read together into one table. */
export interface Unit {
  readonly series: readonly Series[];
  readonly type: PointType;
}
