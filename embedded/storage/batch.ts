import type { ParsedPoint, PointField, WriteResult } from './contract.ts';
import type { Dictionary } from './dictionary.ts';
import { bigHigh, bigLow } from './int64.ts';
import type { RawKeys } from './raw-keys.ts';
import { quoted, Refusals } from './refusals.ts';
import type { RowBuffer } from './rows.ts';
import type { PointTarget, SeriesGroup } from './target.ts';
import { BOOL, codeOf, DOUBLE, STRING, STRING_BYTES_MAX } from './types.ts';

const NO_BOUND = -(2n ** 63n);

export interface BatchOptions {
  readonly dictionary: Dictionary;
  readonly rows: RowBuffer;
  readonly bucketId: string;
  /** 0: kept for ever. */
  readonly retentionNs: bigint;
  readonly nowNs: bigint;
}

/** One request inside a commit: resolves its series, refuses what must not be kept. */
export class Batch implements PointTarget {
  readonly rows: RowBuffer;
  readonly oldestHigh: number;
  readonly oldestLow: number;
  readonly keys: RawKeys;
  readonly #dictionary: Dictionary;
  readonly #bucketId: string;
  readonly #oldestNs: bigint;
  readonly #refusals: Refusals;
  readonly #firstRow: number;
  readonly #firstString: number;
  readonly #firstSeries: number;

  constructor(options: BatchOptions) {
    const { dictionary, rows, bucketId, retentionNs, nowNs } = options;
    this.rows = rows;
    this.#dictionary = dictionary;
    this.#bucketId = bucketId;
    this.keys = dictionary.bucket(bucketId).rawKeys;
    this.#oldestNs = retentionNs > 0n ? nowNs - retentionNs : NO_BOUND;
    this.oldestHigh = bigHigh(this.#oldestNs);
    this.oldestLow = bigLow(this.#oldestNs);
    this.#refusals = new Refusals(bucketId, retentionNs, this.#oldestNs);
    this.#firstRow = rows.length;
    this.#firstString = rows.strings.length;
    this.#firstSeries = dictionary.unsaved.length;
  }

  remember(key: Uint8Array, group: SeriesGroup): void {
    this.#dictionary.bucket(this.#bucketId).remember(key, group);
  }

  add(point: ParsedPoint): SeriesGroup | undefined {
    const { measurement, timeNs } = point;
    if (timeNs < this.#oldestNs) {
      this.#refusals.old(seriesKey(measurement, point.tags), timeNs);
      return undefined;
    }
    // InfluxDB ignores a field named time, and refuses a point that has no other.
    const fields = point.fields.filter((field) => field.name !== 'time');
    const bucket = this.#dictionary.bucket(this.#bucketId);
    if (fields.length === 0 || !this.#acceptable(measurement, fields)) {
      if (fields.length === 0) this.#refusals.invalid(timeField(measurement));
      return undefined;
    }
    const conflict = bucket.conflict(measurement, fields);
    if (conflict) {
      this.#refusals.conflict(conflict);
      return undefined;
    }
    const group = bucket.group(measurement, point.tags);
    this.rows.reserve(fields.length);
    for (const field of fields) this.#append(group, field, timeNs);
    return group;
  }

  refuseOld(group: SeriesGroup, timeNs: bigint): void {
    this.#refusals.old(seriesKey(group.measurement, [...group.tags]), timeNs);
  }

  /** Takes everything of this request back. */
  undo(): void {
    this.rows.truncate(this.#firstRow, this.#firstString);
    this.#dictionary.rollback(this.#firstSeries);
  }

  result(): WriteResult {
    return this.#refusals.result(this.rows.length - this.#firstRow);
  }

  #acceptable(measurement: string, fields: readonly PointField[]): boolean {
    for (const { name, value } of fields) {
      if (typeof value !== 'string' || value.length * 3 <= STRING_BYTES_MAX) continue;
      const size = Buffer.byteLength(value);
      if (size <= STRING_BYTES_MAX) continue;
      const where = `input field ${quoted(name)} on measurement ${quoted(measurement)}`;
      this.#refusals.invalid(`${where} is too long, ${size} > ${STRING_BYTES_MAX}`);
      return false;
    }
    return true;
  }

  #append(group: SeriesGroup, field: PointField, timeNs: bigint): void {
    const known = group.byName.get(field.name);
    const { rows } = this;
    const row = rows.length;
    rows.sids[row] = known?.sid ?? this.#dictionary.create(this.#bucketId, group, field).sid;
    rows.times[row] = timeNs;
    const code = codeOf(field.type);
    if (code === STRING) rows.pushString(String(field.value));
    else if (code === BOOL) rows.doubles[row] = field.value === true ? 1 : 0;
    else if (code === DOUBLE) rows.doubles[row] = Number(field.value);
    else rows.longs[row] = BigInt.asIntN(64, BigInt(field.value));
    rows.length++;
  }
}

function timeField(measurement: string): string {
  return `invalid field name: input field "time" on measurement ${quoted(measurement)} is invalid`;
}

/** The series key as line protocol writes it. */
function seriesKey(measurement: string, tags: readonly (readonly [string, string])[]): string {
  const escaped = (text: string) => text.replace(/[, =]/g, '\\$&');
  const pairs = tags.map(([key, value]) => `,${escaped(key)}=${escaped(value)}`);
  return measurement.replace(/[, ]/g, '\\$&') + pairs.join('');
}
