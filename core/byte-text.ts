import { NUMBER_BYTES, writeShort, writeWhole } from './number-text.ts';

const MINUS = 45;
const LETTER_I = 105;

/** Decimals, with the exponent that most do not have. */
const DECIMAL = /^-?(?:\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
/** What a character adds to a sum that tells of how many kinds a text has how many. */
const A_DIGIT = 1;
const A_DOT = 1 << 20;
const KINDS = Int32Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (char >= '0' && char <= '9') return A_DIGIT;
  return char === '.' ? A_DOT : 2 * A_DOT;
});

/** A word of a chunk. */
const WORD_BYTES = 8;

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
  /** Where the text may end: the rest of a last word goes behind it. */
  #limit = this.#bytes.length - WORD_BYTES;

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

  /** Copies `before` and writes a finite number exactly as `String(value)` does, but 0 for -0. */
  number(before: Chunk, value: number): void {
    const at = this.#signed(before, value);
    const rest = value < 0 ? -value : value;
    this.length = writeShort(this.#view, at, rest);
    if (this.length === at) this.ascii(String(rest));
  }

  /** Copies `before` and writes a whole number that is exact as a JavaScript number, and an `i`. */
  integer(before: Chunk, value: number): void {
    const at = this.#signed(before, value);
    const end = writeWhole(this.#view, at, value < 0 ? -value : value);
    this.#view.setUint8(end, LETTER_I);
    this.length = end + 1;
  }

  /** Copies `before` and, with room for a number, its sign; where it goes on. */
  #signed(before: Chunk, value: number): number {
    this.#reserve(before.size + NUMBER_BYTES);
    this.#words(before);
    const at = this.length + before.size;
    if (value >= 0) return at;
    this.#view.setUint8(at, MINUS);
    return at + 1;
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
    const view = this.#view;
    const start = this.length + before.size;
    let seen = 0;
    let kinds = 0;
    // Looked at and copied in one go, without a branch that the digits would have to decide.
    for (let at = 0; at < size; at++) {
      const code = text.charCodeAt(at);
      view.setUint8(start + at, code);
      seen |= code;
      kinds += KINDS[code & 127] as number;
    }
    this.length = start + size;
    // Digits, and one point at most.
    if (seen < 128 && kinds < 2 * A_DOT && (kinds & (A_DOT - 1)) !== 0) return false;
    const odd = DECIMAL.exec(text);
    return odd === null ? undefined : odd[1] !== undefined;
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

  #reserve(size: number): void {
    if (this.length + size > this.#limit) this.#grow(size);
  }

  #grow(size: number): void {
    const wanted = this.length + size + WORD_BYTES;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, wanted));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
    this.#view = viewOf(larger);
    this.#limit = larger.length - WORD_BYTES;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
