import type { SeriesGroup } from './target.ts';

const FIRST_SLOTS = 1024;
const FIRST_BYTES = 65_536;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;

/**
 * Raw series-key bytes -> group: an open-addressed table over bytes, so that the hot path of a
 * write makes no string. Several raw keys may name one group (tags in another order). Senders
 * repeat their series in one order, so the key that came after this one last time is tried first.
 */
export class RawKeys {
  #slots = new Int32Array(FIRST_SLOTS);
  /** The bytes of all keys, one after the other; key `i` is [starts[i], starts[i + 1]). */
  #bytes = new Uint8Array(FIRST_BYTES);
  #starts: number[] = [0];
  #hashes: number[] = [];
  #groups: SeriesGroup[] = [];
  /** Which key came after key `i`. */
  #next: number[] = [];
  #previous = -1;
  /** Where the key that `read` found ends in the body. */
  end = 0;

  get size(): number {
    return this.#groups.length;
  }

  /** The group whose key stands at `start` of the body, up to a space; its end is in `end`. */
  read(body: Uint8Array, start: number): SeriesGroup | undefined {
    const expected = this.#previous < 0 ? 0 : this.#next[this.#previous]!;
    if (expected < this.#groups.length && this.#stands(expected, body, start)) {
      this.end = start + this.#starts[expected + 1]! - this.#starts[expected]!;
      this.#previous = expected;
      return this.#groups[expected];
    }
    const found = this.#find(body, start);
    if (found < 0) return undefined;
    if (this.#previous >= 0) this.#next[this.#previous] = found;
    this.#previous = found;
    return this.#groups[found];
  }

  /** The key has no backslash and no newline. Its bytes are copied. */
  add(key: Uint8Array, group: SeriesGroup): void {
    const line = Uint8Array.of(...key, SPACE);
    const found = this.#find(line, 0);
    const index = found < 0 ? this.#groups.length : found;
    if (found < 0) {
      this.#append(line, hashOf(key));
      this.#groups.push(group);
      if (this.size * 2 > this.#slots.length) this.#rebuild(this.#slots.length * 2);
      else this.#place(index);
    }
    if (this.#previous >= 0) this.#next[this.#previous] = index;
    this.#previous = index;
  }

  clear(): void {
    this.#slots = new Int32Array(FIRST_SLOTS);
    this.#bytes = new Uint8Array(FIRST_BYTES);
    this.#starts = [0];
    this.#hashes = [];
    this.#groups = [];
    this.#next = [];
    this.#previous = -1;
  }

  /** Whether the key and a space stand at `start` of the body. */
  #stands(index: number, body: Uint8Array, start: number): boolean {
    const bytes = this.#bytes;
    const from = this.#starts[index]!;
    const length = this.#starts[index + 1]! - from;
    if (body[start + length] !== SPACE) return false;
    for (let i = 0; i < length; i++) if (bytes[from + i] !== body[start + i]) return false;
    return true;
  }

  /** Sets `end`; -1 when the key is unknown, escaped or cut off. */
  #find(body: Uint8Array, start: number): number {
    let hash = FNV_OFFSET;
    let i = start;
    for (; i < body.length; i++) {
      const byte = body[i]!;
      if (byte === SPACE) break;
      if (byte === BACKSLASH || byte === NEWLINE) return -1;
      hash = Math.imul(hash ^ byte, FNV_PRIME);
    }
    hash = mix(hash);
    this.end = i;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot]! - 1;
      if (index < 0) return -1;
      const length = this.#starts[index + 1]! - this.#starts[index]!;
      if (this.#hashes[index] !== hash || length !== i - start) continue;
      if (this.#stands(index, body, start)) return index;
    }
  }

  #append(line: Uint8Array, hash: number): void {
    const start = this.#starts[this.size]!;
    const length = line.length - 1;
    if (start + length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, start + length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(line.subarray(0, length), start);
    this.#starts.push(start + length);
    this.#hashes.push(hash);
    this.#next.push(this.size + 1);
  }

  #rebuild(slots: number): void {
    this.#slots = new Int32Array(slots);
    for (let index = 0; index < this.size; index++) this.#place(index);
  }

  #place(index: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[index]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = index + 1;
  }
}

function hashOf(key: Uint8Array): number {
  let hash = FNV_OFFSET;
  for (const byte of key) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return mix(hash);
}

/** FNV-1a with a final mix, because the table takes the low bits. */
function mix(hash: number): number {
  return (hash ^ (hash >>> 15)) & 0x7fffffff;
}
