import type { FoundMatch } from '../../registry/article-matches.ts';
import type { Rule } from '../../registry/rules.ts';
import { compileRules, type RuledArticle, type RuleSet } from './rules/compile.ts';
import type { RefusedRule } from './rules/compiled.ts';

export interface Judged {
  readonly matches: readonly FoundMatch[];
  /** What some rule says depends on the text of the page. */
  readonly needsText: boolean;
}

/** Rules that count, under a number of their own: others have another one. */
export interface RuleEdition {
  readonly edition: number;
  readonly rules: readonly Rule[];
}

/** The rules that count now, compiled once for each edition: takes long, so in a thread alone. */
export class RuleBook {
  #set: RuleSet | undefined;
  #edition: number | undefined;

  /** Of the rules that it has; none at first. */
  get edition(): number | undefined {
    return this.#edition;
  }

  /** What of them is left out, and why. */
  get refused(): readonly RefusedRule[] {
    return this.#set?.refused ?? [];
  }

  replace({ edition, rules }: RuleEdition): void {
    if (edition === this.#edition) return;
    this.#set = compileRules(rules);
    this.#edition = edition;
  }

  evaluate(article: RuledArticle): Judged {
    const verdicts = this.#set?.evaluate(article) ?? [];
    return {
      matches: verdicts.flatMap(({ rule, verdict, clauses }) =>
        verdict === 'yes' ? [{ rule, clauses }] : [],
      ),
      needsText: verdicts.some(({ verdict }) => verdict === 'needs-text'),
    };
  }
}
