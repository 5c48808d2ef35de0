import { createHash } from 'node:crypto';
import { formatMs } from './duration.ts';
import { TidemarkError } from './errors.ts';
import { type Measurement, measurements } from './measurements.ts';

/**
 * What is watched: fields of `price`, and how long a scan took. A rule is evaluated once for all
 * who want it; which of its series somebody is told of is the matter of the subscription.
 */
export const alertMetrics = ['price', 'bid', 'ask', 'volume', 'quote_volume', 'latency'] as const;
export type AlertMetric = (typeof alertMetrics)[number];

export type AlertDirection = 'above' | 'below';

/** What a Flux task evaluates, each step. */
export interface AlertRule {
  /** Names all that follows: rules of the same key are the same rule. */
  readonly key: string;
  readonly kind: 'ratio' | 'threshold' | 'canary';
  readonly metric: AlertMetric;
  readonly direction: AlertDirection;
  /** Of a ratio: how many times the mean (above), or which part of it (below). */
  readonly factor: number | null;
  /** Of a threshold. */
  readonly limit: number | null;
  /** Of a ratio: how long before the step the mean is taken of, milliseconds. Otherwise 0. */
  readonly windowMs: number;
  /** Of a threshold: the only ones that are read, ascending; null: all. */
  readonly pairs: readonly string[] | null;
  readonly exchanges: readonly string[] | null;
  /** Of a threshold of the latency. */
  readonly monitors: readonly string[] | null;
}

export const alertDefaults = {
  metrics: ['price', 'volume'],
  direction: 'above',
  factor: 3,
  windowMs: 3_600_000,
  minSamples: 10,
  /** How often rules are evaluated. */
  everyMs: 60_000,
} as const satisfies {
  metrics: readonly AlertMetric[];
  direction: AlertDirection;
  [name: string]: unknown;
};

export const alertBounds = {
  windowMs: [300_000, 604_800_000],
  /** Above this there is nothing that a market does. */
  factorMax: 1_000_000,
  /** With fewer there is no mean to speak of: the rules find nothing of such series. */
  minSamples: 2,
  /** Names in a list of a threshold. */
  names: 50,
} as const;

export interface RatioSpec {
  /** Price and volume by default. */
  readonly metrics?: readonly AlertMetric[] | undefined;
  readonly direction?: AlertDirection | 'either' | undefined;
  readonly factor?: number | undefined;
  readonly windowMs?: number | undefined;
}

/**
 * A rule for each metric, and for each direction where it is `either`.
 * @throws TidemarkError `invalid` for a factor or a window out of bounds.
 */
export function ratioRules(spec: RatioSpec): AlertRule[] {
  const { metrics, direction, factor, windowMs } = { ...alertDefaults, ...given(spec) };
  const { factorMax, windowMs: bounds } = alertBounds;
  refuseUnless(factor > 1 && factor <= factorMax, 'factor', `more than 1, at most ${factorMax}`);
  const [shortest, longest] = bounds;
  refuseUnless(
    Number.isInteger(windowMs) && windowMs >= shortest && windowMs <= longest,
    'window',
    `from ${formatMs(shortest)} to ${formatMs(longest)}`,
  );
  const directions: AlertDirection[] = direction === 'either' ? ['above', 'below'] : [direction];
  return distinct(metrics).flatMap((metric) =>
    directions.map((way) => ({
      key: `ratio-${metric}-${way}-${factor}-${formatMs(windowMs)}`,
      kind: 'ratio' as const,
      ...{ metric, direction: way, factor, limit: null, windowMs },
      ...{ pairs: null, exchanges: null, monitors: null },
    })),
  );
}

export interface ThresholdSpec {
  readonly metrics: readonly AlertMetric[];
  /** One of them, or both: a rule each. */
  readonly above?: number | undefined;
  readonly below?: number | undefined;
  readonly pairs?: readonly string[] | null | undefined;
  readonly exchanges?: readonly string[] | null | undefined;
  readonly monitors?: readonly string[] | null | undefined;
}

