/** The text format of Prometheus, as far as `/metrics` writes it. Pure: no page needed. */

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Samples by the name of their metric. */
export type Metrics = ReadonlyMap<string, readonly Sample[]>;

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+([+-]?(?:Inf|NaN|[\d.][\d.eE+-]*))(?:\s|$)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n' };

/** Other lines are left out; so are buckets of histograms, which nothing here shows. */
export function parseMetrics(text: string): Metrics {
  const found = new Map<string, Sample[]>();
  for (const line of text.split('\n')) {
    const [, name, labels = '', value = ''] = LINE.exec(line) ?? [];
    if (name === undefined || name.endsWith('_bucket')) continue;
    const samples = found.get(name) ?? [];
    samples.push({ labels: labelsOf(labels), value: numberOf(value) });
    found.set(name, samples);
  }
  return found;
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = '', raw = ''] of text.matchAll(LABEL)) {
    labels[name] = raw.replace(/\\(.)/g, (_, sign: string) => ESCAPES[sign] ?? sign);
  }
  return labels;
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

/** The sum of its samples; undefined: there is no such metric here. */
export function sumOf(
  metrics: Metrics,
  name: string,
  fits: (labels: Sample['labels']) => boolean = () => true,
): number | undefined {
  const samples = metrics.get(name)?.filter(({ labels }) => fits(labels));
  return samples?.reduce((sum, { value }) => sum + value, 0);
}

/** Sums by one of its labels. */
export function sumsBy(metrics: Metrics, name: string, label: string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { labels, value } of metrics.get(name) ?? []) {
    const key = labels[label] ?? '';
    sums.set(key, (sums.get(key) ?? 0) + value);
  }
  return sums;
}
