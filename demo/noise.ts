/**
 * Noise that is a pure function of seed, name and time: the same moment has the same value in every
 * process, and nothing has to be remembered.
 */
export type Noise = (name: string, timeMs: number) => number;

/** A 32-bit hash of a text (FNV-1a), for seeds. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/** Evenly spread in [0, 1): murmur3's finaliser over the two halves. */
export function chance(hash: number, step = 0): number {
  let mixed = hash ^ Math.imul(step | 0, 0x9e3779b1) ^ Math.floor(step / 2 ** 32);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

const DAY_MS = 86_400_000;
/** From 4 s to 12 days, each four times the one before. */
const PERIODS_MS = Array.from({ length: 10 }, (_, octave) => 4_000 * 4 ** octave);

/**
 * A walk around 0 with a spread of about 1 in a day. Octaves whose height grows with the root of
 * their period make it look like a random walk at every scale.
 */
export function createWalk(seed: number): Noise {
  // Names are those of the market's pairs: some thousands at most.
  const hashes = new Map<string, number>();
  return (name, timeMs) => {
    const hash = hashes.get(name) ?? hashOf(`${seed} ${name}`);
    hashes.set(name, hash);
    let sum = 0;
    for (const periodMs of PERIODS_MS) {
      sum += Math.sqrt(periodMs / DAY_MS) * wave(hash ^ periodMs, timeMs / periodMs);
    }
    return sum;
  };
}

/** Values between -1 and 1 at whole positions, eased in between. */
function wave(hash: number, position: number): number {
  const step = Math.floor(position);
  const part = position - step;
  const left = 2 * chance(hash, step) - 1;
  const right = 2 * chance(hash, step + 1) - 1;
  return left + (right - left) * part * part * (3 - 2 * part);
}
