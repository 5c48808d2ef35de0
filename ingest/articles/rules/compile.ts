import type { Rule } from '../../../registry/rules.ts';
import { type Compiled, compileAll, type Expression, type RefusedRule } from './compiled.ts';
import { bitOf } from './field.ts';
import { type Clause, type Findings, findAll, type RuledArticle } from './findings.ts';
import { CLAUSES_MAX, SET_LIMITS, type SetLimits } from './limits.ts';

export type { Clause, RuledArticle } from './findings.ts';

/** `needs-text`: it depends on the body, which is not there yet, or not all of it. */
export type Verdict = 'yes' | 'no' | 'needs-text';

/** What one rule says of an article. */
export interface Judgement {
  readonly rule: number;
  readonly verdict: Verdict;
  /** What speaks for it, at most 20; none of a `no`. */
  readonly clauses: readonly Clause[];
}

/** Rules, compiled together. */
export interface RuleSet {
  /** How many there are. */
  readonly size: number;
  /** What was left out, and why: wrong rules, and those there is no room for. */
  readonly refused: readonly RefusedRule[];
  /** What each rule of the article's feed says of it, in the order of the rules. */
  evaluate(article: RuledArticle): Judgement[];
}

/** Compiles rules into one set. Never throws for what is in them: see `refused`. */
export function compileRules(
  rules: readonly Rule[],
  { limits = SET_LIMITS }: { readonly limits?: SetLimits } = {},
): RuleSet {
  const { compiled, refused } = compileAll(rules, limits);
  // What is said where nothing was found, with and without a body: so of most rules.
  const [open, closed] = [false, true].map((bodyKnown) => {
    const none = new Evaluation(compiled, { leaves: new Map() }, bodyKnown);
    return compiled.rules.map(({ root }) => none.valueOf(root));
  });
  return {
    size: compiled.rules.length,
    refused,
    evaluate(article) {
      const bodyKnown = article.body !== undefined && article.partial !== true;
      const findings = findAll(compiled, article);
      const evaluation = new Evaluation(compiled, findings, bodyKnown);
      const touched = new Uint8Array(compiled.rules.length);
      for (const leaf of findings.leaves.keys()) {
        for (const rule of compiled.leaves[leaf]!.rules) touched[rule] = 1;
      }
      const usual = (bodyKnown ? closed : open)!;
      const judgements: Judgement[] = [];
      for (const [index, { id, feeds, root }] of compiled.rules.entries()) {
        if (feeds !== undefined && !feeds.has(article.feed)) continue;
        const value = touched[index] === 1 ? evaluation.valueOf(root) : usual[index]!;
        const clauses = value > NO && touched[index] === 1 ? evaluation.clausesOf(root) : [];
        judgements.push({ rule: id, verdict: VERDICTS[value], clauses });
      }
      return judgements;
    },
  };
}

/** Kleene's three values, so that AND is the least, OR the greatest and NOT 2 less it. */
type Value = 0 | 1 | 2;
const NO = 0;
const UNKNOWN = 1;
const YES = 2;
const VERDICTS = ['no', 'needs-text', 'yes'] as const;
const BODY = bitOf('body');

class Evaluation {
  readonly #compiled: Compiled;
  readonly #findings: Pick<Findings, 'leaves'>;
  readonly #bodyKnown: boolean;

  constructor(compiled: Compiled, findings: Pick<Findings, 'leaves'>, bodyKnown: boolean) {
    this.#compiled = compiled;
    this.#findings = findings;
    this.#bodyKnown = bodyKnown;
  }

  valueOf(expression: Expression): Value {
    switch (expression.kind) {
      case 'leaf':
        return this.#leafValue(expression.leaf);
      case 'not':
        return (YES - this.valueOf(expression.of)) as Value;
      case 'and':
        return this.#first(expression.of, NO);
      case 'or':
        return this.#first(expression.of, YES);
    }
  }

  #leafValue(leaf: number): Value {
    if (this.#findings.leaves.has(leaf)) return YES;
    const mayBe = !this.#bodyKnown && (this.#compiled.leaves[leaf]!.mask & BODY) !== 0;
    return mayBe ? UNKNOWN : NO;
  }

  /** The value that decides as soon as there is one; else unknown if any is; else the other. */
  #first(of: readonly Expression[], deciding: Value): Value {
    let unknown = false;
    for (const part of of) {
      const value = this.valueOf(part);
      if (value === deciding) return deciding;
      unknown ||= value === UNKNOWN;
    }
    return unknown ? UNKNOWN : ((YES - deciding) as Value);
  }

  /** What speaks for an expression; what is below a NOT does not. */
  clausesOf(root: Expression): Clause[] {
    const clauses: Clause[] = [];
    const seen = new Set<number>();
    const collect = (expression: Expression): void => {
      if (clauses.length >= CLAUSES_MAX) return;
      if (expression.kind === 'leaf') {
        const { leaf } = expression;
        if (seen.has(leaf)) return;
        seen.add(leaf);
        const { clause } = this.#compiled.leaves[leaf]!;
        for (const find of this.#findings.leaves.get(leaf) ?? []) {
          const { field, item } = find;
          if (clauses.length >= CLAUSES_MAX) return;
          const at = find.at();
          if (at === undefined) continue;
          clauses.push({ clause, field, ...(item !== undefined && { item }), at });
        }
      } else if (expression.kind !== 'not') {
        for (const part of expression.of) if (this.valueOf(part) > NO) collect(part);
      }
    };
    collect(root);
    return clauses;
  }
}
