/**
 * Digits of numbers, four at a time, into bytes that have NUMBER_BYTES of room; what is behind the
 * last digit is written over. Each answers where the text ends.
 */

/** The longest of them, and what is written behind it. */
export const NUMBER_BYTES = 32;

const DOT = 46;
const FOUR = 10_000;
const EIGHT = 100_000_000;
/** Below this every integer and every decimal of as many digits is told apart by a double. */
const DIGITS_15 = 1e15;
/** Where JavaScript starts to write exponents. */
const PLAIN_MIN = 1e-6;

/** `0` in each of four bytes. */
const ZEROS = 0x30303030;
/** Numbers of four digits, a digit in each byte, the first one lowest: bytes go from there. */
const DIGITS = Int32Array.from({ length: FOUR }, (_, i) => {
  const digit = (power: number) => Math.floor(i / power) % 10;
  return digit(1_000) | (digit(100) << 8) | (digit(10) << 16) | (digit(1) << 24);
});

/** A whole number from 0 to 2 ** 53. */
export function writeWhole(view: DataView, at: number, value: number): number {
  if (value < EIGHT) return writeStart(view, at, value | 0);
  // Doubles are dense enough there that the quotient is not rounded up to a whole number.
  const high = Math.floor(value / EIGHT);
  return writeEight(view, writeStart(view, at, high | 0), (value - high * EIGHT) | 0);
}

/**
 * A number from 0 on, as `String(value)` writes it, if it has few decimals; else nothing, and the
 * answer is `at`. When `round(value * 10 ** k)` divided by `10 ** k` gives the number back and has
 * at most 15 digits, those are the shortest digits that do.
 */
export function writeShort(view: DataView, at: number, value: number): number {
  if (value < PLAIN_MIN && value !== 0) return at;
  if (value < 1e7) {
    const scaled = Math.round(value * 1e8);
    if (scaled / 1e8 !== value) return writeSmall(view, at, value);
    const whole = value | 0;
    return writeFraction(view, writeStart(view, at, whole), (scaled - whole * 1e8) | 0);
  }
  if (value >= DIGITS_15) return at;
  // As many decimals as there are digits left, of a few choices.
  const scale = value < 1e9 ? 1e6 : value < 1e11 ? 1e4 : 1;
  const scaled = Math.round(value * scale);
  if (scaled / scale !== value) return at;
  const whole = Math.floor(value);
  const fraction = (scaled - whole * scale) * (1e8 / scale);
  return writeFraction(view, writeWhole(view, at, whole), fraction | 0);
}

/** Twelve decimals, below 1,000: prices of coins of which a dollar buys a million. */
function writeSmall(view: DataView, at: number, value: number): number {
  const scaled = Math.round(value * 1e12);
  if (scaled >= DIGITS_15 || scaled / 1e12 !== value) return at;
  const whole = value | 0;
  const fraction = scaled - whole * 1e12;
  const high = (fraction / FOUR) | 0;
  const dot = writeStart(view, at, whole);
  view.setUint8(dot, DOT);
  return writeLast(view, writeEight(view, dot + 1, high), (fraction - high * FOUR) | 0);
}

/** Below 1e8, without zeros in front; 0 itself is one digit. */
function writeStart(view: DataView, at: number, value: number): number {
  const high = (value / FOUR) | 0;
  const digits = DIGITS[high === 0 ? value : high] as number;
  const marked = digits | 0x08000000;
  const skipped = (31 - Math.clz32(marked & -marked)) & 24;
  view.setInt32(at, (digits | ZEROS) >>> skipped, true);
  const next = at + 4 - (skipped >> 3);
  if (high === 0) return next;
  view.setInt32(next, (DIGITS[value - high * FOUR] as number) | ZEROS, true);
  return next + 4;
}

/** Below 1e8. */
function writeEight(view: DataView, at: number, value: number): number {
  const high = (value / FOUR) | 0;
  view.setInt32(at, (DIGITS[high] as number) | ZEROS, true);
  view.setInt32(at + 4, (DIGITS[value - high * FOUR] as number) | ZEROS, true);
  return at + 8;
}

/** `.` and eight decimals without zeros at the end, or nothing for 0. */
function writeFraction(view: DataView, at: number, fraction: number): number {
  if (fraction === 0) return at;
  view.setUint8(at, DOT);
  const high = (fraction / FOUR) | 0;
  const low = fraction - high * FOUR;
  if (low === 0) return writeLast(view, at + 1, high);
  view.setInt32(at + 1, (DIGITS[high] as number) | ZEROS, true);
  return writeLast(view, at + 5, low);
}

/** Below 10,000, without zeros at the end; not 0. */
function writeLast(view: DataView, at: number, value: number): number {
  const digits = DIGITS[value] as number;
  view.setInt32(at, digits | ZEROS, true);
  return at + 4 - (Math.clz32(digits) >> 3);
}
