import type { PointType, Series, StorageReader } from '../../storage/contract.ts';
import type { Bounds } from '../tables/stream.ts';
import type { ColumnType } from '../values/value.ts';
import type { SeriesIndex } from './series-index.ts';
import { indexOf } from './series-index.ts';

/** Decides on a series by its measurement, field and tags alone. */
export interface SeriesTest {
  /** The only label that it reads, if it reads one and cannot fail: then an index answers. */
  readonly label: string | undefined;
  passes(series: Series): boolean;
}

/** Decides on a point: SQL over `p.time` and `p.value`, or the same answer for all. */
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
export function selectSeries(reader: StorageReader, spec: ReadSpec): readonly Series[] {
  const all = reader.series(spec.bucketId);
  const { seriesTests } = spec;
  if (seriesTests.length === 0) return all;
  const { positions, rest } = narrow(all, seriesTests);
  const passes = (one: Series) => rest.every((test) => test.passes(one));
  const candidates = positions?.map((position) => all[position]!) ?? all;
  return rest.length === 0 ? candidates : candidates.filter(passes);
}

interface Narrowed {
  /** The fewest series that one test leaves; undefined when none leaves out any. */
  readonly positions: readonly number[] | undefined;
  /** The tests that have still to be asked. */
  readonly rest: readonly SeriesTest[];
}

/** What the index answers of the tests: those that every series passes need no more asking. */
function narrow(all: readonly Series[], tests: readonly SeriesTest[]): Narrowed {
  const index = indexOf(all);
  let positions: readonly number[] | undefined;
  let best: SeriesTest | undefined;
  const rest: SeriesTest[] = [];
  for (const test of tests) {
    const found = test.label === undefined ? undefined : matching(index, all, test, test.label);
    const count = found?.reduce((sum, list) => sum + list.length, 0);
    if (count === all.length) continue;
    rest.push(test);
    if (found === undefined || count! >= (positions?.length ?? all.length)) continue;
    positions = merge(found);
    best = test;
  }
  return { positions, rest: rest.filter((test) => test !== best) };
}

function matching(
  index: SeriesIndex,
  all: readonly Series[],
  test: SeriesTest,
  label: string,
): (readonly number[])[] {
  const found: (readonly number[])[] = [];
  for (const positions of index.positions(label).values()) {
    if (test.passes(all[positions[0]!]!)) found.push(positions);
  }
  return found;
}

function merge(lists: readonly (readonly number[])[]): readonly number[] {
  if (lists.length <= 1) return lists[0] ?? [];
  return lists.flat().sort((a, b) => a - b);
}

/** Series read together into one table. */
export interface Unit {
  readonly series: readonly Series[];
  readonly type: PointType;
}
