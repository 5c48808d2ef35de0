import type { FoundMatch } from '../../registry/article-matches.ts';
import type { RuleBook } from './rule-book.ts';
import type { RuledArticle } from './rules/compile.ts';
import { recognise } from './rules/symbols.ts';

/** An article whose page was read: `body` is the text of it. */
export type PageArticle = RuledArticle & { readonly body: string };

export interface JudgedPage {
  /** With those that the page speaks of. */
  readonly symbols: readonly string[];
  readonly matches: readonly FoundMatch[];
}

/** What the text of its page makes of an article; takes milliseconds for a long one. */
export function judgePage(article: PageArticle, rules: RuleBook): JudgedPage {
  const named = recognise(`${article.title}\n${article.body}`);
  const symbols = [...new Set([...article.symbols, ...named])];
  return { symbols, matches: rules.evaluate({ ...article, symbols }).matches };
}
