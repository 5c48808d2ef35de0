import { ByteText, type Chunk, chunkOf } from './byte-text.ts';
import { clip, type Refusal } from './line-names.ts';
import { type FieldKey, FieldMemory, type SeriesKey, SeriesMemory } from './line-series.ts';
import type { FieldValue, FloatText, Point } from './point.ts';

export type { Refusal, RefusalReason } from './line-names.ts';
export { type FieldKey, fieldKey, type SeriesKey, seriesKey } from './line-series.ts';

const STRING_BYTES_MAX = 1_048_576;
const LINE_BYTES_MAX = 16 * 1024 * 1024;
const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const TIME_MAX = 9_223_372_036_854_775_806n; // both ends of int64 are InfluxDB's own marks

const HALF_SURROGATE = /\p{Cs}/u;

/** Points that can write their lines without being made. */
export interface LineSource {
  readonly length: number;
  /** Adds the line of point `index`, or nothing and says why. */
  addLine(encoder: LineEncoder, index: number): Refusal | undefined;
  /** The same as a point, for whoever keeps what was refused. */
  pointAt(index: number): Point;
}

/**
 * Turns points into lines of line protocol with nanosecond times, as bytes. Bytes, not strings,
 * because building and encoding strings takes most of the time.
 *
 * A line is begun with its series, gets its fields and is ended with its time; `add` does it all.
 * After a refusal nothing of the line is left and the next one starts.
 */
export class LineEncoder {
  readonly #text = new ByteText();
  readonly #series: SeriesMemory;
  readonly #fields = new FieldMemory();
  #timeNs: bigint | undefined;
  #time: Chunk = chunkOf('');
  #lines = 0;
  /** The line at hand: its measurement, where it starts, and how many fields it has so far. */
  #measurement = '';
  #start = 0;
  #count = 0;

  /** `seriesMax`: how many series of `add` are remembered before it starts anew. */
  constructor({ seriesMax = 200_000 }: { readonly seriesMax?: number } = {}) {
    this.#series = new SeriesMemory(seriesMax);
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
    let refusal = this.begin(this.#series.keyOf(measurement, tags));
    for (const name in fields) {
      if (refusal !== undefined) return refusal;
      refusal = this.#field(this.#fields.keyOf(name, this.#count), fields[name] as FieldValue);
    }
    return refusal ?? this.end(timeNs);
  }

  begin(key: SeriesKey): Refusal | undefined {
    this.beginFields();
    if (key.refusal !== undefined) return key.refusal;
    this.#measurement = key.measurement;
    this.#text.chunk(key);
    return undefined;
  }

  /** A line without series and time: the fields of one, for `addFields` later. */
  beginFields(): void {
    this.#start = this.#text.length;
    this.#count = 0;
  }

  /** A float field whose digits stay as they came. */
  decimal(key: FieldKey, { floatText }: FloatText): Refusal | undefined {
    if (key.refusal !== undefined) return this.takeBack(key.refusal);
    const exponent = this.#text.decimal(this.#before(key), floatText);
    // Without an exponent it takes over 300 digits to leave the range of a double.
    if (exponent === false && floatText.length <= 300) return undefined;
    const reason = exponent === undefined ? 'not-a-decimal' : 'not-finite';
    if (exponent !== undefined && Number.isFinite(Number(floatText))) return undefined;
    return this.takeBack({ reason, detail: `${clip(key.name)}=${clip(floatText)}` });
  }

  /** A float field. */
  float(key: FieldKey, value: number): Refusal | undefined {
    if (key.refusal !== undefined) return this.takeBack(key.refusal);
    if (!Number.isFinite(value)) {
      return this.takeBack({ reason: 'not-finite', detail: clip(key.name) });
    }
    this.#text.number(this.#before(key), value);
    return undefined;
  }

  /** An int field of a whole number that JavaScript holds exactly. */
  int(key: FieldKey, value: number): Refusal | undefined {
    if (key.refusal !== undefined) return this.takeBack(key.refusal);
    if (!Number.isSafeInteger(value)) {
      return this.takeBack({ reason: 'int-range', detail: `${clip(key.name)}=${value}` });
    }
    this.#text.integer(this.#before(key), value);
    return undefined;
  }

  /** Ends the line with its time. */
  end(timeNs: bigint): Refusal | undefined {
    if (this.#count === 0) {
      return this.takeBack({ reason: 'no-fields', detail: clip(this.#measurement) });
    }
    // Mostly the very same one, which this finds out without a call that compares digits.
    if (!Object.is(timeNs, this.#timeNs)) {
      if (timeNs > TIME_MAX || timeNs < -TIME_MAX) {
        return this.takeBack({ reason: 'time-range', detail: clip(String(timeNs)) });
      }
      this.#timeNs = timeNs;
      this.#time = chunkOf(` ${timeNs}\n`);
    }
    this.#text.chunk(this.#time);
    if (this.#text.length - this.#start > LINE_BYTES_MAX) {
      return this.takeBack({ reason: 'line-too-long', detail: clip(this.#measurement) });
    }
    this.#lines += 1;
    return undefined;
  }

  /** Leaves out the line at hand. */
  takeBack(refusal: Refusal): Refusal {
    this.#text.length = this.#start;
    return refusal;
  }

  /** Fields that an encoder wrote for this line, from byte `start` (included) to `end` (not). */
  ready(fields: DataView, start: number, end: number): void {
    if (start < end) this.#count += 1;
    this.#text.copy(fields, start, end);
  }

  /**
   * Hands over the lines added so far, each with its newline, in memory that the next line will
   * take: to be copied before `use` returns. The encoder is empty after.
   */
  give<T>(use: (lines: Buffer, count: number) => T): T {
    const { view } = this.#text;
    const count = this.#lines;
    this.#lines = 0;
    this.#text.clear();
    return use(view, count);
  }

  /** As `give`, in memory of their own. */
  take(): Buffer<ArrayBuffer> {
    this.#lines = 0;
    return this.#text.take();
  }

  #field(key: FieldKey, value: FieldValue): Refusal | undefined {
    switch (typeof value) {
      case 'object':
        return this.decimal(key, value);
      case 'number':
        return this.float(key, value);
      case 'bigint':
        return this.#bigint(key, value);
      case 'string':
        return this.#key(key) ?? this.#done(appendString(this.#text, value, key.name));
      case 'boolean':
        return this.#key(key) ?? appendBoolean(this.#text, value);
    }
  }

  #bigint(key: FieldKey, value: bigint): Refusal | undefined {
    const number = Number(value);
    // Digits of numbers are written much faster; most ints are exact as such.
    if (Number.isSafeInteger(number)) return this.int(key, number);
    return this.#key(key) ?? this.#done(appendInt(this.#text, value, key.name));
  }

  /** What stands before the value of the next field. */
  #before({ first, next }: FieldKey): Chunk {
    this.#count += 1;
    return this.#count === 1 ? first : next;
  }

  #key(key: FieldKey): Refusal | undefined {
    if (key.refusal !== undefined) return this.takeBack(key.refusal);
    this.#text.chunk(this.#before(key));
    return undefined;
  }

  #done(refusal: Refusal | undefined): Refusal | undefined {
    return refusal && this.takeBack(refusal);
  }
}

function appendBoolean(text: ByteText, value: boolean): undefined {
  text.ascii(value ? 'true' : 'false');
}

function appendInt(text: ByteText, value: bigint, key: string): Refusal | undefined {
  if (value < INT_MIN || value > INT_MAX) {
    return { reason: 'int-range', detail: `${clip(key)}=${clip(String(value))}` };
  }
  text.ascii(`${value}i`);
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
