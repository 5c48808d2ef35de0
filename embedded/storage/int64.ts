/**
 * 64-bit integers as two 32-bit halves: comparing and storing them needs no bigint. `high` is
 * signed; `low` is read as unsigned.
 */
const TWO_32 = 4_294_967_296;

/** Low half of `a * 1e9 + b`, for 0 <= a < 2^53 / 2^20 and 0 <= b < 1e9. */
export function billionsLow(billions: number, rest: number): number {
  return (Math.imul(billions | 0, 1_000_000_000) + rest) | 0;
}

/** High half of the same: the double is off by at most 1024, the low half corrects it. */
export function billionsHigh(billions: number, rest: number, low: number): number {
  return Math.round((billions * 1e9 + rest - (low >>> 0)) / TWO_32);
}

/** Halves of a safe integer. */
export function lowOf(value: number): number {
  return (value - Math.floor(value / TWO_32) * TWO_32) | 0;
}

export function highOf(value: number): number {
  return Math.floor(value / TWO_32);
}

export function bigLow(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

export function bigHigh(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}

/** Whether (aHigh, aLow) < (bHigh, bLow), signed. */
export function isLess(aHigh: number, aLow: number, bHigh: number, bLow: number): boolean {
  return aHigh === bHigh ? aLow >>> 0 < bLow >>> 0 : aHigh < bHigh;
}
