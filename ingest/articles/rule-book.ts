import type { FoundMatch } from '../../registry/article-matches.ts';
import type { Rule } from '../../registry/rules.ts';
import { compileRules, type RuledArticle, type RuleSet } from './rules/compile.ts';

export interface Judged {
  readonly matches: readonly FoundMatch[];
  /** What some rule says depends on the text of the page. */
  readonly needsText: boolean;
}

/** The same for the same rules. */
export function versionOf(rules: readonly Rule[]): string {
  return rules.map(({ id, version }) => `${id}.${version}`).join();
}

/** The rules that count now, compiled once for each change. */
export class RuleBook {
  #set: RuleSet | undefined;
  #version = '';

  /** Of the rules that it has; none at first. */
  get version(): string {
    return this.#version;
  }

  /** Compiled anew when they are others than before. How many of the new ones are left out. */
  replace(rules: readonly Rule[]): number {
    const version = versionOf(rules);
    if (version === this.#version) return 0;
    this.#set = compileRules(rules);
    this.#version = version;
    return this.#set.refused.length;
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
