import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

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

/**
 * The one list of metrics of a process. Parts never import this: they take `Count`, `Level` and
 * `Spread` (or interfaces of their own of the same shape) from whoever builds them.
 */
export interface Metrics {
  count(spec: MetricSpec): Count;
  level(spec: MetricSpec): Level;
  spread(spec: MetricSpec & { readonly buckets: readonly number[] }): Spread;
  /** Runs before each reading, to set levels from live state instead of polling it. */
  onRead(refresh: () => void | Promise<void>): void;
  /** All metrics in the Prometheus text format. */
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
}

const PREFIX = 'tidemark_';

/** A registry of its own, so that two processes in one test do not share counters. */
export function createMetrics(options: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  const refreshes: (() => void | Promise<void>)[] = [];
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  const common = (spec: MetricSpec) => ({
    name: `${PREFIX}${spec.name}`,
    help: spec.help,
    labelNames: [...(spec.labels ?? [])],
    registers: [registry],
  });
  return {
    count(spec) {
      const counter = new Counter(common(spec));
      if (!spec.labels?.length) counter.inc(0);
      return { add: (labels = {}, by = 1) => counter.inc(labels, by) };
    },
    level(spec) {
      const gauge = new Gauge(common(spec));
      return { set: (value, labels = {}) => gauge.set(labels, value) };
    },
    spread(spec) {
      const histogram = new Histogram({ ...common(spec), buckets: [...spec.buckets] });
      return { observe: (value, labels = {}) => histogram.observe(labels, value) };
    },
    onRead: (refresh) => void refreshes.push(refresh),
    async read() {
      await Promise.all(refreshes.map((refresh) => refresh()));
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
