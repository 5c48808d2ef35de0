/** What is written in one statement: more would hold up everything else of the process. */
export const SLICE = 100;

/** A long list in parts, in its order. */
export function* slices<T>(list: readonly T[], length = SLICE): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += length) yield list.slice(at, at + length);
}

/** The same, and each but one of a single item weighs no more than `weightMax`. */
export function* weighedSlices<T>(
  list: readonly T[],
  weightOf: (item: T) => number,
  weightMax: number,
): Generator<readonly T[]> {
  let some: T[] = [];
  let weight = 0;
  for (const item of list) {
    const more = weightOf(item);
    if (some.length === SLICE || (some.length > 0 && weight + more > weightMax)) {
      yield some;
      some = [];
      weight = 0;
    }
    some.push(item);
    weight += more;
  }
  if (some.length > 0) yield some;
}
