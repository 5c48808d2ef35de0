import { billionsHigh, billionsLow, highOf, isLess, lowOf } from '../storage/int64.ts';
import type { RawKeys } from '../storage/raw-keys.ts';
import type { RowBuffer } from '../storage/rows.ts';
import type { GroupField, PointTarget, SeriesGroup } from '../storage/target.ts';
import { BOOL, DOUBLE, LONG, STRING, ULONG } from '../storage/types.ts';
import type { ParseOptions, Precision } from './parse.ts';
import { BACKSLASH, COMMA, EQUALS, MINUS, NEWLINE, QUOTE, SPACE } from './scan.ts';

const DOT = 0x2e;
const ZERO = 0x30;
const LETTER_I = 0x69;
const LETTER_U = 0x75;
/** So many decimal digits are exact in a double, and so is their quotient by 10^22 or less. */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const FIELDS_MAX = 1000;
const TIME_DIGITS_MAX = 19;
/** Seconds above this are left to the slow way, which checks the range. */
const SECONDS_MAX = 9_223_372_035;

/** [units in a second, nanoseconds in a unit] */
const UNITS: Readonly<Record<Precision, readonly [number, number]>> = {
  ns: [1e9, 1],
  us: [1e6, 1e3],
  ms: [1e3, 1e6],
  s: [1, 1e9],
};

/**
 * The hot path: a line whose series and fields are known, without escapes, is read straight from
 * the bytes into the rows. Anything else is left, untouched, to the slow way, which decides.
 */
export class FastLines {
  readonly #body: Uint8Array;
  readonly #text: Buffer;
  readonly #target: PointTarget;
  readonly #rows: RowBuffer;
  readonly #keys: RawKeys;
  readonly #parse: ParseOptions;
  readonly #secondUnits: number;
  readonly #unitNs: number;
  /** Where the reader is in the body. */
  #at = 0;
  #timeLow = 0;
  #timeHigh = 0;
  /** Digits of the last timestamp; length 0: none yet. */
  #timeStart = 0;
  #timeLength = 0;

