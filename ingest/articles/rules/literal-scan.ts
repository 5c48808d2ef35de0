/** What of ASCII a character is, in lower case; patterns take K (Kelvin) and ſ for k and s. */
function codeOf(code: number): number {
  if (code < 128) return code >= 65 && code <= 90 ? code + 32 : code;
  if (code === 0x212a) return 107;
  return code === 0x17f ? 115 : 0;
}

/**
 * Which of many literals are in a text, in any case, in one pass (Aho-Corasick): time is in
 * proportion to the text, however many there are. Literals are ASCII in lower case.
 */
export class LiteralScan {
  readonly #ids = new Map<string, number>();
  #built: Automaton | undefined;

  /** Its number; the same literal again has the same. */
  add(literal: string): number {
    const id = this.#ids.get(literal) ?? this.#ids.size;
    this.#ids.set(literal, id);
    this.#built = undefined;
    return id;
  }

  /** The numbers of those that are in the text, each once. */
  scan(text: string): number[] {
    this.#built ??= new Automaton([...this.#ids.keys()]);
    return this.#built.scan(text);
  }
}

class Automaton {
  /** Of each ASCII character the column of `#next`; 0: of no literal. */
  readonly #classes = new Uint8Array(128);
  readonly #width: number;
  readonly #next: Int32Array;
  /** The literal that ends in a state; the state of its longest suffix where another one ends. */
  readonly #ends: Int32Array;
  readonly #chain: Int32Array;
  readonly #seen: Int32Array;
  #scans = 0;

  constructor(literals: readonly string[]) {
    for (const char of new Set(literals.join(''))) {
      this.#classes[char.charCodeAt(0)] = Math.max(...this.#classes) + 1;
    }
    this.#width = Math.max(...this.#classes) + 1;
    const states = 1 + literals.reduce((sum, { length }) => sum + length, 0);
    this.#next = new Int32Array(states * this.#width);
    this.#ends = new Int32Array(states).fill(-1);
    this.#chain = new Int32Array(states);
    this.#seen = new Int32Array(states);
    let count = 1;
    for (const [id, literal] of literals.entries()) count = this.#insert(literal, id, count);
    this.#link(count);
  }

  #insert(literal: string, id: number, count: number): number {
    let state = 0;
    let made = count;
    for (let at = 0; at < literal.length; at += 1) {
      const edge = state * this.#width + this.#classes[literal.charCodeAt(at)]!;
      if (this.#next[edge] === 0) {
        this.#next[edge] = made;
        made += 1;
      }
      state = this.#next[edge]!;
    }
    this.#ends[state] = id;
    return made;
  }

  /** Breadth first: what a state lacks is taken from the state of its longest suffix. */
  #link(count: number): void {
    const width = this.#width;
    const fail = new Int32Array(count);
    const queue: number[] = [];
    for (let column = 1; column < width; column += 1) {
      if (this.#next[column] !== 0) queue.push(this.#next[column]!);
    }
    for (let at = 0; at < queue.length; at += 1) {
      const state = queue[at]!;
      const back = fail[state]!;
      this.#chain[state] = this.#ends[back] === -1 ? this.#chain[back]! : back;
      for (let column = 1; column < width; column += 1) {
        const edge = state * width + column;
        const there = this.#next[back * width + column]!;
        if (this.#next[edge] === 0) this.#next[edge] = there;
        else {
          fail[this.#next[edge]!] = there;
          queue.push(this.#next[edge]!);
        }
      }
    }
  }

  scan(text: string): number[] {
    const found: number[] = [];
    this.#scans += 1;
    let state = 0;
    for (let at = 0; at < text.length; at += 1) {
      const column = this.#classes[codeOf(text.charCodeAt(at))]!;
      state = column === 0 ? 0 : this.#next[state * this.#width + column]!;
      let end = this.#ends[state] === -1 ? this.#chain[state]! : state;
      while (end !== 0 && this.#seen[end] !== this.#scans) {
        this.#seen[end] = this.#scans;
        found.push(this.#ends[end]!);
        end = this.#chain[end]!;
      }
    }
    return found;
  }
}
