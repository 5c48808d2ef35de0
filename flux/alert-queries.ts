import { type AlertRule, alertSeries, measurementOf } from '../core/alert-rules.ts';
import { bind, loadFlux } from './load.ts';

/** A half open range of steps: what is after `fromMs`, up to `toMs` itself. */
export interface StepRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The tags that tell a series apart; those that it does not have are null. */
export interface SeriesTags {
  readonly exchange: string | null;
  readonly pair: string | null;
  readonly monitor: string | null;
}

export interface AlertQueries {
  /** `task`, `_time`, `_value`: of all rules, the steps that end in the range. */
  marks(range: StepRange): string;
  /** `_time`, `_field` (value, average, samples), `_value`, and the tags that there are. */
  found(rule: AlertRule, range: StepRange): string;
  /** `_time`, `_value` and the tags: up to `newest` points of each of these, and of a few others. */
  recent(rule: AlertRule, series: readonly SeriesTags[], recent: RecentRange): string;
  /** `_field` (rank, of), `_value`, `exchange`, `pair`: of these, and of a few others. */
  ranks(series: readonly SeriesTags[], atMs: number): string;
  /** `_time`, `exchange`, `pair`. */
  backfilled(range: StepRange): string;
  /** The tags of the series that have points in the range. */
  seen(rule: AlertRule, range: StepRange): string;
  /** A script that shows what a firing was about, as it stands. */
  check(rule: AlertRule, series: SeriesTags, step: StepRange): string;
}

export interface RecentRange extends StepRange {
  readonly newest: number;
}

/** What a task puts before a rule's key, in the tag `task` of its marks. */
export const ALERT_MARK = 'alert-';

/** A rank older than this says nothing about the time of a firing. */
const RANK_AGE_MS = 3_600_000;
/** What stands beside the firing of a rule that has no window. */
const CHECK_MS = 3_600_000;

/** The scripts that read what the rules of alerts found, bound to a bucket. */
export function createAlertQueries({ bucket }: { readonly bucket: string }): AlertQueries {
  return {
    marks: (range) => bind(loadFlux('alert-marks'), { bucket, ...instants(range) }),
    found: (rule, range) =>
      bind(loadFlux('alert-found'), { bucket, rule: rule.key, ...instants(range) }),
    recent: (rule, series, { newest, ...range }) =>
      bind(loadFlux('alert-recent'), {
        ...{ bucket, newest, ...instants(range), ...fieldOf(rule) },
        pairs: patternOf(series.map(({ pair }) => pair)),
        exchanges: patternOf(series.map(({ exchange }) => exchange)),
        monitors: patternOf(series.map(({ monitor }) => monitor)),
      }),
    ranks: (series, atMs) =>
      bind(loadFlux('alert-ranks'), {
        ...{ bucket, ...instants({ fromMs: atMs - RANK_AGE_MS, toMs: atMs }) },
        pairs: patternOf(series.map(({ pair }) => pair)),
        exchanges: patternOf(series.map(({ exchange }) => exchange)),
      }),
    backfilled: (range) => bind(loadFlux('alert-backfilled'), { bucket, ...instants(range) }),
    seen: (rule, range) =>
      bind(loadFlux('alert-seen'), { bucket, ...instants(range), ...fieldOf(rule) }),
    check(rule, { exchange, pair, monitor }, { fromMs, toMs }) {
      const range = {
        start: justAfter(fromMs - (rule.windowMs || CHECK_MS)),
        middle: justAfter(fromMs),
        stop: justAfter(toMs),
      };
      if (rule.metric === 'latency') {
        return bind(loadFlux('alert-check-monitor'), { bucket, monitor: monitor ?? '', ...range });
      }
      const { field } = measurementOf(rule);
      const tags = { exchange: exchange ?? '', pair: pair ?? '' };
      return bind(loadFlux('alert-check-market'), { bucket, field, ...tags, ...range });
    },
  };
}

/**
 * A pattern that fits these names whole and no other; the empty pattern, which a script takes for
 * "all", where there are none.
 */
export function patternOf(names: readonly (string | null)[]): string {
  const texts = [...new Set(names)].filter((name) => name !== null);
  if (texts.length === 0) return '';
  return `^(?:${texts.map((text) => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')).join('|')})$`;
}

/** A range of Flux holds its beginning and not its end, a step its end and not its beginning. */
function instants({ fromMs, toMs }: StepRange) {
  return { start: justAfter(fromMs), stop: justAfter(toMs) };
}

/** A time of Flux, one nanosecond later: what is half open at its end becomes so at its begin. */
export function justAfter(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000001Z');
}

function fieldOf(rule: AlertRule) {
  const { measurement, field } = measurementOf(rule);
  return { measurement, field };
}

/** The name of a series of a rule: what a window is counted for. */
export function seriesOf(rule: AlertRule, { exchange, pair, monitor }: SeriesTags): string {
  if (rule.kind === 'canary') return alertSeries.canary();
  if (rule.metric === 'latency') return alertSeries.latency(monitor ?? '');
  return alertSeries.market(rule.metric, exchange ?? '', pair ?? '');
}
