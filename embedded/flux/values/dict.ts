import { compareStrings, order, scalarKey } from './compare.ts';
import type { Value } from './value.ts';
import { Dict } from './value.ts';

/**
 * Dictionaries compare keys by value, while a JavaScript Map compares them by identity: each Dict
 * is made here, sorted by key, and looked up through an index of its own.
 */
const indexes = new WeakMap<Dict, Map<string, Value>>();

/** A later entry replaces an earlier one of the same key. */
export function makeDict(entries: Iterable<readonly [Value, Value]>): Dict {
  const byKey = new Map<string, readonly [Value, Value]>();
  for (const entry of entries) byKey.set(scalarKey(entry[0]), entry);
  const sorted = [...byKey.values()].sort(([a], [b]) => compareKeys(a, b));
  const dict = new Dict(new Map(sorted));
  indexes.set(dict, new Map(sorted.map(([key, value]) => [scalarKey(key), value])));
  return dict;
}

function compareKeys(a: Value, b: Value): number {
  return order(a, b) || compareStrings(scalarKey(a), scalarKey(b));
}

/** Undefined when the key is not there. */
export function lookupDict(dict: Dict, key: Value): Value | undefined {
  return indexes.get(dict)?.get(scalarKey(key));
}
