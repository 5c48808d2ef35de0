import type { Series, StorageReader } from '../../storage/contract.ts';
import { compareText } from '../tables/table.ts';
import { labelOf, labelsOf } from './labels-of.ts';
import type { ReadSpec } from './source.ts';
import { selectSeries } from './source.ts';

/** Questions that the dictionary answers without reading a point. */

/** The values of a tag, `_measurement` or `_field`, sorted. */
export function labelValues(reader: StorageReader, spec: ReadSpec, label: string): string[] {
  const values = new Set<string>();
  for (const series of selectSeries(reader, spec)) {
    const value = labelOf(series, label);
    if (value !== undefined) values.add(value);
  }
  return [...values].sort(compareText);
}

/** The names that group keys have: InfluxDB lists its two bounds first. */
export function labelNames(reader: StorageReader, spec: ReadSpec): string[] {
  const names = new Set<string>();
  for (const series of selectSeries(reader, spec)) {
    for (const [label] of labelsOf(series)) names.add(label);
  }
  return ['_start', '_stop', ...[...names].sort(compareText)];
}

/** How many series (measurement and tags, whatever the fields) there are. */
export function cardinality(reader: StorageReader, spec: ReadSpec): number {
  const keys = new Set<string>();
  for (const series of selectSeries(reader, spec)) keys.add(seriesText(series));
  return keys.size;
}

function seriesText({ measurement, tags }: Series): string {
  let text = measurement;
  for (const [key, value] of tags) text += `\u0000${key}\u0001${value}`;
  return text;
}
