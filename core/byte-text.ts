const ZERO = 48;
const NINE = 57;
const MINUS = 45;
const PLUS = 43;
const DOT = 46;
const LOWER_E = 101;
const UPPER_E = 69;

/** Below this every integer and every decimal of as many digits is told apart by a double. */
const DIGITS_15 = 1e15;
/** 10 ** k: exact in a double up to 22. */
const POWERS = Array.from({ length: 16 }, (_, k) => 10 ** k);
const DECIMALS_MAX = 12;
const INT32_MAX = 0x7fffffff;
/** A word of a chunk. */
const WORD_BYTES = 8;
/** Where JavaScript starts to write exponents, and so do we. */
const PLAIN_MIN = 1e-6;

/**
 * Text that is copied again and again, laid out so that eight bytes are copied in one step: for
 * names of 10 to 60 bytes that takes half the time of a loop or of the call that copies; measured.
 */
export interface Chunk {
  /** Shared with the chunks made before and after: they are mostly copied in that order. */
  readonly words: Float64Array;
  readonly from: number;
  readonly to: number;
  /** In bytes. */
  readonly size: number;
}

const PAGE_WORDS = 4_096;
let page = new Float64Array(PAGE_WORDS);
let used = 0;

/**
 * The bytes stand in float64 words, which carry every pattern but NaN's unchanged. NaN needs a
 * byte ff, which is not in UTF-8, or a 7f: text with that control character is no chunk.
 */
export function chunkOf(text: string): Chunk {
  if (text.includes('\u007f')) throw new RangeError('a chunk with the control character 7f');
  const size = Buffer.byteLength(text);
  const count = Math.ceil(size / WORD_BYTES);
  const bytes = Buffer.alloc(count * WORD_BYTES);
  bytes.write(text);
  if (used + count > page.length) {
    page = new Float64Array(Math.max(PAGE_WORDS, count));
    used = 0;
  }
  const from = used;
  used += count;
  for (let i = 0; i < count; i++) page[from + i] = bytes.readDoubleLE(i * WORD_BYTES);
  return { words: page, from, to: used, size };
}

/** Text that is built as bytes, for hot paths: ASCII pieces, numbers, cached parts. */
export class ByteText {
  /** Bytes so far; setting it lower takes the end back. */
  length = 0;
  #bytes: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  #view = viewOf(this.#bytes);

