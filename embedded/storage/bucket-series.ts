import type { PointField, PointType, Series } from './contract.ts';
import { compareSeries, mergeSeries } from './order.ts';
import { RawKeys } from './raw-keys.ts';
import type { GroupField, SeriesGroup, TypeConflict } from './target.ts';
import { codeOf, typeOfCode } from './types.ts';

/** More raw spellings than this over four a group: some client shuffles its tags; start again. */
const RAW_KEYS_SLACK = 65_536;

/** A field's name that stands in a line as it is. */
const PLAIN_NAME = /^[^\p{Cc} ",=\\]+$/u;
/** So many names are shared; InfluxDB's own users have some hundreds. */
const NAMES_SHARED_MAX = 4_096;
const NO_BYTES = new Uint8Array(0);

interface Group extends SeriesGroup {
  readonly key: string;
  readonly fields: GroupField[];
  readonly byName: Map<string, GroupField>;
}

interface FieldUse {
  readonly code: number;
  seriesCount: number;
}

/** The series of one bucket: which exist, in which order, and of which type each field is. */
export class BucketSeries {
  readonly rawKeys = new RawKeys();
  readonly #groups = new Map<string, Group>();
  readonly #fieldTypes = new Map<string, Map<string, FieldUse>>();
  /** One object for all series of a name: it stays in the cache, one for each would not. */
  readonly #nameBytes = new Map<string, Uint8Array>();
  readonly #bySid = new Map<number, { group: Group; series: Series }>();
  #ordered: readonly Series[] = [];
  #unordered: Series[] = [];

  /** Every series in InfluxDB's order. The array is replaced, never changed. */
  ordered(): readonly Series[] {
    if (this.#unordered.length > 0) {
      this.#ordered = mergeSeries(this.#ordered, this.#unordered.sort(compareSeries));
      this.#unordered = [];
    }
    return this.#ordered;
  }

  get sids(): IterableIterator<number> {
    return this.#bySid.keys();
  }

  group(measurement: string, tags: readonly (readonly [string, string])[]): Group {
    const key = groupKey(measurement, tags);
    const known = this.#groups.get(key);
    if (known) return known;
    const group: Group = { key, measurement, tags: new Map(tags), fields: [], byName: new Map() };
    this.#groups.set(key, group);
    return group;
  }

  /** The first field that would change its type, if any. */
  conflict(measurement: string, fields: readonly PointField[]): TypeConflict | undefined {
    const known = this.#fieldTypes.get(measurement);
    if (!known) return undefined;
    for (const { name: field, type } of fields) {
      const use = known.get(field);
      if (use && use.code !== codeOf(type)) {
        return { measurement, field, type, existing: typeOfCode(use.code) };
      }
    }
    return undefined;
  }

  add(group: SeriesGroup, series: Series): void {
    const own = this.group(group.measurement, [...group.tags]);
    const { sid, field, type } = series;
    const made = { name: field, sid, code: codeOf(type), bytes: this.#bytesOf(field) };
    own.fields.push(made);
    own.byName.set(field, made);
    this.#bySid.set(sid, { group: own, series });
    this.#unordered.push(series);
    this.#count(series.measurement, field, type, 1);
  }

  #bytesOf(field: string): Uint8Array {
    const known = this.#nameBytes.get(field);
    if (known) return known;
    const bytes = PLAIN_NAME.test(field) ? new TextEncoder().encode(field) : NO_BYTES;
    // Somebody puts data into names: one of them is like the next then.
    if (this.#nameBytes.size < NAMES_SHARED_MAX) this.#nameBytes.set(field, bytes);
    return bytes;
  }

  /** Forgets series whose points are gone, or that were never kept. */
  remove(sids: Iterable<number>): void {
    const gone = new Set<number>();
    const touched = new Set<Group>();
    for (const sid of sids) {
      const known = this.#bySid.get(sid);
      if (!known) continue;
      gone.add(sid);
      this.#bySid.delete(sid);
      const { group, series } = known;
      touched.add(group);
      this.#count(series.measurement, series.field, series.type, -1);
    }
    if (gone.size === 0) return;
    for (const group of touched) this.#forget(group, gone);
    this.#ordered = this.ordered().filter((series) => !gone.has(series.sid));
    this.rawKeys.clear();
  }

  #forget(group: Group, gone: ReadonlySet<number>): void {
    const kept = group.fields.filter((field) => !gone.has(field.sid));
    group.fields.length = 0;
    group.byName.clear();
    for (const field of kept) {
      group.fields.push(field);
      group.byName.set(field.name, field);
    }
    if (kept.length === 0) this.#groups.delete(group.key);
  }

  remember(key: Uint8Array, group: SeriesGroup): void {
    if (this.rawKeys.size > this.#groups.size * 4 + RAW_KEYS_SLACK) this.rawKeys.clear();
    this.rawKeys.add(key, group);
  }

  #count(measurement: string, field: string, type: PointType, by: number): void {
    const fields = this.#fieldTypes.get(measurement) ?? new Map<string, FieldUse>();
    this.#fieldTypes.set(measurement, fields);
    const use = fields.get(field) ?? { code: codeOf(type), seriesCount: 0 };
    use.seriesCount += by;
    if (use.seriesCount > 0) fields.set(field, use);
    else fields.delete(field);
    if (fields.size === 0) this.#fieldTypes.delete(measurement);
  }
}

/** Lengths keep the parts apart: names may hold any character. */
function groupKey(measurement: string, tags: readonly (readonly [string, string])[]): string {
  let key = `${measurement.length}:${measurement}`;
  for (const [name, value] of tags) key += `${name.length}:${name}${value.length}:${value}`;
  return key;
}
