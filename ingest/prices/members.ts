/**
 * Which members of a document are read. `true`: all there is. `name`: a text that comes again in
 * each document. An object: these members alone of an object, `*` standing for each of a map's; an
 * array is looked through, each of its values is read so. Whatever is no object is read whole.
 */
export type Members = true | 'name' | { readonly [member: string]: Members };

/** A longer text is not worth to be remembered. */
export const REMEMBERED_BYTES_MAX = 64;
/** More keys than any documented object has: what follows is data, or somebody sends new ones. */
const KEYS_MAX = 256;
const NAMES_MAX = 20_000;

/** Bytes that are looked for. */
interface Sought {
  readonly view: DataView;
  readonly start: number;
  /** 4 at least. */
  readonly size: number;
}

/**
 * Whether these bytes stand at `from`, four at a time: a third of the time that one at a time
 * takes. The document goes on for `REMEMBERED_BYTES_MAX` bytes at least.
 */
function standsAt(document: DataView, from: number, { view, start, size }: Sought): boolean {
  const last = size - 4;
  for (let i = 0; i < last; i += 4) {
    if (document.getInt32(from + i) !== view.getInt32(start + i)) return false;
  }
  return document.getInt32(from + last) === view.getInt32(start + last);
}

const NO_BYTES = new Uint8Array();
const NO_VIEW = viewOf(NO_BYTES);

/**
 * A member's key as it stands between two values, and what is read of the value behind it: the
 * bytes `,"name":`, without the comma where it is the first one of its object.
 */
export class Key {
  readonly name: string;
  /** Undefined: the value is skipped. */
  readonly wanted: Wanted | undefined;
  readonly size: number;
  readonly view: DataView;
  readonly start = 0;
  /** The one that came after it the last time. */
  next: Key | undefined;

  constructor(name: string, wanted: Wanted | undefined, bytes: Uint8Array = NO_BYTES) {
    this.name = name;
    this.wanted = wanted;
    this.size = bytes.length;
    this.view = bytes === NO_BYTES ? NO_VIEW : viewOf(new Uint8Array(bytes));
    this.next = undefined;
  }

  /** Whether this key stands at `from`. */
  isAt(document: DataView, from: number): boolean {
    return standsAt(document, from, this);
  }
}

/** One place of the tree of members. */
export class Wanted {
  /** What is read of members without a place of their own; undefined: nothing. */
  readonly rest: Wanted | undefined;
  /** Of a map: the names of its members; of a name: itself. */
  readonly names: Names | undefined;
  readonly isMap: boolean;
  readonly #members = new Map<string, Wanted>();
  readonly #keys = new Map<string, Key>();
  /** Stands before the first key of each object. */
  readonly start: Key;

  constructor(members: Members) {
    this.start = new Key('', undefined);
    this.isMap = typeof members === 'object' && '*' in members;
    this.names = this.isMap || members === 'name' ? new Names() : undefined;
    if (typeof members !== 'object') {
      this.rest = this;
      return;
    }
    for (const [name, child] of Object.entries(members)) {
      if (name !== '*') this.#members.set(name, new Wanted(child));
    }
    this.rest = members['*'] === undefined ? undefined : new Wanted(members['*']);
  }

  /** The key of this name that follows `last`; known by its bytes from now on if there is room. */
  keyAfter(last: Key, name: string, bytes: Buffer): Key {
    const raw = bytes.toString('latin1');
    let key = this.#keys.get(raw);
    if (!key) {
      const { length } = bytes;
      const isFit = length >= 4 && length <= REMEMBERED_BYTES_MAX;
      if (!isFit || this.#keys.size >= KEYS_MAX) return new Key(name, this.of(name));
      // The property's name itself, not a text that equals it: stores find their place at once.
      const own = Object.keys({ [name]: 0 })[0] as string;
      key = new Key(own, this.of(name), bytes);
      this.#keys.set(raw, key);
    }
    last.next = key;
    return key;
  }

  of(name: string): Wanted | undefined {
    return this.#members.get(name) ?? this.rest;
  }

  /** A new document begins, with the same names in the same order as the last one, most likely. */
  restart(): void {
    if (this.#keys.size >= KEYS_MAX) {
      this.#keys.clear();
      this.start.next = undefined;
    }
    this.names?.restart();
    for (const member of this.#members.values()) member.restart();
    if (this.rest !== this) this.rest?.restart();
  }
}

/**
 * Names in the order of the last document. The one that is due is known by its bytes alone, and the
 * same string is handed out again: its hash is made, and comparing it with itself is nothing.
 */
export class Names {
  #texts: string[] = [];
  #bytes = Buffer.alloc(1_024);
  #view = viewOf(this.#bytes);
  /** Where each name begins in `#bytes`, and where the last one ends. */
  #starts: number[] = [0];
  #places = new Map<string, number>();
  #due = 0;

  restart(): void {
    this.#due = 0;
  }

  /** The name that is due if it stands at `from`, quotes included. */
  match(document: DataView, from: number): string | undefined {
    const due = this.#due;
    if (due >= this.#texts.length) return undefined;
    const start = this.#starts[due] as number;
    const size = (this.#starts[due + 1] as number) - start;
    if (!standsAt(document, from, { view: this.#view, start, size })) return undefined;
    this.#due = due + 1;
    return this.#texts[due];
  }

  /** Bytes of the name that was matched, with its quotes. */
  get matchedBytes(): number {
    return (this.#starts[this.#due] as number) - (this.#starts[this.#due - 1] as number);
  }

  /** The string to use for the text of these bytes, quotes included; keeps nothing else alive. */
  learn(text: string, bytes: Buffer): string {
    const known = this.#places.get(text);
    if (known !== undefined) {
      this.#due = known + 1;
      return this.#texts[known] as string;
    }
    const copy = bytes.toString('utf8', 1, bytes.length - 1);
    if (bytes.length < 4 || bytes.length > REMEMBERED_BYTES_MAX) return copy;
    if (this.#texts.length >= NAMES_MAX) this.#forget();
    const start = this.#starts[this.#texts.length] as number;
    const end = start + bytes.length;
    if (end > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes], 2 * end);
      this.#view = viewOf(this.#bytes);
    }
    this.#bytes.set(bytes, start);
    this.#places.set(copy, this.#texts.length);
    this.#texts.push(copy);
    this.#starts.push(end);
    this.#due = this.#texts.length;
    return copy;
  }

  #forget(): void {
    this.#texts = [];
    this.#starts = [0];
    this.#places = new Map();
  }
}

export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