/**
 * A rule for each metric and limit. A latency has no pairs and exchanges, the others no monitors.
 * @throws TidemarkError `invalid` without a finite limit, or with too many names.
 */
export function thresholdRules(spec: ThresholdSpec): AlertRule[] {
  const limits = (['above', 'below'] as const).flatMap((direction) => {
    const limit = spec[direction];
    if (limit === undefined) return [];
    refuseUnless(Number.isFinite(limit), direction, 'a number');
    return [{ direction, limit: limit === 0 ? 0 : limit }];
  });
  refuseUnless(limits.length > 0, 'above or below', 'a number');
  return distinct(spec.metrics).flatMap((metric) => {
    const latency = metric === 'latency';
    const names = {
      pairs: latency ? null : namesOf('pairs', spec.pairs),
      exchanges: latency ? null : namesOf('exchanges', spec.exchanges),
      monitors: latency ? namesOf('monitors', spec.monitors) : null,
    };
    return limits.map(({ direction, limit }) => ({
      key: `threshold-${metric}-${direction}-${limit}${scopeText(names)}`,
      kind: 'threshold' as const,
      ...{ metric, direction, factor: null, limit, windowMs: 0 },
      ...names,
    }));
  });
}

/** Finds one series in each step: what the way from there to a receiver is measured by. */
export const canaryRule: AlertRule = {
  ...{ key: 'canary', kind: 'canary', metric: 'price', direction: 'above' },
  ...{ factor: null, limit: null, windowMs: 0, pairs: null, exchanges: null, monitors: null },
};

/** Where the points of a rule are, and which tags tell its series apart. */
export function measurementOf({ metric }: Pick<AlertRule, 'metric'>): {
  readonly measurement: Measurement;
  readonly field: string;
  readonly tags: readonly string[];
} {
  const measurement = metric === 'latency' ? 'scan' : 'price';
  const field = metric === 'latency' ? 'total_ms' : metric;
  return { measurement, field, tags: measurements[measurement].tags };
}

/** Names of series, over all kinds of alerts: what a window is counted for. */
export const alertSeries = {
  market: (metric: AlertMetric, exchange: string, pair: string) => `${metric}:${exchange}:${pair}`,
  latency: (monitor: number | string) => `latency:${monitor}`,
  scan: (monitor: number | string) => `scan:${monitor}`,
  article: (id: number | string) => `article:${id}`,
  fresh: (exchange: string, pair: string, kind: string) => `fresh:${exchange}:${pair}:${kind}`,
  canary: () => 'canary',
} as const;

/** Readable as far as it is short; the digest tells what is behind it apart. */
function scopeText(names: Pick<AlertRule, 'pairs' | 'exchanges' | 'monitors'>): string {
  const lists = [names.pairs, names.exchanges, names.monitors];
  if (lists.every((list) => list === null)) return '';
  const digest = createHash('sha256').update(JSON.stringify(lists)).digest('hex').slice(0, 8);
  const shown = (lists.find((list) => list !== null)?.[0] ?? '').replace(/[^a-z0-9-]/g, '');
  return `-${shown.slice(0, SHOWN_MAX)}~${digest}`;
}

const SHOWN_MAX = 24;

function namesOf(what: string, names: readonly string[] | null | undefined): string[] | null {
  if (names === null || names === undefined) return null;
  const { names: most } = alertBounds;
  const sorted = distinct(names).sort();
  const fits = sorted.length > 0 && sorted.length <= most && !sorted.includes('');
  refuseUnless(fits, what, `1 to ${most} names`);
  return sorted;
}

function distinct<T>(list: readonly T[]): T[] {
  return [...new Set(list)];
}

function given<T extends object>(spec: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(spec).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function refuseUnless(fits: boolean, option: string, expected: string): void {
  if (!fits) {
    throw new TidemarkError('invalid', `${option} does not fit`, { details: { option, expected } });
  }
}
