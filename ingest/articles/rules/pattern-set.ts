import { RE2JS, RE2Set } from 're2js';
import { LiteralScan } from './literal-scan.ts';
import { requiredLiterals } from './required-literals.ts';

/** Of one set automaton: one of many patterns grows states faster than texts can use them. */
const SET_INSTRUCTIONS_MAX = 2_000;
/** Memory of one set automaton. */
const SET_BYTES_MAX = 4 * 1024 * 1024;
/** States of its automaton that a single pattern may keep between texts. */
const STATES_KEPT = 200;
const FLAGS: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
};

/** Where a pattern matched, in UTF-16 units. */
export type Span = readonly [from: number, to: number];

export interface PatternCost {
  /** Known already: it costs nothing more. */
  readonly known: boolean;
  readonly instructions: number;
  /** No text can be told to be without a match but by running it. */
  readonly open: boolean;
}

interface Pattern {
  readonly source: string;
  readonly flags: string;
  readonly instructions: number;
  /** As numbers of `LiteralScan`; empty: open. */
  readonly sets: readonly (readonly number[])[];
  program: RE2JS | undefined;
}

/**
 * Patterns of all rules together. A pattern with literals in it is run over the texts that have them
 * all; the others are run as few automatons, each of many patterns. Time is linear in the text.
 */
export class PatternSet {
  readonly #patterns: Pattern[] = [];
  readonly #ids = new Map<string, number>();
  readonly #literals = new LiteralScan();
  /** Of each literal: the patterns that want it, and as which of their sets. */
  readonly #wanted: { readonly id: number; readonly bit: number }[][] = [];
  #open: { readonly set: RE2Set; readonly ids: readonly number[] }[] | undefined;

  get size(): number {
    return this.#patterns.length;
  }

  /** Throws what re2js throws for what is no pattern. */
  costOf(source: string, flags: string): PatternCost {
    const id = this.#ids.get(`${flags}/${source}`);
    const instructions =
      this.#patterns[id ?? -1]?.instructions ?? compile(source, flags).programSize();
    return { known: id !== undefined, instructions, open: requiredLiterals(source).length === 0 };
  }

  /** Its number; the same pattern again has the same. */
  add(source: string, flags: string): number {
    const key = `${flags}/${source}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#patterns.length;
    this.#ids.set(key, id);
    const instructions = compile(source, flags).programSize();
    const sets = requiredLiterals(source).map((set) => set.map((text) => this.#literals.add(text)));
    for (const [bit, set] of sets.entries()) {
      for (const literal of set) {
        this.#wanted[literal] ??= [];
        this.#wanted[literal].push({ id, bit });
      }
    }
    this.#patterns.push({ source, flags, instructions, sets, program: undefined });
    this.#open = undefined;
    return id;
  }

  /** Of every pattern that matches in the text, the number. */
  match(text: string): number[] {
    const matched = this.#candidates(text).filter((id) => this.#run(id, text));
    this.#open ??= this.#openSets();
    for (const { set, ids } of this.#open) {
      for (const index of set.match(text)) matched.push(ids[index]!);
    }
    return matched;
  }

  /** The first match of a pattern that matches. */
  locate(id: number, text: string): Span | undefined {
    const matcher = this.#programOf(id).matcher(text);
    return matcher.find() ? [matcher.start(), matcher.end()] : undefined;
  }

  #candidates(text: string): number[] {
    const have = new Map<number, number>();
    const whole: number[] = [];
    for (const literal of this.#literals.scan(text)) {
      for (const { id, bit } of this.#wanted[literal]!) {
        const before = have.get(id) ?? 0;
        const now = before | (1 << bit);
        if (now === before) continue;
        have.set(id, now);
        if (now === (1 << this.#patterns[id]!.sets.length) - 1) whole.push(id);
      }
    }
    return whole;
  }

  #run(id: number, text: string): boolean {
    const program = this.#programOf(id);
    const matches = program.test(text);
    // The automaton grows with what it has seen, up to megabytes: made anew it is small again.
    const automaton: { readonly stateCount: number } | null = program.re2().lazyDFA;
    if ((automaton?.stateCount ?? 0) > STATES_KEPT) this.#patterns[id]!.program = undefined;
    return matches;
  }

  #programOf(id: number): RE2JS {
    const pattern = this.#patterns[id]!;
    pattern.program ??= compile(pattern.source, pattern.flags);
    return pattern.program;
  }

  #openSets(): { set: RE2Set; ids: number[] }[] {
    const sets: { set: RE2Set; ids: number[] }[] = [];
    let room = 0;
    for (const [id, { source, flags, instructions, sets: guards }] of this.#patterns.entries()) {
      if (guards.length > 0) continue;
      if (room < instructions || sets.length === 0) {
        sets.push({ set: new RE2Set(RE2Set.UNANCHORED, 0, SET_BYTES_MAX), ids: [] });
        room = SET_INSTRUCTIONS_MAX;
      }
      const last = sets.at(-1)!;
      last.set.add(flags === '' ? source : `(?${flags})${source}`);
      last.ids.push(id);
      room -= instructions;
    }
    for (const { set } of sets) set.compile();
    return sets;
  }
}

function compile(source: string, flags: string): RE2JS {
  const bits = [...flags].reduce((sum, flag) => sum | (FLAGS[flag] ?? 0), 0);
  return RE2JS.compile(source, bits);
}
