import { isAscii, isUtf8 } from 'node:buffer';
import {
  broken,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  DEPTH_MAX,
  escapedEnd,
  isNumber,
  literalEnd,
  numberEnd,
  OPEN_ARRAY,
  OPEN_OBJECT,
  plainEnd,
  QUOTE,
  skipSpace,
  valueEnd,
} from './json-scan.ts';
import {
  type Key,
  type Members,
  type Names,
  REMEMBERED_BYTES_MAX,
  viewOf,
  Wanted,
} from './members.ts';

/**
 * JSON in which every number arrives as its source text, a string: `37.930307309999996`, `1e-05`.
 * A decimal is then parsed once, by whoever stores it, and never through a lossy detour. It also
 * makes `1` and `"1"` the same to a schema: an exchange that changes between them breaks nothing.
 * @throws SyntaxError as JSON.parse does, and for more than 256 levels.
 */
export function parseNumberJson(text: string): unknown {
  return wholeReader.read(Buffer.from(text));
}

/** Zeros behind a document: no value goes beyond them, and keys are compared without a look. */
const SPARE_BYTES = 2 * REMEMBERED_BYTES_MAX;
/** A larger document gets memory of its own, which goes with it. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** So much is made a string at once: memory that is used again and again is in the cache. */
const WINDOW_BYTES = 32 * 1024;

interface Frame {
  readonly bytes: Buffer;
  readonly view: DataView;
}

function newFrame(size: number): Frame {
  const bytes = Buffer.allocUnsafeSlow(size);
  return { bytes, view: viewOf(bytes) };
}

let kept = newFrame(64 * 1024);

/** The document, followed by zeros. */
function framed(document: Uint8Array): Frame {
  const need = document.length + SPARE_BYTES;
  let frame = kept;
  if (need > frame.bytes.length) {
    frame = newFrame(need + (need >> 2));
    if (need <= KEPT_BYTES_MAX) kept = frame;
  }
  frame.bytes.set(document);
  frame.bytes.fill(0, document.length, need);
  return frame;
}

/**
 * Reads documents of one kind: makes what is wanted of them, and looks through the rest as strictly
 * without making anything of it. Keys are known by their bytes from the last time, in the order
 * that they had then. Texts may be slices that keep the document alive; names are not.
 */
export class NumberJsonReader {
  readonly #root: Wanted;
  #bytes = kept.bytes;
  #view = kept.view;
  #size = 0;
  /** A part of the document, one character for each byte, and where it begins. */
  #window = '';
  #windowStart = 0;
  #ascii = true;
  /** Behind the value that was read last. */
  #at = 0;
  #depth = 0;
  /** Whether the text that was read last had no escape. */
  #plain = true;

  constructor(members: Members) {
    this.#root = new Wanted(members);
  }

