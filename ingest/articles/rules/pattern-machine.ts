import { RE2JS, RE2Set } from 're2js';

export interface MachinePart {
  readonly id: number;
  readonly source: string;
  readonly flags: string;
}

/** Memory of the automaton of one machine. */
const MACHINE_BYTES_MAX = 1024 * 1024;
const FLAGS: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
};

/** Throws what re2js throws for what is no pattern. */
export function compilePart({ source, flags }: Omit<MachinePart, 'id'>): RE2JS {
  const bits = [...flags].reduce((sum, flag) => sum | (FLAGS[flag] ?? 0), 0);
  return RE2JS.compile(source, bits);
}

/**
 * One or more patterns that are run over a text in one go. Its automaton grows with the texts that
 * it has seen and is kept until it is told to forget.
 */
export class Machine {
  readonly #parts: MachinePart[] = [];
  #one: RE2JS | undefined;
  #set: RE2Set | undefined;

  add(part: MachinePart): void {
    this.#parts.push(part);
    this.forget();
  }

  forget(): void {
    this.#one = undefined;
    this.#set = undefined;
  }

  /** What its automaton takes, in bytes. */
  get bytes(): number {
    const dfa: { stateBudget: number; memBudget: number } | null =
      this.#set?.dfa ?? this.#one?.re2().lazyDFA ?? null;
    return dfa === null ? 0 : dfa.stateBudget - dfa.memBudget;
  }

  /** The ids of the patterns that match. */
  match(text: string): number[] {
    const [first] = this.#parts;
    if (first !== undefined && this.#parts.length === 1) {
      this.#one ??= compilePart(first);
      return this.#one.test(text) ? [first.id] : [];
    }
    this.#set ??= this.#compile();
    return this.#set.match(text).map((index) => this.#parts[index]!.id);
  }

  #compile(): RE2Set {
    const set = new RE2Set(RE2Set.UNANCHORED, 0, MACHINE_BYTES_MAX);
    for (const { source, flags } of this.#parts) {
      set.add(flags === '' ? source : `(?${flags})${source}`);
    }
    set.compile();
    return set;
  }
}
