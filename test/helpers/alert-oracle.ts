/** Series that rules of alerts find or do not find, and a plain computation of which. */
import type { AlertRule } from '../../core/alert-rules.ts';
import { alertSeries } from '../../core/alert-rules.ts';

export interface OddPoint {
  readonly exchange: string;
  readonly pair: string;
  readonly timeMs: number;
  readonly value: number;
}

export interface Finding {
  readonly series: string;
  readonly timeMs: number;
  readonly value: number;
  readonly average: number;
  readonly samples: number;
}

const MINUTE_MS = 60_000;

/**
 * Each pair is a case, of one exchange or two: what stands in the hour before the step that ends at
 * `endMs`, by minutes before its begin (0 is the last moment of the hour), and in the step, by
 * milliseconds before its end.
 */
export function oddSeries(endMs: number): OddPoint[] {
  const middleMs = endMs - MINUTE_MS;
  const points: OddPoint[] = [];
  const add = (pair: string, given: Given, exchange = 'kraken') => {
    for (const [ago, value] of given.hour) {
      points.push({ exchange, pair, timeMs: middleMs - ago * MINUTE_MS, value });
    }
    for (const [ago, value] of given.step) {
      points.push({ exchange, pair, timeMs: endMs - ago, value });
    }
  };
  for (const n of [0, 1, 2, 3, 5, 12, 60]) {
    const hour = every(n, 2);
    add(`exactly${n}`, { hour, step: [[0, 6]] });
    add(`above${n}`, { hour, step: [[0, 6.000000000000001]] });
    add(`third${n}`, { hour, step: [[0, 2 / 3]] });
    add(`below${n}`, { hour, step: [[0, 0.6666666666666665]] });
  }
  // In the order of names, a new series comes first, last, and after one that stopped.
  add('aaa-new', { hour: [], step: [[0, 1_000_000]] });
  add('gone', { hour: every(60, 1), step: [] });
  add('gone-new', { hour: [], step: [[0, 1_000_000]] });
  add('zzz-new', { hour: [], step: [[0, 0.000_001]] });
  add('new-elsewhere', { hour: every(60, 1), step: [[0, 1]] });
  add('new-elsewhere', { hour: [], step: [[0, 50]] }, 'okx');
  add('zero', { hour: every(60, 0), step: [[0, 5]] });
  add('negative', { hour: every(60, -2), step: [[0, 9]] });
  add('to-negative', { hour: every(60, 2), step: [[0, -9]] });
  add('tiny', { hour: every(60, 1e-300), step: [[0, 3.1e-300]] });
  add('huge', { hour: every(60, 1e306), step: [[0, 1e307]] });
  add('infinite-mean', { hour: every(60, 1.7e308), step: [[0, 1]] });
  add('to-infinity', { hour: every(60, 1e308), step: [[0, 1.7e308]] });
  add('several', {
    hour: every(60, 1),
    step: [
      ...[[45_000, 4] as const, [30_000, 9] as const, [20_000, 9] as const],
      ...[[10_000, 0.01] as const, [0, 5] as const],
    ],
  });
  add('gaps', {
    hour: [[0, 1] as const, [33, 1] as const, [59, 1] as const],
    step: [[1_000, 3.5]],
  });
  // The hour ends with the begin of the step, and the step with its end.
  add('edge-old', { hour: [[60, 1_000] as const, ...every(5, 1)], step: [[0, 3.5]] });
  add('edge-first', { hour: [...every(5, 1), [59.999, 1] as const], step: [[59_999, 3.5]] });
  add('edge-later', { hour: every(60, 1), step: [[-1, 100]] });
  const spikes = [1, 2, 3].map((ago) => [ago, 100] as const);
  add('spike-stays', { hour: [...spikes, ...every(5, 1)], step: [[0, 100]] });
  add('odd name,=(x)|y', { hour: every(60, 1), step: [[0, 4]] }, 'ex.with (dots)');
  return points;
}

interface Given {
  readonly hour: readonly (readonly [minutesAgo: number, value: number])[];
  readonly step: readonly (readonly [msAgo: number, value: number])[];
}

function every(n: number, value: number): (readonly [number, number])[] {
  return Array.from({ length: n }, (_, i) => [(i * 60) / n, value] as const);
}

/** As the rule is meant, from all points, by series and time. */
export function findings(
  rule: AlertRule,
  points: readonly OddPoint[],
  { endMs, stepMs }: { readonly endMs: number; readonly stepMs: number },
): Finding[] {
  const { windowMs, direction, factor, metric } = rule;
  const series = new Map<string, OddPoint[]>();
  for (const point of points) {
    const name = alertSeries.market(metric, point.exchange, point.pair);
    series.set(name, [...(series.get(name) ?? []), point]);
  }
  const middleMs = endMs - stepMs;
  const found = [...series].flatMap(([name, list]): Finding[] => {
    const sorted = [...list].sort((a, b) => a.timeMs - b.timeMs);
    const window = sorted.filter((p) => p.timeMs > middleMs - windowMs && p.timeMs <= middleMs);
    const step = sorted.filter((p) => p.timeMs > middleMs && p.timeMs <= endMs);
    const extreme = direction === 'above' ? Math.max : Math.min;
    const value = extreme(...step.map((p) => p.value));
    const point = step.find((p) => p.value === value);
    const average = window.reduce((sum, p) => sum + p.value, 0) / window.length;
    const fits = window.length >= 2 && average > 0 && Number.isFinite(average);
    if (point === undefined || !fits || factor === null) return [];
    const fires = direction === 'above' ? value > factor * average : value < average / factor;
    if (!fires) return [];
    return [{ series: name, timeMs: point.timeMs, value, average, samples: window.length }];
  });
  return found.sort((a, b) => (a.series < b.series ? -1 : 1));
}
