import { type AlertMetric, measurementOf } from '../core/alert-rules.ts';
import { justAfter, patternOf, type StepRange } from './alert-queries.ts';
import { bind, loadFlux } from './load.ts';

export interface PreviewSeries extends StepRange {
  readonly metric: AlertMetric;
  /** Null: all. */
  readonly pairs: readonly string[] | null;
  readonly exchanges: readonly string[] | null;
  readonly monitors: readonly string[] | null;
}

export interface PreviewQueries {
  /** `_value`, the number of points of each series, and its tags. */
  size(wanted: PreviewSeries): string;
  /** `_time`, `_value` and the tags, one series after the other, each by time. */
  points(wanted: PreviewSeries): string;
}

/** What an alert would have seen, bound to a bucket. */
export function createPreviewQueries({ bucket }: { readonly bucket: string }): PreviewQueries {
  const bound = (file: string, { metric, ...wanted }: PreviewSeries) => {
    const { measurement, field } = measurementOf({ metric });
    return bind(loadFlux(file), {
      ...{ bucket, measurement, field },
      pairs: patternOf(wanted.pairs ?? []),
      exchanges: patternOf(wanted.exchanges ?? []),
      monitors: patternOf(wanted.monitors ?? []),
      start: justAfter(wanted.fromMs),
      stop: justAfter(wanted.toMs),
    });
  };
  return {
    size: (wanted) => bound('preview-size', wanted),
    points: (wanted) => bound('preview-points', wanted),
  };
}
