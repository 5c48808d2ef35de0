import { highOf, isLess, lowOf } from '../storage/int64.ts';
import type { RawKeys } from '../storage/raw-keys.ts';
import type { RowBuffer } from '../storage/rows.ts';
import type { GroupField, PointTarget, SeriesGroup } from '../storage/target.ts';
import { BOOL, DOUBLE, LONG, STRING, STRING_BYTES_MAX, ULONG } from '../storage/types.ts';
import { TimeReader } from './fast-time.ts';
import type { ParseOptions } from './parse.ts';
import { BACKSLASH, COMMA, EQUALS, MINUS, NEWLINE, QUOTE, SPACE } from './scan.ts';

const DOT = 0x2e;
const ZERO = 0x30;
const LETTER_I = 0x69;
const LETTER_U = 0x75;
/** So many decimal digits are exact in a double, and so is their quotient by 10^22 or less. */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const FIELDS_MAX = 1000;
/** Fields of a series group up to which each may stand at any place of a line. */
const FIELDS_TRIED_MAX = 64;

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
  readonly #time: TimeReader;
  /** Where the reader is in the body. */
  #at = 0;

  constructor(body: Uint8Array, parse: ParseOptions, target: PointTarget) {
    this.#body = body;
    this.#text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#time = new TimeReader(body, parse);
    this.#target = target;
    this.#rows = target.rows;
    this.#keys = target.keys;
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
    if (!this.#readFields(group)) return false;
    const next = this.#time.read(this.#at);
    if (next < 0) return false;
    this.#at = next;
    const rows = this.#rows;
    const { low, high } = this.#time;
    const { oldestHigh, oldestLow } = this.#target;
    if (isLess(high, low, oldestHigh, oldestLow)) {
      rows.truncate(row, strings);
      this.#target.refuseOld(group, this.#time.timeNs);
      return true;
    }
    const halves = rows.timeHalves;
    for (let i = row; i < rows.length; i++) {
      halves[i * 2] = low;
      halves[i * 2 + 1] = high;
    }
    return true;
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
    // A line that names many fields in any order is for the slow way, which looks them up.
    if (fields.length > FIELDS_TRIED_MAX) return undefined;
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
    if (i >= body.length || i - start > STRING_BYTES_MAX || !this.#isValueEnd()) return false;
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
}
