import type { Series } from './contract.ts';

/**
 * InfluxDB's order of series: measurement, then tag by tag (key, value), fewer tags first, then the
 * field; all by UTF-8 bytes.
 */
export function compareSeries(left: Series, right: Series): number {
  return (
    compareText(left.measurement, right.measurement) ||
    compareTags(left, right) ||
    compareText(left.field, right.field)
  );
}

function compareTags(left: Series, right: Series): number {
  if (left.tags === right.tags) return 0;
  const others = right.tags.entries();
  for (const [key, value] of left.tags) {
    const next = others.next();
    if (next.done) return 1;
    const order = compareText(key, next.value[0]) || compareText(value, next.value[1]);
    if (order !== 0) return order;
  }
  return others.next().done ? 0 : -1;
}

const FIRST_SURROGATE = 0xd800;

/** Orders two strings by their UTF-8 bytes (JavaScript's own `<` orders by UTF-16 units). */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a === b) continue;
    if (a < FIRST_SURROGATE || b < FIRST_SURROGATE) return a - b;
    return rank(a) - rank(b);
  }
  return left.length - right.length;
}

/** Surrogates stand for code points above every unit of the basic plane. */
function rank(unit: number): number {
  return unit >= FIRST_SURROGATE && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Merges two ordered lists. */
export function mergeSeries(left: readonly Series[], right: readonly Series[]): Series[] {
  const merged: Series[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    merged.push(compareSeries(left[i]!, right[j]!) <= 0 ? left[i++]! : right[j++]!);
  }
  while (i < left.length) merged.push(left[i++]!);
  while (j < right.length) merged.push(right[j++]!);
  return merged;
}
