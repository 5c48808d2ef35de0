const SEQUENCE_BITS = 22n;
const SEQUENCE_MAX = (1 << 22) - 1;

/**
 * Makes ids of 16 hex digits that grow with time: milliseconds above, a counter with a random
 * start below. Never twice the same within a process, also when the clock goes back.
 */
export function createIds(nowMs: () => number, random: () => number): () => string {
  let lastMs = 0;
  let sequence = 0;
  return () => {
    const ms = nowMs();
    if (ms > lastMs) {
      lastMs = ms;
      sequence = Math.floor(random() * (SEQUENCE_MAX / 2));
    } else if (sequence === SEQUENCE_MAX) {
      lastMs++;
      sequence = 0;
    } else sequence++;
    return ((BigInt(lastMs) << SEQUENCE_BITS) | BigInt(sequence)).toString(16).padStart(16, '0');
  };
}

export function isId(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text) && !/^0{16}$/.test(text);
}
