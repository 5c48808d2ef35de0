import { ByteText } from './byte-text.ts';
import { clip, keyProblem, type Refusal, seriesOf } from './line-names.ts';
import type { FieldValue, FloatText, Point } from './point.ts';

export type { Refusal, RefusalReason } from './line-names.ts';

const STRING_BYTES_MAX = 1_048_576;
const LINE_BYTES_MAX = 16 * 1024 * 1024;
const LETTER_I = 105;
const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const TIME_MAX = 9_223_372_036_854_775_806n; // both ends of int64 are InfluxDB's own marks

const HALF_SURROGATE = /\p{Cs}/u;
/** Points that can write their lines without being made. */
export interface LineSource {
  readonly length: number;
  /** Adds the line of point `index`, or nothing and says why. */
  addLine(encoder: LineEncoder, index: number): Refusal | undefined;
}

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
  /** Where the line at hand starts, and how many fields it has so far. */
  #start = 0;
  #count = 0;

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
  add({ measurement, tags, fields, timeNs }: Point): Refusal | undefined {
    let refusal = this.begin(measurement, tags);
    for (const key in fields) {
      if (refusal !== undefined) return refusal;
      refusal = this.field(key, fields[key] as FieldValue);
    }
    return refusal ?? this.end(timeNs);
  }

  /**
   * Starts a line; its fields and `end` follow, for points that never are an object. After a
   * refusal, here or later, nothing of the line is left and the next one starts.
   */
  begin(measurement: string, tags: Point['tags']): Refusal | undefined {
    this.#start = this.#text.length;
    this.#count = 0;
    const { refusal, bytes } = this.#seriesOf(measurement, tags);
    if (refusal === undefined) this.#text.bytes(bytes);
    return refusal;
  }

  /** The next field of the line. */
  field(key: string, value: FieldValue): Refusal | undefined {
    const text = this.#text;
    const field = this.#fieldOf(key, this.#count);
    if (field.refusal !== undefined) return this.#takeBack(field.refusal);
    const before = this.#count === 0 ? field.first : field.next;
    this.#count += 1;
    if (typeof value === 'object') {
      const refusal = appendDecimal(text, before, value.floatText);
      return refusal && this.#takeBack({ ...refusal, detail: `${clip(key)}=${refusal.detail}` });
    }
    text.bytes(before);
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) {
        return this.#takeBack({ reason: 'not-finite', detail: clip(key) });
      }
      field.decimals = text.number(value, field.decimals);
      return undefined;
    }
    const refusal = appendValue(text, value, key);
    return refusal === undefined ? undefined : this.#takeBack(refusal);
  }

  /** An int field of a whole number that JavaScript holds exactly. */
  int(key: string, value: number): Refusal | undefined {
    if (!Number.isSafeInteger(value)) {
      return this.#takeBack({ reason: 'int-range', detail: `${clip(key)}=${value}` });
    }
    const field = this.#fieldOf(key, this.#count);
    if (field.refusal !== undefined) return this.#takeBack(field.refusal);
    this.#text.bytes(this.#count === 0 ? field.first : field.next);
    this.#count += 1;
    this.#text.integer(value);
    this.#text.byte(LETTER_I);
    return undefined;
  }

  /** Ends the line with its time. */
  end(timeNs: bigint): Refusal | undefined {
    if (this.#count === 0) return this.#takeBack({ reason: 'no-fields', detail: this.#name });
    if (timeNs !== this.#timeNs) {
      if (timeNs > TIME_MAX || timeNs < -TIME_MAX) {
        return this.#takeBack({ reason: 'time-range', detail: clip(String(timeNs)) });
      }
      this.#timeNs = timeNs;
      this.#time = Buffer.from(` ${timeNs}\n`);
    }
    this.#text.bytes(this.#time);
    if (this.#text.length - this.#start > LINE_BYTES_MAX) {
      return this.#takeBack({ reason: 'line-too-long', detail: this.#name });
    }
    this.#lines += 1;
    return undefined;
  }

  /** The lines added so far, each with its newline; the encoder is empty after. */
  take(): Buffer {
    this.#lines = 0;
    return this.#text.take();
  }

  get #name(): string {
    return clip(this.#last?.measurement ?? '');
  }

  #takeBack(refusal: Refusal): Refusal {
    this.#text.length = this.#start;
    return refusal;
  }

  #seriesOf(measurement: string, tags: Point['tags']): Part {
    // Polls bring the series in the same order each time: the one that came after the last one then
    // is most likely the one that comes now.
    let series = this.#last?.following;
    if (series === undefined || !isOf(series, measurement, tags)) {
      series = this.#find(measurement, tags);
      if (this.#last !== undefined) this.#last.following = series;
    }
    this.#last = series;
    return series.part;
  }

  #find(measurement: string, tags: Point['tags']): Series {
    let node = this.#measurements.get(measurement);
    if (node === undefined) {
      node = { next: undefined, series: undefined };
      this.#measurements.set(measurement, node);
    }
    for (const key in tags) node = nextNode(node, key, tags[key] as string);
    if (node.series !== undefined) {
      node.series.tags = tags;
      return node.series;
    }
    const part = partOf(seriesOf(measurement, tags));
    const [keys, values] = [Object.keys(tags), Object.values(tags)];
    node.series = { measurement, tags, keys, values, part, following: undefined };
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
  /** As they came last. */
  tags: Point['tags'];
  readonly keys: readonly string[];
  readonly values: readonly string[];
  readonly part: Part;
  /** The series that came next, last time. */
  following: Series | undefined;
}

function isOf(series: Series, measurement: string, tags: Point['tags']): boolean {
  if (series.measurement !== measurement) return false;
  // Tags are never changed; whoever keeps them for the next poll spares us the comparison.
  if (series.tags === tags) return true;
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
function appendValue(
  text: ByteText,
  value: Exclude<FieldValue, number | FloatText>,
  key: string,
): Refusal | undefined {
  switch (typeof value) {
    case 'bigint':
      return appendInt(text, value, key);
    case 'boolean':
      text.ascii(value ? 'true' : 'false');
      return undefined;
    case 'string':
      return appendString(text, value, key);
  }
}

function appendInt(text: ByteText, value: bigint, key: string): Refusal | undefined {
  const number = Number(value);
  // Digits of numbers are written much faster; most ints are exact as such.
  if (Number.isSafeInteger(number)) {
    text.integer(number);
    text.byte(LETTER_I);
    return undefined;
  }
  if (value < INT_MIN || value > INT_MAX) {
    return { reason: 'int-range', detail: `${clip(key)}=${clip(String(value))}` };
  }
  text.ascii(`${value}i`);
  return undefined;
}

/** The digits stay as they came; only a text that is no finite decimal is refused. */
function appendDecimal(text: ByteText, before: Uint8Array, decimal: string): Refusal | undefined {
  const exponent = text.decimal(before, decimal);
  if (exponent === undefined) return { reason: 'not-a-decimal', detail: clip(decimal) };
  // Without an exponent it takes over 300 digits to leave the range.
  if ((exponent || decimal.length > 300) && !Number.isFinite(Number(decimal))) {
    return { reason: 'not-finite', detail: clip(decimal) };
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
