import type { SeriesGroup } from './target.ts';

const FIRST_SLOTS = 1024;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * Raw series-key bytes -> group: an open-addressed table over bytes, so that the hot path of a write
 * makes no string. Several raw keys may name one group (tags in another order, escapes).
 */
export class RawKeys {
  #slots = new Int32Array(FIRST_SLOTS);
  #hashes: number[] = [];
  #keys: Uint8Array[] = [];
  #groups: SeriesGroup[] = [];

  get size(): number {
    return this.#keys.length;
  }

  find(body: Uint8Array, start: number, end: number): SeriesGroup | undefined {
    const hash = hashOf(body, start, end);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot]! - 1;
      if (index < 0) return undefined;
      if (this.#hashes[index] === hash && sameBytes(this.#keys[index]!, body, start, end)) {
        return this.#groups[index];
      }
    }
  }

  /** Copies the key: the caller's bytes belong to a request. */
  add(key: Uint8Array, group: SeriesGroup): void {
    if (this.find(key, 0, key.length) !== undefined) return;
    this.#hashes.push(hashOf(key, 0, key.length));
    this.#keys.push(Uint8Array.from(key));
    this.#groups.push(group);
    if (this.#keys.length * 2 > this.#slots.length) this.#rebuild(this.#slots.length * 2);
    else this.#place(this.#keys.length - 1);
  }

  clear(): void {
    this.#slots = new Int32Array(FIRST_SLOTS);
    this.#hashes = [];
    this.#keys = [];
    this.#groups = [];
  }

  #rebuild(slots: number): void {
    this.#slots = new Int32Array(slots);
    for (let index = 0; index < this.#keys.length; index++) this.#place(index);
  }

  #place(index: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[index]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = index + 1;
  }
}

/** FNV-1a with a final mix, because the table takes the low bits. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_OFFSET;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME);
  hash ^= hash >>> 15;
  return hash & 0x7fffffff;
}

function sameBytes(key: Uint8Array, body: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let i = 0; i < key.length; i++) {
    if (key[i] !== body[start + i]) return false;
  }
  return true;
}
