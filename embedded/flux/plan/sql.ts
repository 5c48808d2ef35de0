import type { PointType, Selection, Series, StorageReader } from '../../storage/contract.ts';
import { indexOf } from './series-index.ts';
import type { ReadSpec } from './source.ts';

/** Above this many series a temporary table is joined in place of a list. */
const LISTED_SERIES_MAX = 400;

/** The points of some series, as FROM and WHERE of a statement. `p` is the points table. */
export interface PointSource {
  readonly from: string;
  readonly where: string;
  /** SQL for the unit's number of a point: the caller maps `p.sid` itself when it is undefined. */
  readonly unit: string | undefined;
  drop(): Promise<void>;
}

export interface SourceOptions {
  readonly type: PointType;
  readonly series: readonly Series[];
  /** Units of the series, when points of several series are to be taken together. */
  readonly units?: readonly number[];
}

/**
 * Points of one type. Undefined when there can be none: no table, or a test that no point passes.
 */
export async function pointSource(
  reader: StorageReader,
  spec: ReadSpec,
  options: SourceOptions,
): Promise<PointSource | undefined> {
  const table = reader.pointsTable(spec.bucketId, options.type);
  if (table === undefined || options.series.length === 0) return undefined;
  const conditions = [
    `p.time >= ${spec.bounds.startNs}::BIGINT`,
    `p.time < ${spec.bounds.stopNs}::BIGINT`,
  ];
  for (const test of spec.pointTests) {
    const condition = test(options.type);
    if (condition === false) return undefined;
    if (condition !== true) conditions.push(`(${condition})`);
  }
  const picked = await pickSeries(reader, spec, options);
  if (picked.condition !== '') conditions.push(picked.condition);
  return {
    from: `${table} p${picked.join}`,
    where: conditions.join(' AND '),
    unit: picked.unit,
    drop: () => picked.selection?.drop() ?? Promise.resolve(),
  };
}

interface Picked {
  readonly join: string;
  readonly condition: string;
  readonly unit: string | undefined;
  readonly selection: Selection | undefined;
}

async function pickSeries(
  reader: StorageReader,
  spec: ReadSpec,
  { type, series, units }: SourceOptions,
): Promise<Picked> {
  const single = units?.every((unit) => unit === units[0]) ?? false;
  const unit = single ? String(units?.[0] ?? 0) : undefined;
  if (units === undefined || single) {
    // All that the bucket has of the type: no condition is needed.
    if (indexOf(reader.series(spec.bucketId)).countOf(type) === series.length) {
      return { join: '', condition: '', unit, selection: undefined };
    }
    if (series.length <= LISTED_SERIES_MAX) {
      return { join: '', condition: listCondition(series), unit, selection: undefined };
    }
  }
  const rows = series.map((one, index) => ({
    sid: one.sid,
    unit: units?.[index] ?? 0,
    group: 0,
  }));
  const selection = await reader.select(rows);
  const join = ` JOIN ${selection.table} s ON s.sid = p.sid`;
  return { join, condition: '', unit: units === undefined || single ? unit : 's.u', selection };
}

/**
 * A join, not comparisons: it is faster for more than a few, and it gathers the rows. A scan that
 * only compares hands on each row that it finds in a chunk of its own.
 */
function listCondition(series: readonly Series[]): string {
  return `p.sid IN (SELECT unnest([${series.map((one) => one.sid).join(',')}]))`;
}
