import { FluxError } from '../error.ts';
import { typeName } from './types.ts';
import type { FluxRecord, Value } from './value.ts';
import { Dict, Duration, Time, UInt } from './value.ts';

/**
 * Order of two strings by their UTF-8 bytes, as InfluxDB sorts. JavaScript compares UTF-16 units,
 * which differs only where a surrogate meets a unit above the surrogates.
 */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i += 1) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a !== b) return codePointRank(a) < codePointRank(b) ? -1 : 1;
  }
  return left.length < right.length ? -1 : 1;
}

function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** A number (float, int, uint) or undefined. */
function numeric(value: Value): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  return value instanceof UInt ? value.value : undefined;
}

/** -1, 0, 1; NaN when a float NaN is involved; undefined when the types cannot be ordered. */
export function order(left: Value, right: Value): number | undefined {
  if (typeof left === 'string' && typeof right === 'string') return compareStrings(left, right);
  if (left instanceof Time && right instanceof Time) return sign(left.ns, right.ns);
  const a = numeric(left);
  const b = numeric(right);
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === typeof b) return sign(a, b);
  // A float meets an integer: as Go does, the integer is taken to the float it is nearest to.
  return sign(Number(a), Number(b));
}

function sign(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return a === b ? 0 : Number.NaN;
}

/** Flux `==` for values that are not null; undefined when the types cannot be compared. */
export function equals(left: Value, right: Value): boolean | undefined {
  if (typeof left === 'boolean' && typeof right === 'boolean') return left === right;
  const compared = order(left, right);
  if (compared !== undefined) return compared === 0;
  if (left instanceof Uint8Array && right instanceof Uint8Array) return sameBytes(left, right);
  if (Array.isArray(left) && Array.isArray(right)) return sameItems(left, right);
  if (left instanceof Map && right instanceof Map) return sameRecord(left, right);
  return left instanceof Dict && right instanceof Dict ? left === right : undefined;
}

/** Equality of anything, null equal to null: what `contains`, dictionaries and `unique` mean. */
export function same(left: Value, right: Value): boolean {
  if (left === null || right === null) return left === right;
  if (left instanceof Duration && right instanceof Duration) return sameDuration(left, right);
  return left === right || equals(left, right) === true;
}

function sameDuration(left: Duration, right: Duration): boolean {
  return left.months === right.months && left.ns === right.ns;
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function sameItems(left: readonly Value[], right: readonly Value[]): boolean {
  return left.length === right.length && left.every((item, index) => same(item, right[index]!));
}

function sameRecord(left: FluxRecord, right: FluxRecord): boolean {
  if (left.size !== right.size) return false;
  for (const [key, value] of left) {
    const other = right.get(key);
    if (other === undefined || !same(value, other)) return false;
  }
  return true;
}

/** A key that is equal for equal scalars and differs by type; for Maps over Flux values. */
export function scalarKey(value: Value): string {
  switch (typeof value) {
    case 'string':
      return `s${value}`;
    case 'number':
      return `f${value}`;
    case 'bigint':
      return `i${value}`;
    case 'boolean':
      return value ? 'bt' : 'bf';
    default:
      if (value === null) return 'n';
      if (value instanceof Time) return `t${value.ns}`;
      if (value instanceof UInt) return `u${value.value}`;
      if (value instanceof Duration) return `d${value.months},${value.ns}`;
      throw new FluxError(`a value of type ${typeName(value)} cannot be a key`);
  }
}
