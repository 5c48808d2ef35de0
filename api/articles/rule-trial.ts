import type { z } from 'zod';
import { othersTurn } from '../../core/pause.ts';
import type { RecentArticle } from '../../registry/articles.ts';
import type { Rule } from '../../registry/rules.ts';
import type { FoundClause, RuleVerdict } from '../contract.ts';
import { isoOf } from '../http/moment.ts';
import type { RuleDesk } from './rule-desk.ts';
import type { trialAnswer } from './rule-schemas.ts';

type TrialAnswer = z.infer<typeof trialAnswer>;

/** Tries a rule on the newest articles of its feeds; nothing is recorded. */
export async function tryRule(
  { checker, recent }: Pick<RuleDesk, 'checker' | 'recent'>,
  rule: Rule,
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
): Promise<TrialAnswer> {
  const test = checker.tester(rule);
  const found = await recent({ limit, ...(rule.feeds !== null && { feeds: rule.feeds }) });
  const counts = { yes: 0, no: 0, 'needs-text': 0 };
  const articles: TrialAnswer['articles'] = [];
  for (const article of found) {
    const { verdict, clauses } = test(article);
    counts[verdict] += 1;
    if (verdict !== 'no') articles.push(shown(article, verdict, clauses));
    // A long text takes milliseconds, and others wait.
    await othersTurn();
    signal.throwIfAborted();
  }
  const { yes, no, 'needs-text': needsText } = counts;
  return { tried: found.length, yes, no, needsText, articles };
}

function shown(
  { id, feed, title, url, seenMs }: RecentArticle,
  verdict: Exclude<RuleVerdict['verdict'], 'no'>,
  clauses: readonly FoundClause[],
): TrialAnswer['articles'][number] {
  return {
    ...{ id, feed, title, url, seen: isoOf(seenMs), verdict },
    clauses: clauses.map(({ at: [start, end], ...clause }) => ({ ...clause, at: [start, end] })),
  };
}
