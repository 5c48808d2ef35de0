import type { RecentArticle } from '../../registry/articles.ts';
import type { NewRule, Rule, RuleChange, RuleFilter } from '../../registry/rules.ts';
import type { RuleChecker } from '../contract.ts';

/** Where rules are kept, and what they are tried on. */
export interface RuleDesk {
  readonly checker: RuleChecker;
  add(wanted: NewRule): Promise<Rule>;
  change(id: number, change: RuleChange): Promise<Rule | undefined>;
  find(id: number): Promise<Rule | undefined>;
  list(filter: RuleFilter): Promise<readonly Rule[]>;
  /** Those of the ids that no feed has. */
  missingFeeds(ids: readonly number[]): Promise<readonly number[]>;
  /** The newest first; of these feeds, or of all. */
  recent(asked: {
    readonly limit: number;
    readonly feeds?: readonly number[];
  }): Promise<readonly RecentArticle[]>;
}
