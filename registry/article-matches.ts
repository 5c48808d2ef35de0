import { z } from 'zod';
import { type Queries, rowsOf } from './database.ts';
import { jsonOf } from './sql-values.ts';

/** A rule that an article matches. */
export interface FoundMatch {
  readonly rule: number;
  /** Which clause matched where. */
  readonly clauses: readonly unknown[];
}

const match = z.object({ article: z.int(), rule: z.int() });

/** Records matches; those that were not there before, by article and rule. */
export async function recordMatches(
  queries: Queries,
  matches: readonly (FoundMatch & { readonly article: number })[],
): Promise<readonly z.infer<typeof match>[]> {
  if (matches.length === 0) return [];
  const rows = await queries.query(
    `with made as (
       insert into article_rules (article, rule, clauses)
       select g.article, g.rule, g.clauses::jsonb
       from unnest($1::bigint[], $2::bigint[], $3::text[]) as g (article, rule, clauses)
       -- A rule that is gone matches nothing.
       join rules r on r.id = g.rule
       on conflict (article, rule) do nothing returning article, rule)
     select article, rule from made order by article, rule`,
    [
      matches.map(({ article }) => article),
      matches.map(({ rule }) => rule),
      matches.map(({ clauses }) => jsonOf(clauses)),
    ],
  );
  return rowsOf(match, rows);
}
