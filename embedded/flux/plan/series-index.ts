import type { PointType, Series } from '../../storage/contract.ts';
import { labelOf } from './labels-of.ts';

/** The positions of series by the values of their labels, made when a label is first asked for. */
export class SeriesIndex {
  readonly #series: readonly Series[];
  readonly #labels = new Map<string, ReadonlyMap<string | undefined, readonly number[]>>();
  readonly #types = new Map<PointType, number>();

  constructor(series: readonly Series[]) {
    this.#series = series;
    for (const { type } of series) this.#types.set(type, (this.#types.get(type) ?? 0) + 1);
  }

  countOf(type: PointType): number {
    return this.#types.get(type) ?? 0;
  }

  /** Each value (undefined: the series lacks the label) and the series that have it, in order. */
  positions(label: string): ReadonlyMap<string | undefined, readonly number[]> {
    const known = this.#labels.get(label);
    if (known !== undefined) return known;
    const made = new Map<string | undefined, number[]>();
    this.#series.forEach((one, position) => {
      const value = labelOf(one, label);
      const found = made.get(value);
      if (found === undefined) made.set(value, [position]);
      else found.push(position);
    });
    this.#labels.set(label, made);
    return made;
  }
}

const indexes = new WeakMap<readonly Series[], SeriesIndex>();

/** Storage hands out a new array whenever a series comes or goes: its index lives as long as it. */
export function indexOf(series: readonly Series[]): SeriesIndex {
  const known = indexes.get(series);
  if (known !== undefined) return known;
  const made = new SeriesIndex(series);
  indexes.set(series, made);
  return made;
}
