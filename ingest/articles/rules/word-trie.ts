import { exact, type Words, wordsOf } from './words.ts';

/** Words that follow each other, to be found in texts. */
export interface Sequence {
  readonly text: string;
  /** The last word may go on. */
  readonly prefix: boolean;
  /** Compared as it is written. */
  readonly matchCase: boolean;
}

interface End {
  readonly id: number;
  readonly prefix: boolean;
  /** The words as they have to be written. */
  readonly exact: readonly string[] | undefined;
}

interface Node {
  readonly next: Map<string, Node>;
  readonly ends: End[];
  /** By beginning of the word that comes next. */
  readonly prefixes: Map<string, End[]>;
  /** Lengths of those beginnings, ascending. */
  lengths: number[];
}

/** What was found: the offsets of the whole sequence. */
export type Found = (id: number, from: number, to: number) => void;

/** A word that has to touch the one before it, as in scripts without spaces. */
const TOUCHING = '\u0000';

/**
 * All sequences of all rules in one tree of words. Finding takes time in proportion to the words of
 * the text, times the length of the sequences that begin like it, however many there are.
 */
export class WordTrie {
  readonly #root = newNode();
  readonly #ids = new Map<string, number>();

  /** Its number; the same sequence again has the same. */
  add(sequence: Sequence): number {
    const { text, prefix, matchCase } = sequence;
    const words = wordsOf(prefix ? text.slice(0, -1) : text);
    const keys = words.keys.map((key, index) => (touches(words, index) ? TOUCHING + key : key));
    const spelling = matchCase ? spellingsOf(text, words) : undefined;
    const key = JSON.stringify([keys, prefix, spelling]);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#ids.size;
    this.#ids.set(key, id);
    this.#insert(keys, { id, prefix, exact: spelling });
    return id;
  }

  get size(): number {
    return this.#ids.size;
  }

  #insert(keys: readonly string[], end: End): void {
    const { prefix } = end;
    let node = this.#root;
    for (const key of prefix ? keys.slice(0, -1) : keys) {
      let next = node.next.get(key);
      if (next === undefined) {
        next = newNode();
        node.next.set(key, next);
      }
      node = next;
    }
    if (!prefix) {
      node.ends.push(end);
      return;
    }
    const last = keys.at(-1) ?? '';
    const ends = node.prefixes.get(last);
    if (ends === undefined) node.prefixes.set(last, [end]);
    else ends.push(end);
    node.lengths = [...new Set([...node.lengths, last.length])].sort((a, b) => a - b);
  }

  /** Tells every place of every sequence, by where it begins. */
  scan(text: string, words: Words, found: Found): void {
    const root = this.#root;
    for (let first = 0; first < words.keys.length; first += 1) {
      const key = words.keys[first]!;
      const next = root.next.get(key);
      if (next === undefined && root.lengths.length === 0) continue;
      const place = { text, words, first, at: first };
      prefixed(root, key, place, found);
      if (next !== undefined) follow(next, place, found);
    }
  }
}

function newNode(): Node {
  return { next: new Map(), ends: [], prefixes: new Map(), lengths: [] };
}

function touches({ from, to }: Words, index: number): boolean {
  return index > 0 && from[index] === to[index - 1];
}

function spellingsOf(text: string, { keys, from, to }: Words): string[] {
  return keys.map((_, index) => exact(text.slice(from[index], to[index])));
}

interface Place {
  readonly text: string;
  readonly words: Words;
  /** The words that a sequence begins and, so far, ends with. */
  readonly first: number;
  readonly at: number;
}

function follow(node: Node, place: Place, found: Found): void {
  for (const end of node.ends) tell(end, place, found);
  const at = place.at + 1;
  const key = place.words.keys[at];
  if (key === undefined || (node.next.size === 0 && node.lengths.length === 0)) return;
  const there = { ...place, at };
  for (const each of touches(place.words, at) ? [key, TOUCHING + key] : [key]) {
    prefixed(node, each, there, found);
    const next = node.next.get(each);
    if (next !== undefined) follow(next, there, found);
  }
}

function prefixed(node: Node, key: string, place: Place, found: Found): void {
  for (const length of node.lengths) {
    if (length > key.length) return;
    const ends = node.prefixes.get(key.slice(0, length));
    if (ends !== undefined) for (const end of ends) tell(end, place, found);
  }
}

function tell(end: End, { text, words, first, at }: Place, found: Found): void {
  const fits = end.exact?.every((spelling, index) => {
    const word = exact(text.slice(words.from[first + index], words.to[first + index]));
    return end.prefix && first + index === at ? word.startsWith(spelling) : word === spelling;
  });
  if (fits !== false) found(end.id, words.from[first]!, words.to[at]!);
}
