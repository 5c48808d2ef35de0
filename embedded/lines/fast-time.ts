import { billionsHigh, billionsLow } from '../storage/int64.ts';
import type { ParseOptions, Precision } from './parse.ts';
import { NEWLINE, SPACE } from './scan.ts';

const ZERO = 0x30;
const NINE = 0x39;
const DIGITS_MAX = 19;
/** Seconds above this are left to the slow way, which checks the range. */
const SECONDS_MAX = 9_223_372_035;

/** [units in a second, nanoseconds in a unit] */
const UNITS: Readonly<Record<Precision, readonly [number, number]>> = {
  ns: [1e9, 1],
  us: [1e6, 1e3],
  ms: [1e3, 1e6],
  s: [1, 1e9],
};

/** Reads the timestamps of one body into two 32-bit halves. */
export class TimeReader {
  /** Of the last timestamp, in nanoseconds. */
  low = 0;
  high = 0;
  readonly #body: Uint8Array;
  readonly #defaultNs: bigint;
  readonly #secondUnits: number;
  readonly #unitNs: number;
  /** Digits of the last timestamp; length 0: none yet. */
  #start = 0;
  #length = 0;

  constructor(body: Uint8Array, { precision, defaultNs }: ParseOptions) {
    this.#body = body;
    this.#defaultNs = defaultNs;
    [this.#secondUnits, this.#unitNs] = UNITS[precision];
  }

  get timeNs(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low >>> 0);
  }

  /** Where the next line starts when `at` has a timestamp or the line's end; else -1. */
  read(at: number): number {
    const body = this.#body;
    if (at >= body.length || body[at] === NEWLINE) return this.#takeDefault(at);
    if (body[at] !== SPACE) return -1;
    const start = at + 1;
    if (this.#isLast(start)) return start + this.#length + 1;
    const end = this.#digitsEnd(start);
    if (end === start || end - start > DIGITS_MAX) return -1;
    if (end < body.length && body[end] !== NEWLINE) return -1;
    if (!this.#put(start, end)) return -1;
    this.#start = start;
    this.#length = end - start;
    return end + 1;
  }

  /** Whether the same timestamp stands here as in the line before: most batches are of one poll. */
  #isLast(start: number): boolean {
    const body = this.#body;
    const length = this.#length;
    const last = this.#start;
    if (length === 0 || body[start + length] !== NEWLINE) return false;
    // From the end: that is where timestamps differ.
    for (let i = length - 1; i >= 0; i--) if (body[start + i] !== body[last + i]) return false;
    return true;
  }

  /** Nanoseconds do not fit a double: what is above a second is read apart. */
  #put(start: number, end: number): boolean {
    const body = this.#body;
    const split = this.#unitNs === 1 ? Math.max(start, end - 9) : end;
    let billions = 0;
    let rest = 0;
    let i = start;
    for (; i < split; i++) billions = billions * 10 + (body[i]! - ZERO);
    for (; i < end; i++) rest = rest * 10 + (body[i]! - ZERO);
    if (this.#unitNs !== 1) {
      if (billions > Number.MAX_SAFE_INTEGER) return false;
      rest = (billions % this.#secondUnits) * this.#unitNs;
      billions = Math.floor(billions / this.#secondUnits);
    }
    if (billions > SECONDS_MAX) return false;
    this.low = billionsLow(billions, rest);
    this.high = billionsHigh(billions, rest, this.low);
    return true;
  }

  #takeDefault(at: number): number {
    this.low = Number(BigInt.asIntN(32, this.#defaultNs));
    this.high = Number(this.#defaultNs >> 32n);
    this.#length = 0;
    return at + 1;
  }

  #digitsEnd(start: number): number {
    const body = this.#body;
    let i = start;
    while (i < body.length && body[i]! >= ZERO && body[i]! <= NINE) i++;
    return i;
  }
}