  constructor(body: Uint8Array, parse: ParseOptions, target: PointTarget) {
    this.#body = body;
    this.#text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#parse = parse;
    this.#target = target;
    this.#rows = target.rows;
    this.#keys = target.keys;
    [this.#secondUnits, this.#unitNs] = UNITS[parse.precision];
  }

  /** Reads lines from `start`; returns the start of the first that it leaves, or >= `pause`. */
  read(start: number, pause: number): number {
    const stop = Math.min(pause, this.#body.length);
    let line = start;
    while (line < stop) {
      this.#at = line;
      const row = this.#rows.length;
      const strings = this.#rows.strings.length;
      if (!this.#readLine(row, strings)) {
        this.#rows.truncate(row, strings);
        return line;
      }
      line = this.#at;
    }
    return line;
  }

  #readLine(row: number, strings: number): boolean {
    const group = this.#readKey();
    if (group === undefined) return false;
    this.#rows.reserve(FIELDS_MAX);
    if (!this.#readFields(group) || !this.#readTime()) return false;
    const rows = this.#rows;
    const { oldestHigh, oldestLow } = this.#target;
    if (isLess(this.#timeHigh, this.#timeLow, oldestHigh, oldestLow)) {
      rows.truncate(row, strings);
      this.#target.refuseOld(group, this.#timeNs());
      return true;
    }
    const halves = rows.timeHalves;
    for (let i = row; i < rows.length; i++) {
      halves[i * 2] = this.#timeLow;
      halves[i * 2 + 1] = this.#timeHigh;
    }
    return true;
  }

  #timeNs(): bigint {
    return (BigInt(this.#timeHigh) << 32n) | BigInt(this.#timeLow >>> 0);
  }

  #readKey(): SeriesGroup | undefined {
    const group = this.#keys.read(this.#body, this.#at);
    this.#at = this.#keys.end + 1;
    return group;
  }

  /** All fields up to the space or newline after them. */
  #readFields(group: SeriesGroup): boolean {
    const body = this.#body;
    for (let count = 0; count < FIELDS_MAX; count++) {
      const field = this.#readName(group.fields, count);
      if (field === undefined || !this.#readValue(field)) return false;
      if (body[this.#at] !== COMMA) return true;
      this.#at++;
    }
    return false;
  }

  /** The field that the line names next: mostly the one at the same place as in the first line. */
  #readName(fields: readonly GroupField[], expected: number): GroupField | undefined {
    const likely = fields[expected];
    if (likely !== undefined && this.#isNamed(likely.bytes)) return likely;
    for (let i = 0; i < fields.length; i++) {
      if (i !== expected && this.#isNamed(fields[i]!.bytes)) return fields[i];
    }
    return undefined;
  }

  /** Whether `name=` stands here; then moves behind it. */
  #isNamed(name: Uint8Array): boolean {
    const body = this.#body;
    const at = this.#at;
    if (name.length === 0 || body[at + name.length] !== EQUALS) return false;
    for (let i = 0; i < name.length; i++) {
      if (body[at + i] !== name[i]) return false;
    }
    this.#at = at + name.length + 1;
    return true;
  }

  #readValue(field: GroupField): boolean {
    const { code } = field;
    const done =
      code === STRING
        ? this.#readString()
        : code === BOOL
          ? this.#readBoolean()
          : this.#readNumber(code);
    if (!done) return false;
    this.#rows.sids[this.#rows.length++] = field.sid;
    return true;
  }

  #readNumber(code: number): boolean {
    const body = this.#body;
    const start = this.#at;
    const negative = body[start] === MINUS;
    let i = negative ? start + 1 : start;
    let mantissa = 0;
    let digits = 0;
    let decimals = -1;
    for (; ; i++) {
      const byte = body[i]!;
      const digit = byte - ZERO;
      if (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        digits++;
        if (decimals >= 0) decimals++;
      } else if (byte === DOT && decimals < 0) decimals = 0;
      else break;
    }
    if (digits === 0) return false;
    const value = negative ? -mantissa : mantissa;
    if (code !== DOUBLE) return decimals < 0 && this.#putWhole(code, i, value, digits);
    this.#at = i;
    if (!this.#isValueEnd()) return false;
    const { doubles, length } = this.#rows;
    if (digits <= EXACT_DIGITS) {
      doubles[length] = decimals > 0 ? value / POWERS[decimals]! : value;
    } else doubles[length] = Number(this.#text.toString('latin1', start, i));
    return true;
  }

  /** An integer whose digits end at `end`, where its suffix must stand. */
  #putWhole(code: number, end: number, value: number, digits: number): boolean {
    // Also when a minus stands before a zero.
    if (code === ULONG && this.#body[this.#at] === MINUS) return false;
    if (digits > EXACT_DIGITS) return false;
    if (this.#body[end] !== (code === LONG ? LETTER_I : LETTER_U)) return false;
    this.#at = end + 1;
    const { valueHalves, length } = this.#rows;
    valueHalves[length * 2] = lowOf(value);
    valueHalves[length * 2 + 1] = highOf(value);
    return this.#isValueEnd();
  }

  #readString(): boolean {
    const body = this.#body;
    const start = this.#at + 1;
    if (body[this.#at] !== QUOTE) return false;
    let i = start;
    for (; i < body.length && body[i] !== QUOTE; i++) {
      if (body[i] === BACKSLASH) return false;
    }
    this.#at = i + 1;
    if (i >= body.length || !this.#isValueEnd()) return false;
    this.#rows.pushString(this.#text.toString('utf8', start, i));
    return true;
  }

  /** `t`, `T`, `f`, `F`; longer spellings only in lower case. */
  #readBoolean(): boolean {
    const body = this.#body;
    const first = body[this.#at]! | 0x20;
    const isTrue = first === 0x74;
    if (!isTrue && first !== 0x66) return false;
    this.#rows.doubles[this.#rows.length] = isTrue ? 1 : 0;
    this.#at++;
    if (this.#isValueEnd()) return true;
    const word = isTrue ? 'true' : 'false';
    const start = this.#at - 1;
    for (let i = 0; i < word.length; i++) {
      if (body[start + i] !== word.charCodeAt(i)) return false;
    }
    this.#at = start + word.length;
    return this.#isValueEnd();
  }

  #isValueEnd(): boolean {
    if (this.#at >= this.#body.length) return true;
    const byte = this.#body[this.#at];
    return byte === COMMA || byte === SPACE || byte === NEWLINE;
  }

  /** The timestamp and the newline; leaves negative and overlong ones. */
  #readTime(): boolean {
    const body = this.#body;
    if (this.#at >= body.length || body[this.#at] === NEWLINE) return this.#takeDefault();
    const start = this.#at + 1;
    if (this.#isLastTime(start)) return true;
    const end = this.#digitsEnd(start);
    if (end === start || end - start > TIME_DIGITS_MAX) return false;
    if (end < body.length && body[end] !== NEWLINE) return false;
    if (!this.#putTime(start, end)) return false;
    this.#timeStart = start;
    this.#timeLength = end - start;
    this.#at = end + 1;
    return true;
  }

  /** Whether the same timestamp stands here as in the line before: most batches are of one poll. */
  #isLastTime(start: number): boolean {
    const body = this.#body;
    const length = this.#timeLength;
    const last = this.#timeStart;
    if (length === 0 || body[start + length] !== NEWLINE) return false;
    // From the end: that is where timestamps differ.
    for (let i = length - 1; i >= 0; i--) if (body[start + i] !== body[last + i]) return false;
    this.#at = start + length + 1;
    return true;
  }

  /** Nanoseconds do not fit a double: what is above a second is read apart. */
  #putTime(start: number, end: number): boolean {
    const body = this.#body;
    const split = this.#unitNs === 1 ? Math.max(start, end - 9) : end;
    let billions = 0;
    let rest = 0;
    let i = start;
    for (; i < split; i++) billions = billions * 10 + (body[i]! - ZERO);
    for (; i < end; i++) rest = rest * 10 + (body[i]! - ZERO);
    if (this.#unitNs !== 1) {
      if (end - start > EXACT_DIGITS + 1) return false;
      rest = (billions % this.#secondUnits) * this.#unitNs;
      billions = Math.floor(billions / this.#secondUnits);
    }
    if (billions > SECONDS_MAX) return false;
    this.#timeLow = billionsLow(billions, rest);
    this.#timeHigh = billionsHigh(billions, rest, this.#timeLow);
    return true;
  }

  #takeDefault(): boolean {
    const { defaultNs } = this.#parse;
    this.#timeLow = Number(BigInt.asIntN(32, defaultNs));
    this.#timeHigh = Number(defaultNs >> 32n);
    this.#timeLength = 0;
    this.#at++;
    return true;
  }

  #digitsEnd(start: number): number {
    const body = this.#body;
    let i = start;
    while (i < body.length && body[i]! >= ZERO && body[i]! <= 0x39) i++;
    return i;
  }
}
