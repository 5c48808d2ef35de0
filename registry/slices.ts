/** What is written in one statement: more would hold up everything else of the process. */
export const SLICE = 100;

/** A long list in parts, in its order. */
export function* slices<T>(list: readonly T[], length = SLICE): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += length) yield list.slice(at, at + length);
}