  /** The bytes so far, in memory of their own, the caller's; the text is empty after. */
  take(): Buffer<ArrayBuffer> {
    const taken = Buffer.allocUnsafeSlow(this.length);
    taken.set(this.#bytes.subarray(0, this.length));
    this.length = 0;
    return taken;
  }

  /** The bytes so far, as they stand here until something is added after `clear`. */
  get view(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  chunk(chunk: Chunk): void {
    this.#reserve(chunk.size);
    this.#words(chunk);
    this.length += chunk.size;
  }

  /** ASCII text of `source`, from byte `start` (included) to `end` (not). */
  copy(source: DataView, start: number, end: number): void {
    this.#reserve(end - start);
    const view = this.#view;
    let from = start;
    let to = this.length;
    for (; from + WORD_BYTES <= end; from += WORD_BYTES) {
      view.setFloat64(to, source.getFloat64(from, true), true);
      to += WORD_BYTES;
    }
    for (; from < end; from++) view.setUint8(to++, source.getUint8(from));
    this.length = to;
  }

  ascii(text: string): void {
    const size = text.length;
    this.#reserve(size);
    const bytes = this.#bytes;
    const at = this.length;
    this.length = at + size;
    for (let i = 0; i < size; i++) bytes[at + i] = text.charCodeAt(i);
  }

  utf8(text: string): void {
    this.#reserve(text.length * 3);
    this.length += this.#bytes.write(text, this.length, 'utf8');
  }

  /**
   * A finite number exactly as `String(value)` writes it. `decimals` is a guess at how many it has;
   * the answer is a guess for the next one.
   */
  number(value: number, decimals = 0): number {
    this.#reserve(32);
    let rest = value;
    if (rest < 0) {
      this.#bytes[this.length++] = MINUS;
      rest = -rest;
    }
    if (rest === 0 || (rest >= PLAIN_MIN && rest < DIGITS_15)) {
      if (this.#fixedPoint(rest, decimals)) return decimals;
      for (let more = 0; more <= DECIMALS_MAX; more += 3) {
        if (more !== decimals && this.#fixedPoint(rest, more)) return more;
      }
    }
    this.ascii(String(rest));
    return 0;
  }

  /**
   * Copies `before` and then a decimal literal, digit for digit. Tells whether it has an exponent;
   * undefined, with rubbish at the end that the caller takes back, when it is no decimal. No sign
   * but a minus and at least one digit, which is what InfluxDB's scanner takes.
   */
  decimal(before: Chunk, text: string): boolean | undefined {
    const size = text.length;
    this.#reserve(before.size + size);
    this.#words(before);
    const bytes = this.#bytes;
    let to = this.length + before.size;
    let digits = 0;
    let dots = 0;
    let at = 0;
    // Looked at and copied in one go.
    for (; at < size; at++) {
      const code = text.charCodeAt(at);
      if (code >= ZERO && code <= NINE) digits += 1;
      else if (code === DOT && dots === 0) dots = 1;
      else if (code !== MINUS || at > 0) break;
      bytes[to++] = code;
    }
    this.length = to;
    if (digits === 0) return undefined;
    return at === size ? false : this.#exponent(text, at);
  }

  /** The rest of a decimal, `e` and the digits behind it. */
  #exponent(text: string, start: number): true | undefined {
    const letter = text.charCodeAt(start);
    if (letter !== LOWER_E && letter !== UPPER_E) return undefined;
    const sign = text.charCodeAt(start + 1);
    const from = sign === PLUS || sign === MINUS ? start + 2 : start + 1;
    if (from >= text.length || skipDigits(text, from) !== text.length) return undefined;
    this.ascii(text.slice(start));
    return true;
  }

  /**
   * Most numbers have few decimals: when `round(value * 10 ** k)` divided by `10 ** k` gives the
   * number back and has at most 15 digits, those are the shortest digits that do. Several times
   * faster than the general way. Writes nothing when they are not.
   */
  #fixedPoint(value: number, decimals: number): boolean {
    const scale = POWERS[decimals] as number;
    const scaled = Math.round(value * scale);
    if (scaled / scale !== value || scaled >= DIGITS_15) return false;
    if (scaled <= INT32_MAX) {
      this.#fixedPoint32(scaled | 0, decimals);
      return true;
    }
    const whole = Math.floor(value);
    this.#digits(whole, digitsOf(whole));
    if (whole !== value) this.#fraction(scaled - whole * scale, decimals);
    return true;
  }

  /** `scaled / 10 ** decimals` without zeros at the end, in one go from the last digit on. */
  #fixedPoint32(scaled: number, decimals: number): void {
    const bytes = this.#bytes;
    let [rest, places] = [scaled, decimals];
    let next = (rest / 10) | 0;
    while (places > 0 && next * 10 === rest) {
      rest = next;
      places -= 1;
      next = (rest / 10) | 0;
    }
    const digits = Math.max(digitsOf32(rest), places + 1);
    const first = this.length;
    let at = first + digits + (places > 0 ? 1 : 0);
    this.length = at;
    for (let left = places; left > 0; left--) {
      next = (rest / 10) | 0;
      bytes[--at] = ZERO + (rest - next * 10);
      rest = next;
    }
    if (places > 0) bytes[--at] = DOT;
    while (at > first) {
      next = (rest / 10) | 0;
      bytes[--at] = ZERO + (rest - next * 10);
      rest = next;
    }
  }

  /** A whole number that is exact as a JavaScript number. */
  integer(value: number): void {
    this.#reserve(32);
    let rest = value;
    if (rest < 0) {
      this.#bytes[this.length++] = MINUS;
      rest = -rest;
    }
    if (rest < DIGITS_15) this.#digits(rest, digitsOf(rest));
    else this.ascii(String(rest));
  }

  /** `count` digits of an integer below 1e15. */
  #digits(value: number, count: number): void {
    // Integers of 32 bits divide much faster.
    const high = value > INT32_MAX ? Math.floor(value / 1e9) : 0;
    if (high > 0) this.#digits32(high, count - 9);
    this.#digits32(value - high * 1e9, high > 0 ? 9 : count);
  }

  #digits32(value: number, count: number): void {
    const bytes = this.#bytes;
    const first = this.length;
    let small = value | 0;
    for (let at = first + count - 1; at >= first; at--) {
      const next = (small / 10) | 0;
      bytes[at] = ZERO + (small - next * 10);
      small = next;
    }
    this.length = first + count;
  }

  /** `.` and the digits of `value / 10 ** decimals` without zeros at the end. */
  #fraction(value: number, decimals: number): void {
    this.#bytes[this.length++] = DOT;
    this.#digits(value, decimals);
    while (this.#bytes[this.length - 1] === ZERO) this.length -= 1;
  }

  /** Whole words from where the text ends: what is behind the last byte is written over. */
  #words({ words, from, to }: Chunk): void {
    const view = this.#view;
    let at = this.length;
    for (let i = from; i < to; i++) {
      view.setFloat64(at, words[i] as number, true);
      at += WORD_BYTES;
    }
  }

  /** With room for the rest of a last word. */
  #reserve(size: number): void {
    if (this.length + size + WORD_BYTES <= this.#bytes.length) return;
    const wanted = this.length + size + WORD_BYTES;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, wanted));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Digits of a whole number of 31 bits, at least 1. */
function digitsOf32(value: number): number {
  if (value < 10_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1_000 ? 3 : 4;
  if (value < 1_000_000) return value < 100_000 ? 5 : 6;
  if (value < 100_000_000) return value < 10_000_000 ? 7 : 8;
  return value < 1_000_000_000 ? 9 : 10;
}

/** Digits before the point, at least 1; for values below 1e15. */
function digitsOf(value: number): number {
  let count = value < 1e12 ? 1 : 13;
  while (value >= (POWERS[count] as number)) count += 1;
  return count;
}

function skipDigits(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code >= ZERO && code <= NINE; ) code = text.charCodeAt(++at);
  return at;
}
