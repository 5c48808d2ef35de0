import { ByteText } from './byte-text.ts';
import type { FieldValue, Point } from './point.ts';

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
const STRING_BYTES_MAX = 1_048_576;
const LINE_BYTES_MAX = 16 * 1024 * 1024;
const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const TIME_MAX = 9_223_372_036_854_775_806n; // both ends of int64 are InfluxDB's own marks

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
const HALF_SURROGATE = /\p{Cs}/u;
/** Measured on 2.7.12: in measurements and field keys these lose the point or the backslash. */
const BACKSLASH_IN_KEY = /\\(?:[,= "]|$)/;
/**
 * Before a space of a tag key it makes InfluxDB's line scanner believe that the fields have begun.
 */
const BACKSLASH_IN_TAG_KEY = /\\(?: |$)/;
const BACKSLASH_AT_END = /\\$/;

/**
 * Turns points into lines of line protocol with nanosecond times, as bytes. The escaped
 * `measurement,tags` of a series is remembered, since the same series come again each minute.
 * Bytes, not strings, because building and encoding strings takes most of the time.
 */
export class LineEncoder {
  readonly #seriesMax: number;
  readonly #text = new ByteText();
  #measurements = new Map<string, SeriesNode>();
  #fields = new Map<string, FieldPart>();
  /** The fields of the last point: the next one mostly has the same, in the same order. */
  #lastFields: FieldPart[] = [];
  #remembered = 0;
  #last: Series | undefined;
  #timeNs: bigint | undefined;
  #time: Uint8Array = new Uint8Array();
  #lines = 0;

  /** `seriesMax`: how many series are remembered before it starts anew (about 300 bytes each). */
  constructor({ seriesMax = 200_000 }: { readonly seriesMax?: number } = {}) {
    this.#seriesMax = seriesMax;
  }

  /** Lines added since the last `take`. */
  get lines(): number {
    return this.#lines;
  }

  /** Bytes of these lines. */
  get bytes(): number {
    return this.#text.length;
  }

  /** Adds the point's line and a newline, or adds nothing and says why there can be no line. */
  add(point: Point): Refusal | undefined {
    const start = this.#text.length;
    let refusal = this.#append(point);
    if (this.#text.length - start > LINE_BYTES_MAX) {
      refusal = { reason: 'line-too-long', detail: clip(point.measurement) };
    }
    if (refusal === undefined) this.#lines += 1;
    else this.#text.length = start;
    return refusal;
  }

  /** The lines added so far, each with its newline; the encoder is empty after. */
  take(): Buffer {
    this.#lines = 0;
    return this.#text.take();
  }

  #append(point: Point): Refusal | undefined {
    const text = this.#text;
    const series = this.#seriesOf(point);
    if (series.refusal !== undefined) return series.refusal;
    text.bytes(series.bytes);
    const { fields, timeNs } = point;
    let count = 0;
    for (const key in fields) {
      const field = this.#fieldOf(key, count);
      if (field.refusal !== undefined) return field.refusal;
      text.bytes(count === 0 ? field.first : field.next);
      const value = fields[key] as FieldValue;
      if (typeof value === 'number') {
        if (!Number.isFinite(value)) return { reason: 'not-finite', detail: clip(key) };
        field.decimals = text.number(value, field.decimals);
      } else {
        const refusal = appendValue(text, value, key);
        if (refusal !== undefined) return refusal;
      }
      count += 1;
    }
    if (count === 0) return { reason: 'no-fields', detail: clip(point.measurement) };
    if (timeNs !== this.#timeNs) {
      if (timeNs > TIME_MAX || timeNs < -TIME_MAX) {
        return { reason: 'time-range', detail: clip(String(timeNs)) };
      }
      this.#timeNs = timeNs;
      this.#time = Buffer.from(` ${timeNs}\n`);
    }
    text.bytes(this.#time);
    return undefined;
  }

  #seriesOf(point: Point): Part {
    // Polls bring the series in the same order each time: the one that came after the last one then
    // is most likely the one that comes now.
    let series = this.#last?.following;
    if (series === undefined || !isOf(series, point)) {
      series = this.#find(point);
      if (this.#last !== undefined) this.#last.following = series;
    }
    this.#last = series;
    return series.part;
  }

  #find({ measurement, tags }: Point): Series {
    let node = this.#measurements.get(measurement);
    if (node === undefined) {
      node = { next: undefined, series: undefined };
      this.#measurements.set(measurement, node);
    }
    for (const key in tags) node = nextNode(node, key, tags[key] as string);
    if (node.series !== undefined) return node.series;
    const part = partOf(seriesOf(measurement, tags));
    const [keys, values] = [Object.keys(tags), Object.values(tags)];
    node.series = { measurement, keys, values, part, following: undefined };
    this.#remembered += 1;
    if (this.#remembered > this.#seriesMax) this.#forget();
    return node.series;
  }

  #forget(): void {
    this.#measurements = new Map();
    this.#last = undefined;
    this.#remembered = 0;
  }

  #fieldOf(key: string, place: number): FieldPart {
    const last = this.#lastFields[place];
    if (last !== undefined && last.key === key) return last;
    const field = this.#fields.get(key) ?? this.#rememberField(key);
    // Places are filled in order, so the array keeps without holes.
    if (place < FIELDS_HINTED) this.#lastFields[place] = field;
    return field;
  }

  #rememberField(key: string): FieldPart {
    // Field names are few; hostile ones must not fill the memory.
    if (this.#fields.size >= FIELDS_MAX) this.#fields.clear();
    const refusal = keyProblem(key, 'field');
    const prefix = refusal === undefined ? `${key.replace(/[,= ]/g, '\\$&')}=` : '';
    const [first, next] = [Buffer.from(` ${prefix}`), Buffer.from(`,${prefix}`)];
    const field = { key, first, next, refusal, decimals: 0 };
    this.#fields.set(key, field);
    return field;
  }
}

