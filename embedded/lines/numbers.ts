import { COMMA, LineError, MINUS, SPACE } from './scan.ts';

const DOT = 0x2e;
const PLUS = 0x2b;
const LOWER_E = 0x65;
const UPPER_E = 0x45;
const LOWER_I = 0x69;
const LOWER_U = 0x75;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
/** Shorter ones are in range whatever their digits. */
const INT64_DIGITS = 19;
const UINT64_DIGITS = 20;
const FLOAT_DIGITS = 25;

interface Shape {
  suffix: number;
  decimal: boolean;
  scientific: boolean;
}

/** End of the number that starts at `start`, checked as InfluxDB checks it. */
export function scanNumber(line: Uint8Array, start: number): number {
  const shape: Shape = { suffix: 0, decimal: false, scientific: false };
  let i = start;
  if (line[i] === MINUS) {
    i++;
    if (i === line.length) throw new LineError('invalid number');
  }
  for (; i < line.length; i++) {
    const byte = line[i]!;
    if (byte === COMMA || byte === SPACE) break;
    step(line, i, start, shape);
  }
  check(line, start, i, shape);
  return i;
}

function step(line: Uint8Array, i: number, start: number, shape: Shape): void {
  const byte = line[i]!;
  if ((byte === LOWER_I || byte === LOWER_U) && i > start && shape.suffix === 0) {
    shape.suffix = byte;
    return;
  }
  if (byte === DOT) {
    if (shape.decimal) throw new LineError('invalid number');
    shape.decimal = true;
    return;
  }
  if (i > start && (byte === LOWER_E || byte === UPPER_E)) {
    shape.scientific = true;
    return;
  }
  const before = line[i - 1];
  if ((byte === PLUS || byte === MINUS) && (before === LOWER_E || before === UPPER_E)) return;
  if (byte < 0x30 || byte > 0x39) throw new LineError('invalid number');
}

function check(line: Uint8Array, start: number, end: number, shape: Shape): void {
  const { suffix, decimal, scientific } = shape;
  if (suffix !== 0 && (decimal || scientific)) throw new LineError('invalid number');
  const negative = line[start] === MINUS;
  const digits =
    end - start - (suffix === LOWER_I ? 1 : 0) - (decimal ? 1 : 0) - (negative ? 1 : 0);
  if (digits === 0) throw new LineError('invalid number');
  if (suffix === 0) {
    if (scientific || end - start >= FLOAT_DIGITS) checkFloat(text(line, start, end));
    return;
  }
  if (line[end - 1] !== suffix) throw new LineError('invalid number');
  const whole = text(line, start, end - 1);
  if (suffix === LOWER_I) checkInteger(whole);
  else if (negative) throw new LineError('invalid number');
  else checkUnsigned(whole);
}

function checkInteger(whole: string): void {
  if (whole.length < INT64_DIGITS) return;
  parseInt64(whole, 'unable to parse integer');
}

function checkUnsigned(whole: string): void {
  if (whole.length < UINT64_DIGITS || BigInt(whole) <= UINT64_MAX) return;
  const reason = `strconv.ParseUint: parsing "${whole}": value out of range`;
  throw new LineError(`unable to parse unsigned ${whole}: ${reason}`);
}

/** A 64-bit integer from decimal text; `what` opens the message, which names Go's own error. */
export function parseInt64(whole: string, what?: string): bigint {
  const reason = /^-?[0-9]+$/.test(whole) ? 'value out of range' : 'invalid syntax';
  const value = reason === 'invalid syntax' ? undefined : BigInt(whole);
  if (value !== undefined && value >= INT64_MIN && value <= INT64_MAX) return value;
  const cause = `strconv.ParseInt: parsing "${whole}": ${reason}`;
  throw new LineError(what === undefined ? cause : `${what} ${whole}: ${cause}`);
}

const FLOAT = /^-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/;

function checkFloat(number: string): void {
  if (!FLOAT.test(number) || !Number.isFinite(Number(number))) throw new LineError('invalid float');
}

const BOOLEANS = new Set(['t', 'T', 'f', 'F', 'true', 'True', 'TRUE', 'false', 'False', 'FALSE']);

/** End of the boolean that starts at `start`. */
export function scanBoolean(line: Uint8Array, start: number): number {
  let i = start + 1;
  while (i < line.length && line[i] !== COMMA && line[i] !== SPACE) i++;
  if (i - start > 5 || !BOOLEANS.has(text(line, start, i))) throw new LineError('invalid boolean');
  return i;
}

function text(line: Uint8Array, start: number, end: number): string {
  return Buffer.from(line.buffer, line.byteOffset + start, end - start).toString('latin1');
}
