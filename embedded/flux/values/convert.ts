import { parseDuration, parseTime } from '../../../core/flux-literals.ts';
import { FluxError } from '../error.ts';
import { nanosecondsOf } from './calendar.ts';
import { formatFloat, stringify } from './print.ts';
import { typeName, typeText } from './types.ts';
import type { ColumnType, Value } from './value.ts';
import { Duration, Time, UInt } from './value.ts';

/** Flux's conversion functions. Null stays null; what cannot be converted is an error. */
export type Conversion = (value: Value) => Value;

function impossible(value: Value, to: string): FluxError {
  return new FluxError(`cannot convert ${typeText(value)} to ${to}`);
}

function badText(text: string, to: string): FluxError {
  return new FluxError(
    `cannot convert string ${JSON.stringify(text)} to ${to} due to invalid syntax`,
  );
}

const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;

export function toFloat(value: Value): number | null {
  if (typeof value === 'number' || value === null) return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof UInt) return Number(value.value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') return parseFloatText(value);
  throw impossible(value, 'float');
}

const SPECIAL: Readonly<Record<string, number>> = {
  inf: Infinity,
  infinity: Infinity,
  nan: Number.NaN,
};

const FLOAT = /^[+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Go's ParseFloat: no white space, no empty text; inf and nan in any case; hexadecimal floats not.
 */
function parseFloatText(text: string): number {
  const signed = /^([+-]?)(.+)$/s.exec(text);
  const special = SPECIAL[signed?.[2]?.toLowerCase() ?? ''];
  if (special !== undefined) return signed?.[1] === '-' ? -special : special;
  if (FLOAT.test(text)) {
    const value = Number(text.replaceAll('_', ''));
    if (Number.isFinite(value)) return value;
  }
  throw badText(text, 'float');
}

export function toInt(value: Value): bigint | null {
  if (typeof value === 'bigint' || value === null) return value;
  if (typeof value === 'number') return truncate(value);
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (value instanceof UInt) return BigInt.asIntN(64, value.value);
  if (value instanceof Time) return value.ns;
  if (value instanceof Duration) return nanosecondsOf(value);
  if (typeof value !== 'string') throw impossible(value, 'int');
  const parsed = /^[+-]?\d+$/.test(value) ? BigInt(value.replace(/^\+/, '')) : undefined;
  if (parsed === undefined || parsed > INT_MAX || parsed < -INT_MAX - 1n) {
    throw badText(value, 'int');
  }
  return parsed;
}

/** Towards zero; what does not fit becomes the smallest integer, as on amd64. */
function truncate(value: number): bigint {
  if (!Number.isFinite(value)) return -INT_MAX - 1n;
  const whole = BigInt(Math.trunc(value));
  return whole > INT_MAX || whole < -INT_MAX - 1n ? -INT_MAX - 1n : whole;
}

export function toUInt(value: Value): UInt | null {
  if (value === null || value instanceof UInt) return value;
  if (typeof value === 'string') {
    const parsed = /^\d+$/.test(value) ? BigInt(value) : undefined;
    if (parsed === undefined || parsed > UINT_MAX) throw badText(value, 'uint');
    return new UInt(parsed);
  }
  if (typeof value === 'number' && value >= 2 ** 63 && value < 2 ** 64) {
    return new UInt(BigInt(Math.trunc(value)));
  }
  const known = typeof value !== 'object' || value instanceof Time || value instanceof Duration;
  if (!known) throw impossible(value, 'uint');
  return new UInt(toInt(value) ?? 0n);
}

export function toBool(value: Value): boolean | null {
  if (typeof value === 'boolean' || value === null) return value;
  if (value === 'true') return true;
  if (value === 'false') return false;
  if (typeof value === 'string') {
    throw new FluxError(`cannot convert string ${JSON.stringify(value)} to bool`);
  }
  const isNumber = typeof value === 'number' || typeof value === 'bigint' || value instanceof UInt;
  if (!isNumber) throw impossible(value, 'bool');
  const number = Number(value instanceof UInt ? value.value : value);
  if (number === 0 || number === 1) return number === 1;
  const text = typeof value === 'number' ? value.toFixed(6) : String(number);
  throw new FluxError(`cannot convert ${typeName(value)} ${text} to bool, must be 0 or 1`);
}

export function toTime(value: Value): Time | null {
  if (value === null || value instanceof Time) return value;
  if (typeof value === 'bigint') return new Time(value);
  if (value instanceof UInt) return new Time(BigInt.asIntN(64, value.value));
  if (typeof value !== 'string') throw impossible(value, 'time');
  const ns = parseTime(value);
  if (ns === undefined || ns > INT_MAX || ns < -INT_MAX - 1n) {
    const part = value.includes('T') ? 'date time' : 'date';
    throw new FluxError(`${badText(value, 'time').message}: cannot parse ${part}`);
  }
  return new Time(ns);
}

export function toDuration(value: Value): Duration | null {
  if (value === null || value instanceof Duration) return value;
  if (typeof value === 'bigint') return new Duration(0, value);
  if (value instanceof UInt) return new Duration(0, BigInt.asIntN(64, value.value));
  if (typeof value !== 'string') throw impossible(value, 'duration');
  const parts = parseDuration(value);
  if (!parts) throw badText(value, 'duration');
  return new Duration(parts.months, parts.ns);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function toText(value: Value): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number') return formatFloat(value);
  if (value instanceof Uint8Array) return decode(value);
  const plain =
    typeof value !== 'object' ||
    value instanceof UInt ||
    value instanceof Time ||
    value instanceof Duration;
  if (!plain) throw impossible(value, 'string');
  return stringify(value);
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    const message = 'bytes contained non utf8 bytes, cannot be converted into a string';
    throw new FluxError(message, 'invalid', undefined, cause);
  }
}

export function toBytes(value: Value): Uint8Array {
  if (typeof value === 'string') return new TextEncoder().encode(value);
  throw impossible(value, 'bytes');
}

/** To what a column holds. */
export const toColumnType: Readonly<Record<ColumnType, Conversion>> = {
  string: toText,
  long: toInt,
  unsignedLong: toUInt,
  double: toFloat,
  boolean: toBool,
  'dateTime:RFC3339': toTime,
};