  /** @throws SyntaxError when it is no JSON, TypeError when the bytes are not UTF-8. */
  read(document: Uint8Array): unknown {
    this.#ascii = isAscii(document);
    if (!this.#ascii && !isUtf8(document)) throw new TypeError('the bytes are not UTF-8');
    const { bytes, view } = framed(document);
    this.#bytes = bytes;
    this.#view = view;
    this.#size = document.length;
    this.#window = '';
    this.#depth = 0;
    this.#root.restart();
    try {
      const value = this.#value(this.#root, skipSpace(bytes, startOf(bytes)));
      if (skipSpace(bytes, this.#at) !== this.#size) throw broken(this.#at);
      return value;
    } finally {
      // A large document goes, and so does what is shared with the next one.
      this.#bytes = kept.bytes;
      this.#view = kept.view;
      this.#window = '';
    }
  }

  #value(wanted: Wanted, at: number): unknown {
    const bytes = this.#bytes;
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      if (wanted.names && !wanted.isMap) return this.#name(wanted.names, at);
      return this.#textAt(at + 1);
    }
    if (isNumber(byte)) {
      const end = numberEnd(bytes, at);
      this.#at = end;
      return this.#slice(at, end);
    }
    if (byte !== OPEN_OBJECT && byte !== OPEN_ARRAY) return this.#literal(at);
    if (this.#depth >= DEPTH_MAX) throw broken(at);
    this.#depth += 1;
    const made =
      byte === OPEN_ARRAY
        ? this.#array(wanted, at + 1)
        : wanted.isMap
          ? this.#map(wanted, at + 1)
          : this.#object(wanted, at + 1);
    this.#depth -= 1;
    return made;
  }

  #literal(at: number): boolean | null {
    const bytes = this.#bytes;
    this.#at = literalEnd(bytes, at);
    // n, t, f
    return bytes[at] === 110 ? null : bytes[at] === 116;
  }

  #array(wanted: Wanted, from: number): unknown[] {
    const bytes = this.#bytes;
    const made: unknown[] = [];
    let at = skipSpace(bytes, from);
    if (bytes[at] === CLOSE_ARRAY) {
      this.#at = at + 1;
      return made;
    }
    for (;;) {
      made.push(this.#value(wanted, at));
      at = skipSpace(bytes, this.#at);
      if (bytes[at] !== COMMA) break;
      at = skipSpace(bytes, at + 1);
    }
    if (bytes[at] !== CLOSE_ARRAY) throw broken(at);
    this.#at = at + 1;
    return made;
  }

  #object(wanted: Wanted, from: number): object {
    const bytes = this.#bytes;
    const view = this.#view;
    const made: Record<string, unknown> = {};
    let at = from;
    let key = wanted.start;
    for (;;) {
      const guess = key.next;
      if (guess?.isAt(view, at)) {
        key = guess;
        at = skipSpace(bytes, at + guess.size);
      } else {
        const found = this.#key(wanted, key, at);
        if (!found) return made;
        key = found;
        at = this.#at;
      }
      if (key.wanted === undefined) {
        at = valueEnd(bytes, at, this.#depth);
      } else {
        const value = this.#value(key.wanted, at);
        at = this.#at;
        if (key.name === '__proto__') define(made, value);
        else made[key.name] = value;
      }
    }
  }

  /** The key between the value that ends at `from` and the next one; undefined at the end. */
  #key(wanted: Wanted, last: Key, from: number): Key | undefined {
    const isFirst = last === wanted.start;
    const at = this.#keyStart(isFirst, from);
    if (at === -1) return undefined;
    const name = this.#textAt(at + 1);
    this.#behindColon();
    return wanted.keyAfter(last, name, this.#bytes.subarray(from, this.#at));
  }

  /** Where the quote of the next key stands; -1 behind the object's end. */
  #keyStart(isFirst: boolean, from: number): number {
    const bytes = this.#bytes;
    let at = skipSpace(bytes, from);
    if (bytes[at] === CLOSE_OBJECT) {
      this.#at = at + 1;
      return -1;
    }
    if (!isFirst) {
      if (bytes[at] !== COMMA) throw broken(at);
      at = skipSpace(bytes, at + 1);
    }
    if (bytes[at] !== QUOTE) throw broken(at);
    return at;
  }

  #behindColon(): void {
    const at = skipSpace(this.#bytes, this.#at);
    if (this.#bytes[at] !== COLON) throw broken(at);
    this.#at = skipSpace(this.#bytes, at + 1);
  }

  #map(wanted: Wanted, from: number): object {
    const made: Record<string, unknown> = {};
    const names = wanted.names as Names;
    let at = this.#keyStart(true, from);
    while (at !== -1) {
      const name = this.#name(names, at);
      this.#behindColon();
      const value = this.#value(wanted.of(name) as Wanted, this.#at);
      if (name === '__proto__') define(made, value);
      else made[name] = value;
      at = this.#keyStart(false, this.#at);
    }
    return made;
  }

  /** The text whose quote stands at `from`, as the string that it was the last time. */
  #name(names: Names, from: number): string {
    const due = names.match(this.#view, from);
    if (due !== undefined) {
      this.#at = from + names.matchedBytes;
      return due;
    }
    const text = this.#textAt(from + 1);
    return this.#plain ? names.learn(text, this.#bytes.subarray(from, this.#at)) : text;
  }

  #textAt(from: number): string {
    const bytes = this.#bytes;
    const end = plainEnd(bytes, from);
    this.#plain = bytes[end] === QUOTE;
    if (this.#plain) {
      this.#at = end + 1;
      return this.#slice(from, end);
    }
    // Escapes are rare: JSON.parse knows them all.
    const behind = escapedEnd(bytes, end);
    this.#at = behind;
    return JSON.parse(bytes.toString('utf8', from - 1, behind));
  }

  #slice(from: number, to: number): string {
    if (!this.#ascii && hasOthers(this.#bytes, from, to)) {
      return this.#bytes.toString('utf8', from, to);
    }
    const start = this.#windowStart;
    if (from >= start && to <= start + this.#window.length) {
      return this.#window.slice(from - start, to - start);
    }
    const end = Math.min(Math.max(from + WINDOW_BYTES, to), this.#size);
    this.#window = this.#bytes.toString('latin1', from, end);
    this.#windowStart = from;
    return this.#window.slice(0, to - from);
  }
}

/** Behind a byte order mark, where there is one. */
function startOf(bytes: Uint8Array): number {
  return BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte) ? BYTE_ORDER_MARK.length : 0;
}

/** Whether a text has more than ASCII. */
function hasOthers(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    if ((bytes[at] as number) > 127) return true;
  }
  return false;
}

/** `__proto__` as a member like others, as JSON.parse makes it. */
function define(made: object, value: unknown): void {
  Object.defineProperty(made, '__proto__', {
    ...{ value, enumerable: true, configurable: true, writable: true },
  });
}

/** Reads documents of any kind, all there is. */
export const wholeReader = new NumberJsonReader(true);
