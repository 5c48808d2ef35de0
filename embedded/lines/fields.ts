import type { PointField } from '../storage/contract.ts';
import { scanBoolean, scanNumber } from './numbers.ts';
import { BACKSLASH, COMMA, EQUALS, LineError, MINUS, QUOTE, SPACE } from './scan.ts';
import { decode, unescapeField, unescapeString } from './unescape.ts';

const DOT = 0x2e;

/** End of the fields that start at `start`. Positions are within the whole line. */
export function scanFields(line: Uint8Array, start: number): number {
  let quoted = false;
  let equals = 0;
  let commas = 0;
  let i = start;
  while (i < line.length) {
    const byte = line[i]!;
    if (byte === BACKSLASH && i + 1 < line.length) {
      i += 2;
      continue;
    }
    if (byte === QUOTE && equals > commas) {
      quoted = !quoted;
      i++;
      continue;
    }
    if (byte === EQUALS && !quoted) {
      equals++;
      const next = scanValue(line, i);
      if (next > i) {
        i = next;
        continue;
      }
    }
    if (byte === COMMA && !quoted) commas++;
    if (byte === SPACE && !quoted) break;
    i++;
  }
  if (quoted) throw new LineError('unbalanced quotes');
  if (equals === 0 || commas !== equals - 1) throw new LineError('invalid field format');
  return Math.min(i, line.length);
}

/** Checks what stands around the `=` at `i`; returns the end of a number or boolean after it. */
function scanValue(line: Uint8Array, i: number): number {
  const before = line[i - 1];
  if ((before === SPACE || before === COMMA) && line[i - 2] !== BACKSLASH) {
    throw new LineError('missing field key');
  }
  const first = line[i + 1];
  if (first === undefined || first === COMMA || first === SPACE) {
    throw new LineError('missing field value');
  }
  if (startsNumber(first)) return scanNumber(line, i + 1);
  return first === QUOTE ? i : scanBoolean(line, i + 1);
}

/** A digit, a dot, a minus, or the first letter of NaN (which is then refused as a number). */
function startsNumber(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    byte === DOT ||
    byte === MINUS ||
    byte === 0x4e ||
    byte === 0x6e
  );
}

/** The fields inside [start, end), which `scanFields` has accepted. */
export function readFields(line: Uint8Array, start: number, end: number): PointField[] {
  const fields: PointField[] = [];
  for (let at = start; at < end; ) {
    const equals = keyEnd(line, at, end);
    if (equals > end - 2) {
      throw new LineError(`invalid value: field-key=${decode(line, at, equals)}`);
    }
    const stop = valueEnd(line, equals + 1, end);
    const name = unescapeField(line, at, equals);
    at = stop + 1;
    if (stop > equals + 1) fields.push(readField(name, line.subarray(equals + 1, stop)));
  }
  return fields;
}

/** The first `=` that is not escaped. */
function keyEnd(line: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    if (line[i] === EQUALS && (i === start || line[i - 1] !== BACKSLASH)) return i;
  }
  return end;
}

function valueEnd(line: Uint8Array, start: number, end: number): number {
  let quoted = false;
  let i = start;
  while (i < end) {
    const byte = line[i];
    if (byte === BACKSLASH && (line[i + 1] === QUOTE || line[i + 1] === BACKSLASH)) {
      i += 2;
      continue;
    }
    if (byte === QUOTE) quoted = !quoted;
    else if (byte === COMMA && !quoted) break;
    i++;
  }
  return Math.min(i, end);
}

const LETTER_I = 0x69;
const LETTER_U = 0x75;

function readField(name: string, value: Uint8Array): PointField {
  const first = value[0]!;
  const last = value[value.length - 1]!;
  if (first === QUOTE) {
    if (value.length < 2 || last !== QUOTE) throw new LineError('unbalanced quotes');
    return { name, type: 'string', value: unescapeString(value) };
  }
  if (!startsNumber(first)) return { name, type: 'bool', value: readBoolean(value) };
  const text = Buffer.from(value).toString('latin1');
  if (last === LETTER_I) return { name, type: 'long', value: BigInt(text.slice(0, -1)) };
  if (last === LETTER_U) return { name, type: 'ulong', value: BigInt(text.slice(0, -1)) };
  const number = Number(text);
  if (!Number.isFinite(number)) throw new LineError('invalid number');
  return { name, type: 'double', value: number };
}

/**
 * InfluxDB's two passes over the fields can disagree about where a value starts; it then fails
 * with a 500 (or dies). Such a line is refused like any other that cannot be parsed.
 */
function readBoolean(value: Uint8Array): boolean {
  const end = scanBoolean(value, 0);
  if (end !== value.length) throw new LineError('invalid boolean');
  return value[0] === 0x74 || value[0] === 0x54;
}
