import { BucketSeries } from './bucket-series.ts';
import type { PointField, Series } from './contract.ts';
import type { TableSet } from './table-set.ts';
import type { SeriesGroup } from './target.ts';
import { codeOf, typeOfCode } from './types.ts';

const FIRST_CAPACITY = 4096;
const NEVER = -(2n ** 63n);

export interface StoredSeries {
  readonly bucketId: string;
  readonly series: Series;
}

/**
 * All series of all buckets, in memory. A series that is new here is kept in `unsaved` until a
 * commit has written it in the same transaction as its points.
 */
export class Dictionary {
  /** Newest time ever written per sid; at or before it a point may be a duplicate. */
  last = new BigInt64Array(FIRST_CAPACITY).fill(NEVER);
  /** Number of its table, per sid. */
  tables = new Int32Array(FIRST_CAPACITY);
  readonly #tableSet: TableSet;
  #nextSid = 1;
  readonly #buckets = new Map<string, BucketSeries>();
  #unsaved: StoredSeries[] = [];

  constructor(tableSet: TableSet) {
    this.#tableSet = tableSet;
  }

  bucket(bucketId: string): BucketSeries {
    const known = this.#buckets.get(bucketId);
    if (known) return known;
    const bucket = new BucketSeries();
    this.#buckets.set(bucketId, bucket);
    return bucket;
  }

  get unsaved(): readonly StoredSeries[] {
    return this.#unsaved;
  }

  markSaved(count: number): void {
    this.#unsaved.splice(0, count);
  }

  /** Takes back the series that were made after the first `count` unsaved ones. */
  rollback(count: number): void {
    const undone = new Map<string, number[]>();
    for (const { bucketId, series } of this.#unsaved.splice(count)) {
      const sids = undone.get(bucketId);
      if (sids) sids.push(series.sid);
      else undone.set(bucketId, [series.sid]);
    }
    for (const [bucketId, sids] of undone) this.bucket(bucketId).remove(sids);
  }

  create(bucketId: string, group: SeriesGroup, field: PointField): Series {
    const series: Series = {
      sid: this.#nextSid++,
      measurement: group.measurement,
      field: field.name,
      type: typeOfCode(codeOf(field.type)),
      tags: group.tags,
    };
    this.#register(bucketId, group, series);
    this.#unsaved.push({ bucketId, series });
    return series;
  }

  /** A series read back from disk; series of one group must share the order of their tags. */
  restore(stored: StoredSeries): void {
    const { bucketId, series } = stored;
    const group = this.bucket(bucketId).group(series.measurement, [...series.tags]);
    this.#nextSid = Math.max(this.#nextSid, series.sid + 1);
    this.#register(bucketId, group, { ...series, tags: group.tags });
  }

  setLast(sid: number, timeNs: bigint): void {
    this.last[sid] = timeNs;
  }

  /** Series of the bucket without a point at or after `timeNs`. */
  olderThan(bucketId: string, timeNs: bigint): number[] {
    const sids: number[] = [];
    for (const sid of this.bucket(bucketId).sids) {
      if (this.last[sid]! < timeNs) sids.push(sid);
    }
    return sids;
  }

  dropBucket(bucketId: string): void {
    this.#buckets.delete(bucketId);
    this.#unsaved = this.#unsaved.filter((stored) => stored.bucketId !== bucketId);
  }

  #register(bucketId: string, group: SeriesGroup, series: Series): void {
    if (series.sid >= this.last.length) this.#grow(series.sid + 1);
    this.tables[series.sid] = this.#tableSet.numberOf(bucketId, codeOf(series.type));
    this.bucket(bucketId).add(group, series);
  }

  #grow(wanted: number): void {
    let capacity = this.last.length;
    while (capacity < wanted) capacity *= 2;
    const last = new BigInt64Array(capacity).fill(NEVER);
    last.set(this.last);
    const tables = new Int32Array(capacity);
    tables.set(this.tables);
    this.last = last;
    this.tables = tables;
  }
}
