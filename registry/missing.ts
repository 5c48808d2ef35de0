import { z } from 'zod';
import { type Queries, rowsOf } from './database.ts';

/** Things with numbers of their own, by the names of their tables. */
export type Numbered = 'monitors' | 'feeds' | 'rules';

/** Those of the numbers that none of them has, ascending. */
export async function missingIds(
  queries: Queries,
  table: Numbered,
  ids: readonly number[],
): Promise<number[]> {
  const rows = await queries.query(
    `select g.id from unnest($1::bigint[]) as g (id)
     where not exists (select from ${table} t where t.id = g.id) order by g.id`,
    [ids],
  );
  return rowsOf(z.object({ id: z.int() }), rows).map(({ id }) => id);
}
