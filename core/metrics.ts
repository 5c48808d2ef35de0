import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Clock } from './clock.ts';

/** Label values by label name. Keep them few and bounded: exchanges, reasons, routes; never ids. */
export type Labels = Readonly<Record<string, string | number>>;

export interface Count {
  /** Adds `by` (1 when absent), never negative. */
  add(labels?: Labels, by?: number): void;
}

export interface Level {
  set(value: number, labels?: Labels): void;
}

export interface Spread {
  /** Records one value in the metric's own unit, which its name ends with. */
  observe(value: number, labels?: Labels): void;
}

export interface MetricSpec {
  /** Without the `tidemark_` prefix; ends with the unit: `_seconds`, `_bytes`, `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** A metric as it stands in docs/metrics.md. */
export interface MetricEntry {
  /** Whole, as Prometheus sees it. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

/**
 * The one list of metrics of a process. Parts never import this: they take `Count`, `Level` and
 * `Spread` (or interfaces of their own of the same shape) from whoever builds them.
 */
export interface Metrics {
  count(spec: MetricSpec): Count;
  level(spec: MetricSpec): Level;
  spread(spec: MetricSpec & { readonly buckets: readonly number[] }): Spread;
  /**
   * Runs before each reading, to set levels from live state instead of polling it. One that fails
   * or takes too long leaves its levels as they were.
   */
  onRead(refresh: () => void | Promise<void>): void;
  /** All metrics in the Prometheus text format. */
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Our own, by name. */
  entries(): readonly MetricEntry[];
}

export interface MetricsOptions {
  /** Those of Node and the process too. */
  readonly processMetrics?: boolean;
  /** With it no reading waits longer than two seconds for what is read from elsewhere. */
  readonly clock?: Pick<Clock, 'sleep'>;
}

const PREFIX = 'tidemark_';
const REFRESH_MS_MAX = 2_000;
/** Levels whose names say that they are counters: checks of metrics stumble over them. */
const MISNAMED = ['resources', 'handles', 'requests'].map((what) => `nodejs_active_${what}_total`);

/** A registry of its own, so that two processes in one test do not share counters. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const entries: MetricEntry[] = [];
  const refreshes: Refresh[] = [];
  if (options.processMetrics) {
    collectDefaultMetrics({ register: registry });
    for (const name of MISNAMED) registry.removeSingleMetric(name);
  }
  const common = (type: MetricEntry['type'], spec: MetricSpec) => {
    const entry = { name: `${PREFIX}${spec.name}`, help: spec.help, labels: spec.labels ?? [] };
    entries.push({ ...entry, type });
    const { name, help, labels } = entry;
    return { name, help, labelNames: [...labels], registers: [registry] };
  };
  return {
    count(spec) {
      const counter = new Counter(common('counter', spec));
      if (!spec.labels?.length) counter.inc(0);
      return { add: (labels = {}, by = 1) => counter.inc(labels, by) };
    },
    level(spec) {
      const gauge = new Gauge(common('gauge', spec));
      return { set: (value, labels = {}) => gauge.set(labels, value) };
    },
    spread(spec) {
      const histogram = new Histogram({ ...common('histogram', spec), buckets: [...spec.buckets] });
      return { observe: (value, labels = {}) => histogram.observe(labels, value) };
    },
    onRead: (refresh) => void refreshes.push(refresh),
    async read() {
      await refreshAll(refreshes, options.clock);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
    entries: () => [...entries].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

type Refresh = () => void | Promise<void>;

/**
 * Metrics are wanted most while something is away, so nothing that is away keeps them: a refresh
 * that is late goes on behind the reading.
 */
async function refreshAll(refreshes: readonly Refresh[], clock: MetricsOptions['clock']) {
  const all = Promise.allSettled(refreshes.map(async (refresh) => refresh()));
  if (clock === undefined) return void (await all);
  const done = new AbortController();
  const late = clock.sleep(REFRESH_MS_MAX, done.signal).catch(() => 'they came in time');
  await Promise.race([all, late]);
  done.abort();
}
