import { FluxError } from '../error.ts';
import type { Column } from '../values/value.ts';
import type { Aggregate } from './aggregate.ts';
import { numbersOf } from './aggregate.ts';
import { rawAt } from './column.ts';
import { compareRaw } from './table.ts';

/** The value between the two nearest ranks. Floats only, as in InfluxDB. */
export function exactMean(q: number): Aggregate {
  return (column, rowCount) => {
    if (column.type !== 'double') throw new FluxError('unsupported aggregate column type');
    const numbers = numbersOf(column, rowCount).slice().sort();
    if (numbers.length === 0) return { type: 'double', raw: null };
    const x = q * (numbers.length - 1);
    const low = Math.floor(x);
    const high = Math.ceil(x);
    const left = numbers[low] as number;
    if (low === high) return { type: 'double', raw: left };
    return { type: 'double', raw: left * (high - x) + (numbers[high] as number) * (x - low) };
  };
}

/** The row whose value stands at the quantile's rank; undefined when every value is null. */
export function quantileRow(column: Column, rowCount: number, q: number): number | undefined {
  const rows: number[] = [];
  for (let row = 0; row < rowCount; row++) if (rawAt(column, row) !== null) rows.push(row);
  if (rows.length === 0) return undefined;
  rows.sort((a, b) => compareRaw(rawAt(column, a), rawAt(column, b)));
  const index = Math.ceil(q * rows.length);
  return rows[index > 0 ? index - 1 : 0];
}

export function estimate(q: number, compression: number): Aggregate {
  return (column, rowCount) => {
    const numbers = numbersOf(column, rowCount);
    if (numbers.length === 0) return { type: 'double', raw: null };
    const digest = new Digest(compression === 0 ? 1000 : compression);
    for (const value of numbers) digest.add(value);
    return { type: 'double', raw: digest.quantile(q) };
  };
}

/**
 * Merging t-digest (Dunning and Ertl, "Computing extremely accurate quantiles using t-digests"),
 * with the buffer sizes and the arcsine scale that InfluxDB uses, so that estimates agree.
 */
class Digest {
  readonly #compression: number;
  readonly #pendingMax: number;
  #means: Float64Array;
  #weights: Float64Array;
  #count = 0;
  #pending: Float64Array;
  #pendingCount = 0;
  #weight = 0;
  #min = Number.MAX_VALUE;
  #max = -Number.MAX_VALUE;

  constructor(compression: number) {
    const size = Math.ceil(compression);
    this.#compression = compression;
    this.#pendingMax = 8 * size;
    this.#pending = new Float64Array(Math.min(this.#pendingMax + 1, 1024));
    this.#means = new Float64Array(0);
    this.#weights = new Float64Array(0);
  }

  add(value: number): void {
    if (Number.isNaN(value)) return;
    if (this.#pendingCount === this.#pending.length) this.#growPending();
    this.#pending[this.#pendingCount++] = value;
    if (this.#pendingCount > this.#pendingMax) this.#process();
  }

  #growPending(): void {
    const size = Math.min(this.#pending.length * 2, this.#pendingMax + 1);
    const grown = new Float64Array(size);
    grown.set(this.#pending);
    this.#pending = grown;
  }

  /** Merges what is pending into the centroids. */
  #process(): void {
    if (this.#pendingCount === 0) return;
    const fresh = this.#pending.subarray(0, this.#pendingCount).slice().sort();
    const total = fresh.length + this.#count;
    const sortedMeans = new Float64Array(total);
    const sortedWeights = new Float64Array(total);
    for (let at = 0, i = 0, j = 0; at < total; at++) {
      const old = i < this.#count ? (this.#means[i] as number) : Number.POSITIVE_INFINITY;
      if (j < fresh.length && (i >= this.#count || (fresh[j] as number) <= old)) {
        sortedMeans[at] = fresh[j++] as number;
        sortedWeights[at] = 1;
      } else {
        sortedMeans[at] = old;
        sortedWeights[at] = this.#weights[i++] as number;
      }
    }
    this.#weight += this.#pendingCount;
    this.#pendingCount = 0;
    this.#compress(sortedMeans, sortedWeights);
  }

  #compress(means: Float64Array, weights: Float64Array): void {
    let last = 0;
    let soFar = weights[0] as number;
    let limit = this.#weight * this.#integratedQ(1);
    for (let i = 1; i < means.length; i++) {
      const weight = weights[i] as number;
      if (soFar + weight <= limit) {
        soFar += weight;
        const sum = (weights[last] as number) + weight;
        weights[last] = sum;
        means[last] =
          (means[last] as number) +
          (weight * ((means[i] as number) - (means[last] as number))) / sum;
      } else {
        limit = this.#weight * this.#integratedQ(this.#location(soFar / this.#weight) + 1);
        soFar += weight;
        last += 1;
        means[last] = means[i] as number;
        weights[last] = weight;
      }
    }
    this.#count = last + 1;
    this.#means = means.slice(0, this.#count);
    this.#weights = weights.slice(0, this.#count);
    this.#min = Math.min(this.#min, this.#means[0] as number);
    this.#max = Math.max(this.#max, this.#means[last] as number);
  }

  quantile(q: number): number {
    this.#process();
    if (q < 0 || q > 1 || this.#count === 0) return Number.NaN;
    const mean = (i: number) => this.#means[i] as number;
    const weight = (i: number) => this.#weights[i] as number;
    if (this.#count === 1) return mean(0);
    const index = q * this.#weight;
    if (index <= weight(0) / 2) {
      return this.#min + ((2 * index) / weight(0)) * (mean(0) - this.#min);
    }
    const cumulative = this.#cumulative();
    const lower = cumulative.findIndex((value) => value >= index);
    if (lower + 1 !== cumulative.length) {
      const left = index - (cumulative[lower - 1] as number);
      const right = (cumulative[lower] as number) - index;
      return weightedAverage([mean(lower - 1), right], [mean(lower), left]);
    }
    const z1 = index - this.#weight - weight(lower - 1) / 2;
    const z2 = weight(lower - 1) / 2 - z1;
    return weightedAverage([mean(this.#count - 1), z1], [this.#max, z2]);
  }

  #cumulative(): Float64Array {
    const out = new Float64Array(this.#count + 1);
    let before = 0;
    for (let i = 0; i < this.#count; i++) {
      const current = this.#weights[i] as number;
      out[i] = before + current / 2;
      before += current;
    }
    out[this.#count] = before;
    return out;
  }

  #integratedQ(k: number): number {
    const share = (Math.min(k, this.#compression) * Math.PI) / this.#compression;
    return (Math.sin(share - Math.PI / 2) + 1) / 2;
  }

  #location(q: number): number {
    return (this.#compression * (Math.asin(2 * q - 1) + Math.PI / 2)) / Math.PI;
  }
}

type Weighted = readonly [value: number, weight: number];

function weightedAverage(a: Weighted, b: Weighted): number {
  const [low, high] = a[0] <= b[0] ? [a, b] : [b, a];
  const value = (low[0] * low[1] + high[0] * high[1]) / (low[1] + high[1]);
  return Math.max(low[0], Math.min(value, high[0]));
}
