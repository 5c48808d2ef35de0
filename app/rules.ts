import type { RuleDesk } from '../api/articles/rule-desk.ts';
import type { FoundClause, RuleChecker } from '../api/contract.ts';
import { TidemarkError } from '../core/errors.ts';
import { linesOf } from '../ingest/articles/pages/page-text.ts';
import { compileRules, type RuledArticle } from '../ingest/articles/rules/compile.ts';
import { checkRule } from '../ingest/articles/rules/spec.ts';
import { type RecentArticle, recentArticles } from '../registry/articles.ts';
import { missingIds } from '../registry/missing.ts';
import { addRule, changeRule, findRule, listRules } from '../registry/rules.ts';
import type { Base } from './start.ts';

const TEXT_CHARS = 200_000;
const FOUND_CHARS = 200;

/** Where the API keeps rules, and tries them. */
export function openRuleDesk({ registry }: Pick<Base, 'registry'>): RuleDesk {
  return {
    checker: ruleChecker,
    add: (wanted) => addRule(registry, wanted),
    change: (id, change) => changeRule(registry, id, change),
    find: (id) => findRule(registry, id),
    list: (filter) => listRules(registry, filter),
    missingFeeds: (ids) => missingIds(registry, 'feeds', ids),
    recent: (asked) => recentArticles(registry, asked),
  };
}

/** Judges as the workers do. */
export const ruleChecker: RuleChecker = {
  check: checkRule,
  tester(rule) {
    const set = compileRules([rule]);
    const [refused] = set.refused;
    if (refused !== undefined) {
      throw new TidemarkError('invalid', `the rule: ${refused.message}`, {
        details: { field: refused.path, position: refused.position },
      });
    }
    return (recent) => {
      const article = ruledOf(recent);
      const [found] = set.evaluate(article);
      if (found === undefined) return { verdict: 'no', clauses: [] };
      const clauses = found.clauses.map((clause) => ({ ...clause, ...textAt(article, clause) }));
      return { verdict: found.verdict, clauses };
    };
  },
};

/** A page that was not read may say anything; the text of a feed may be the whole of it. */
function ruledOf({ body, content, bodyState, ...article }: RecentArticle): RuledArticle {
  if (body !== null) return { ...article, body };
  if (content === null) return article;
  return { ...article, body: linesOf(content, TEXT_CHARS), partial: bodyState !== 'feed' };
}

function textAt(
  { title, summary, body, authors, categories, symbols }: RuledArticle,
  { field, item = 0, at: [start, end] }: FoundClause,
): { readonly text?: string } {
  const texts: Readonly<Record<string, string | undefined>> = {
    ...{ title, summary, body },
    author: authors[item],
    category: categories[item],
    symbol: symbols[item],
  };
  const text = texts[field]?.slice(start, Math.min(end, start + FOUND_CHARS));
  return text === undefined ? {} : { text };
}
