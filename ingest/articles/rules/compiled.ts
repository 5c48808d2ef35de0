import type { Rule } from '../../../registry/rules.ts';
import { bitOf, DEFAULT_MASK, FIELDS, maskOf } from './field.ts';
import type { SetLimits } from './limits.ts';
import { PatternSet } from './pattern-set.ts';
import { printTerm, type Query } from './query.ts';
import { type RuleMistake, readSpec } from './spec.ts';
import type { Term } from './term.ts';
import { WordTrie } from './word-trie.ts';

/** A term with the fields that it is looked for in; rules that say the same share it. */
export interface Leaf {
  readonly mask: number;
  /** As it was written, with its fields unless these are the default. */
  readonly clause: string;
  /** Indexes of rules. */
  readonly rules: number[];
}

export type Expression =
  /** An index of `leaves`. */
  | { readonly kind: 'leaf'; readonly leaf: number }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression };

export interface CompiledRule {
  readonly id: number;
  /** Undefined: of all feeds. */
  readonly feeds: ReadonlySet<number> | undefined;
  readonly root: Expression;
}

/** Rules taken apart: all their words in one tree, all their patterns in one set. */
export interface Compiled {
  readonly rules: readonly CompiledRule[];
  readonly leaves: readonly Leaf[];
  readonly words: WordTrie;
  readonly patterns: PatternSet;
  /** By number of a sequence of words, of a pattern: which leaves want it. */
  readonly wordLeaves: readonly (readonly number[])[];
  readonly patternLeaves: readonly (readonly number[])[];
  /** In which fields there is anything to be looked for. */
  readonly wordMask: number;
  readonly patternMask: number;
}

export interface RefusedRule extends RuleMistake {
  readonly rule: number;
}

/** Takes rules apart; wrong ones, and those that there is no room for, are left out and named. */
export function compileAll(
  rules: readonly Rule[],
  limits: SetLimits,
): { readonly compiled: Compiled; readonly refused: readonly RefusedRule[] } {
  const compiler = new Compiler(limits);
  const refused: RefusedRule[] = [];
  for (const rule of rules) {
    const mistake = compiler.add(rule);
    if (mistake !== undefined) refused.push({ rule: rule.id, ...mistake });
  }
  return { compiled: compiler, refused };
}

class Compiler implements Compiled {
  readonly rules: CompiledRule[] = [];
  readonly leaves: Leaf[] = [];
  readonly words = new WordTrie();
  readonly patterns = new PatternSet();
  readonly wordLeaves: number[][] = [];
  readonly patternLeaves: number[][] = [];
  wordMask = 0;
  patternMask = 0;
  readonly #limits: SetLimits;
  readonly #ids = new Map<string, number>();
  readonly #used = { terms: 0, instructions: 0, openInstructions: 0 };

  constructor(limits: SetLimits) {
    this.#limits = limits;
  }

  /** What is wrong with the rule, or undefined. */
  add({ id, feeds, spec }: Rule): RuleMistake | undefined {
    const read = readSpec(spec);
    if (!read.ok) return { message: read.message, position: read.position, path: read.path };
    const full = this.#shortage(read.query);
    if (full !== undefined) return { message: full, position: 0, path: '' };
    const root = this.#lower(read.query, DEFAULT_MASK);
    this.rules.push({ id, feeds: feeds === null ? undefined : new Set(feeds), root });
    return undefined;
  }

  /** What there is no room for. Counts what the rule takes. */
  #shortage(query: Query): string | undefined {
    if (this.rules.length >= this.#limits.rules) return `more than ${this.#limits.rules} rules`;
    const used = { ...this.#used };
    for (const term of termsOf(query)) {
      used.terms += 1;
      if (term.kind !== 'pattern') continue;
      const cost = this.patterns.costOf(term);
      if (cost === 'none') continue;
      used.instructions += term.size;
      if (cost === 'open') used.openInstructions += term.size;
    }
    const { terms, instructions, openInstructions } = this.#limits;
    if (used.terms > terms) return `more than ${terms} terms in all rules`;
    if (used.instructions > instructions) return 'the patterns of all rules are too large';
    if (used.openInstructions > openInstructions) {
      return 'the patterns of all rules that have no text of three letters in them are too large';
    }
    Object.assign(this.#used, used);
    return undefined;
  }

  #lower(query: Query, mask: number): Expression {
    switch (query.kind) {
      case 'and':
      case 'or':
        return { kind: query.kind, of: query.of.map((part) => this.#lower(part, mask)) };
      case 'not':
        return { kind: 'not', of: this.#lower(query.of, mask) };
      case 'in':
        return this.#lower(query.of, maskOf(query.fields));
      default:
        return { kind: 'leaf', leaf: this.#leaf(query, mask) };
    }
  }

  #leaf(term: Term, scope: number): number {
    const mask = term.kind === 'symbol' ? bitOf('symbol') : scope;
    const clause = printClause(term, mask);
    const pattern = term.kind === 'pattern';
    const source = pattern ? this.patterns.add(term) : this.#sequence(term);
    const key = `${pattern ? 'p' : 'w'}${source} ${mask} ${clause}`;
    const rule = this.rules.length;
    const known = this.#ids.get(key);
    if (known !== undefined) {
      const { rules } = this.leaves[known]!;
      if (rules.at(-1) !== rule) rules.push(rule);
      return known;
    }
    const leaf = this.leaves.push({ mask, clause, rules: [rule] }) - 1;
    this.#ids.set(key, leaf);
    const wanted = pattern ? this.patternLeaves : this.wordLeaves;
    wanted[source] ??= [];
    wanted[source].push(leaf);
    if (pattern) this.patternMask |= mask;
    else this.wordMask |= mask;
    return leaf;
  }

  #sequence(term: Exclude<Term, { kind: 'pattern' }>): number {
    const { text } = term;
    if (term.kind === 'symbol') {
      return this.words.add({ text: text.slice(1), prefix: false, matchCase: false });
    }
    return this.words.add({ text, prefix: term.prefix, matchCase: term.matchCase ?? false });
  }
}

function* termsOf(query: Query): Generator<Term> {
  switch (query.kind) {
    case 'and':
    case 'or':
      for (const part of query.of) yield* termsOf(part);
      return;
    case 'not':
    case 'in':
      yield* termsOf(query.of);
      return;
    default:
      yield query;
  }
}

function printClause(term: Term, mask: number): string {
  const text = printTerm(term);
  if (mask === DEFAULT_MASK || term.kind === 'symbol') return text;
  const fields = FIELDS.filter((field) => (mask & bitOf(field)) !== 0);
  return fields.length === 1 ? `${fields[0]}:${text}` : `${text} in:${fields.join(',')}`;
}
