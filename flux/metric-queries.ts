import { bind, loadFlux } from './load.ts';

/** A part of a metric's records. Times are RFC 3339; `stop` is not in it. */
export interface RecordRange {
  /** The tag. */
  readonly pair: string;
  readonly metric: 'price' | 'volume' | 'bid' | 'ask' | 'spread';
  readonly start: string;
  readonly stop: string;
}

export interface MetricQueries {
  /**
   * All exchanges together, a value for each `every`: the mean of their last ones, of volumes the
   * sum. `start` must be the begin of such a window. Columns `_time`, `_value`, by time.
   */
  records(range: RecordRange & { readonly every: string }): string;
  /** Those of one exchange, as they were written. The same columns. */
  exchangeRecords(range: RecordRange & { readonly exchange: string }): string;
  /** Columns `_time`, `late_ms`, `took_ms`, `rows`, `ok`, by time. */
  slots(range: {
    readonly exchange: string;
    readonly start: string;
    readonly stop: string;
  }): string;
}

/** The scripts that answer with what was recorded of a metric, bound to a bucket. */
export function createMetricQueries({ bucket }: { readonly bucket: string }): MetricQueries {
  return {
    records({ metric: field, ...range }) {
      if (field === 'spread') return bind(loadFlux('metric-records-spread'), { bucket, ...range });
      const script = field === 'volume' ? 'metric-records-sum' : 'metric-records';
      return bind(loadFlux(script), { bucket, field, ...range });
    },
    exchangeRecords({ metric: field, ...range }) {
      return field === 'spread'
        ? bind(loadFlux('metric-records-spread-exchange'), { bucket, ...range })
        : bind(loadFlux('metric-records-exchange'), { bucket, field, ...range });
    },
    slots: (range) => bind(loadFlux('exchange-slots'), { bucket, ...range }),
  };
}