/** A field's key as it stands first or later in a line, or why it cannot stand there. */
interface FieldPart {
  readonly key: string;
  readonly first: Uint8Array;
  readonly next: Uint8Array;
  readonly refusal: Refusal | undefined;
  /** How many decimals its last number had: the next one mostly has as many. */
  decimals: number;
}

/** A piece of a line that is remembered: its bytes, or why there are none. */
interface Part {
  readonly bytes: Uint8Array;
  readonly refusal: Refusal | undefined;
}

function partOf(text: string | Refusal): Part {
  return typeof text === 'string'
    ? { bytes: Buffer.from(text), refusal: undefined }
    : { bytes: new Uint8Array(), refusal: text };
}

interface Series {
  readonly measurement: string;
  readonly keys: readonly string[];
  readonly values: readonly string[];
  readonly part: Part;
  /** The series that came next, last time. */
  following: Series | undefined;
}

function isOf(series: Series, { measurement, tags }: Point): boolean {
  if (series.measurement !== measurement) return false;
  let i = 0;
  for (const key in tags) {
    if (series.keys[i] !== key || series.values[i] !== tags[key]) return false;
    i += 1;
  }
  return i === series.keys.length;
}

/** Tag by tag in the order of the point: no joined key has to be built and hashed. */
interface SeriesNode {
  next: Map<string, Map<string, SeriesNode>> | undefined;
  series: Series | undefined;
}

function nextNode(node: SeriesNode, key: string, value: string): SeriesNode {
  node.next ??= new Map();
  let values = node.next.get(key);
  if (values === undefined) {
    values = new Map();
    node.next.set(key, values);
  }
  let next = values.get(value);
  if (next === undefined) {
    next = { next: undefined, series: undefined };
    values.set(value, next);
  }
  return next;
}

const FIELDS_MAX = 10_000;
const FIELDS_HINTED = 64;
/** The longest key of a field that still fits beside a series of SERIES_BYTES_MAX. */
const FIELD_KEY_BYTES_MAX = 400;

function seriesOf(measurement: string, tags: Point['tags']): string | Refusal {
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

function keyProblem(key: string, kind: 'tag' | 'field'): Refusal | undefined {
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

function appendValue(
  text: ByteText,
  value: Exclude<FieldValue, number>,
  key: string,
): Refusal | undefined {
  switch (typeof value) {
    case 'object':
      return appendDecimal(text, value.floatText, key);
    case 'bigint':
      if (value < INT_MIN || value > INT_MAX) {
        return { reason: 'int-range', detail: `${clip(key)}=${clip(String(value))}` };
      }
      text.ascii(`${value}i`);
      return undefined;
    case 'boolean':
      text.ascii(value ? 'true' : 'false');
      return undefined;
    case 'string':
      return appendString(text, value, key);
  }
}

/** The digits stay as they came; only a text that is no finite decimal is refused. */
function appendDecimal(text: ByteText, decimal: string, key: string): Refusal | undefined {
  const exponent = text.decimal(decimal);
  if (exponent === undefined) {
    return { reason: 'not-a-decimal', detail: `${clip(key)}=${clip(decimal)}` };
  }
  // Without an exponent it takes over 300 digits to leave the range.
  if ((exponent || decimal.length > 300) && !Number.isFinite(Number(decimal))) {
    return { reason: 'not-finite', detail: `${clip(key)}=${clip(decimal)}` };
  }
  return undefined;
}

function appendString(text: ByteText, value: string, key: string): Refusal | undefined {
  if (HALF_SURROGATE.test(value)) return { reason: 'string-malformed', detail: clip(key) };
  // A UTF-16 unit is at most 3 bytes: only long ones have to be measured.
  if (value.length * 3 > STRING_BYTES_MAX && Buffer.byteLength(value) > STRING_BYTES_MAX) {
    return { reason: 'string-too-long', detail: clip(key) };
  }
  text.utf8(`"${value.replace(/["\\]/g, '\\$&')}"`);
  return undefined;
}

function clip(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}...`;
}
