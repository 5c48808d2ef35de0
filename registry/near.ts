/**
 * Names like a mistyped one. The distance counts a swap of neighbours, a wrong, a missing and a
 * superfluous letter as one each (optimal string alignment), so `btcsud` is one away from
 * `btcusd`; shared letters break ties, and a prefix counts as near.
 */
export function nearNames(
  typed: string,
  names: Iterable<string>,
  options: { readonly limit: number },
): string[] {
  const wanted = typed.toLowerCase();
  const distanceMax = Math.max(1, Math.min(3, Math.floor(wanted.length / 3)));
  const scored: { name: string; score: number }[] = [];
  for (const name of names) {
    const prefix = wanted.length >= 3 && name.startsWith(wanted);
    const distance = alignment(wanted, name, distanceMax);
    if (!prefix && distance > distanceMax) continue;
    const base = prefix ? Math.min(distance, 1.5) : distance;
    scored.push({ name, score: base - commonLetters(wanted, name) });
  }
  scored.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
  return scored.slice(0, options.limit).map(({ name }) => name);
}

/** Edit distance with swaps; more than `max` is answered as `max + 1` without the whole work. */
function alignment(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return max + 1;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped && !same) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least > max) return max + 1;
    before = above;
    above = row;
  }
  return above[b.length]!;
}

/** Dice coefficient of the letters, 0 to just below 1: order is the distance's business. */
function commonLetters(a: string, b: string): number {
  const left = [...a];
  let shared = 0;
  for (const letter of b) {
    const at = left.indexOf(letter);
    if (at === -1) continue;
    left.splice(at, 1);
    shared++;
  }
  return (0.99 * 2 * shared) / Math.max(1, a.length + b.length);
}
