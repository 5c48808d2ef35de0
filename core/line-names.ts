import type { Point } from './point.ts';

/**
 * Why a point cannot be a line. A closed set: it is a metric's label and the dead letter's reason.
 */
export type RefusalReason =
  | 'name-empty'
  | 'name-comment' // a measurement that starts with # is a comment: stored nowhere, answered 204
  | 'name-backslash' // a backslash that InfluxDB reads as the escape of what follows
  | 'name-control' // newline, control character or half a surrogate pair
  | 'name-too-long'
  | 'reserved-key'
  | 'no-fields'
  | 'not-finite'
  | 'not-a-decimal'
  | 'int-range'
  | 'string-malformed'
  | 'string-too-long'
  | 'line-too-long'
  | 'time-range';

/** A point that InfluxDB would refuse, lose or store as something else. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** The part of the point that is at fault, shortened. */
  readonly detail: string;
}

/** InfluxDB's limit for measurement, tags and field key together, less its own bucket prefix. */
const SERIES_BYTES_MAX = 65_000;
/** Refused by InfluxDB (the first three) or hidden behind Flux's own columns. */
const RESERVED_TAGS = new Set([
  'time',
  '_field',
  '_measurement',
  '_time',
  '_value',
  '_start',
  '_stop',
]);

/** Control characters, and halves of surrogate pairs, which UTF-8 cannot carry. */
const UNWRITABLE = /[\p{Cc}\p{Cs}]/u;
/** Measured on 2.7.12: in measurements and field keys these lose the point or the backslash. */
const BACKSLASH_IN_KEY = /\\(?:[,= "]|$)/;
/**
 * Before a space of a tag key it makes InfluxDB's line scanner believe that the fields have begun.
 */
const BACKSLASH_IN_TAG_KEY = /\\(?: |$)/;
const BACKSLASH_AT_END = /\\$/;

/** The longest key of a field that still fits beside a series of SERIES_BYTES_MAX. */
const FIELD_KEY_BYTES_MAX = 400;

/** Measurement and tags as they stand in a line, or why they cannot. */
export function seriesOf(measurement: string, tags: Point['tags']): string | Refusal {
  const problem = measurementProblem(measurement);
  if (problem !== undefined) return problem;
  let series = measurement.replace(/[, ]/g, '\\$&');
  // InfluxDB sorts them itself when they are not, for each point again.
  for (const key of Object.keys(tags).sort()) {
    const value = tags[key] as string;
    // A tag without a value is a tag that the point does not have.
    if (value === '') continue;
    const refusal = keyProblem(key, 'tag') ?? tagValueProblem(value);
    if (refusal !== undefined) return refusal;
    series += `,${key.replace(/[,= ]/g, '\\$&')}=${value.replace(/[,= ]/g, '\\$&')}`;
  }
  if (Buffer.byteLength(series) > SERIES_BYTES_MAX - FIELD_KEY_BYTES_MAX) {
    return { reason: 'name-too-long', detail: clip(series) };
  }
  return series;
}

function measurementProblem(name: string): Refusal | undefined {
  if (name.startsWith('#')) return { reason: 'name-comment', detail: clip(name) };
  if (BACKSLASH_IN_KEY.test(name)) return { reason: 'name-backslash', detail: clip(name) };
  return nameProblem(name);
}

/** Why a tag or field cannot have this key. */
export function keyProblem(key: string, kind: 'tag' | 'field'): Refusal | undefined {
  const reserved = kind === 'tag' ? RESERVED_TAGS.has(key) : key === 'time';
  if (reserved) return { reason: 'reserved-key', detail: clip(key) };
  const backslash = kind === 'tag' ? BACKSLASH_IN_TAG_KEY : BACKSLASH_IN_KEY;
  if (backslash.test(key)) return { reason: 'name-backslash', detail: clip(key) };
  if (kind === 'field' && Buffer.byteLength(key) > FIELD_KEY_BYTES_MAX) {
    return { reason: 'name-too-long', detail: clip(key) };
  }
  return nameProblem(key);
}

function tagValueProblem(value: string): Refusal | undefined {
  if (BACKSLASH_AT_END.test(value)) return { reason: 'name-backslash', detail: clip(value) };
  return nameProblem(value);
}

function nameProblem(name: string): Refusal | undefined {
  if (name === '') return { reason: 'name-empty', detail: '' };
  if (UNWRITABLE.test(name)) return { reason: 'name-control', detail: clip(name) };
  return undefined;
}

/** Short enough for a log line. */
export function clip(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}...`;
}
