import { type RollupLevel, rollupBucket, rollupMeasurement } from '../core/rollups.ts';
import { bind, loadFlux } from './load.ts';

/** Half open; RFC 3339. */
export interface HistoryRange {
  readonly pair: string;
  /** Undefined: all of them. */
  readonly exchange: string | undefined;
  readonly start: string;
  readonly stop: string;
}

export type RollupField = 'first' | 'max' | 'min' | 'last' | 'mean' | 'count';

export interface HistoryQueries {
  /** Prices as they were written: `_time`, `_value`, `exchange`; by exchange, then time. */
  raw(range: HistoryRange): string;
  /**
   * Steps of a level, up to five fields: `_time`, `_value`, `_field`, `exchange`; by field, then
   * exchange, then time.
   */
  rollup(range: HistoryRange, level: RollupLevel, fields: readonly RollupField[]): string;
  /**
   * `task`, `kind`, `_time`, `_value`: of the days from `kept` to `start` how many steps are rolled
   * up (day); from then on the first (first) and newest (last), and those after a gap, with the
   * seconds since the one before (gap).
   */
  marks(range: { readonly kept: string; readonly start: string; readonly stop: string }): string;
}

/** The scripts that read prices of any age, bound to a bucket and those of its roll-ups. */
export function createHistoryQueries({ bucket }: { readonly bucket: string }): HistoryQueries {
  return {
    raw: ({ exchange, ...range }) =>
      exchange === undefined
        ? bind(loadFlux('prices-range'), { bucket, ...range })
        : bind(loadFlux('prices-range-exchange'), { bucket, ...range, exchange }),
    rollup({ exchange, ...range }, level, fields) {
      const values = {
        ...range,
        ...fieldsOf(fields),
        bucket: rollupBucket(bucket, level),
        measurement: rollupMeasurement(level),
      };
      return exchange === undefined
        ? bind(loadFlux('rollup-range'), values)
        : bind(loadFlux('rollup-range-exchange'), { ...values, exchange });
    },
    marks: (range) => bind(loadFlux('rollup-marks'), { bucket, ...range }),
  };
}

/** Five places for one to five names. */
function fieldsOf([a = 'count', b = a, c = a, d = a, e = a]: readonly RollupField[]) {
  return { a, b, c, d, e };
}
