import type { Series } from '../../storage/contract.ts';
import { compareText } from '../tables/table.ts';

/** Every series' columns beside time and value, by label, as InfluxDB's group key orders them. */
export function labelsOf(series: Series): readonly (readonly [string, string])[] {
  const known = labelCache.get(series);
  if (known !== undefined) return known;
  const labels: [string, string][] = [
    ['_field', series.field],
    ['_measurement', series.measurement],
    ...series.tags,
  ];
  labels.sort((a, b) => compareText(a[0], b[0]));
  labelCache.set(series, labels);
  return labels;
}

const labelCache = new WeakMap<Series, readonly (readonly [string, string])[]>();

/** The value of `_measurement`, `_field` or a tag; undefined where the series has no such tag. */
export function labelOf(series: Series, label: string): string | undefined {
  if (label === '_measurement') return series.measurement;
  return label === '_field' ? series.field : series.tags.get(label);
}
