import { z } from 'zod';
import { dueAtHosts } from './article-hosts.ts';
import { type Database, rowsOf } from './database.ts';
import { NOW_MS } from './sql-values.ts';

const due = z.object({ host: z.string(), dueMs: z.number() });

/**
 * Where no other process can be, whoever holds a visit is gone: what it held is due at once, and
 * its hosts are free after the spacing, as they may have been asked a moment ago. An attempt at a
 * page stays counted: it may be what ended the process. Returns how many visits there were.
 */
export async function returnVisits(
  database: Database,
  { spacingMs }: { readonly spacingMs: number },
): Promise<number> {
  if (database.kind !== 'pglite') return 0;
  return database.transaction(async (transaction) => {
    const feeds = await transaction.query(
      `update feed_state set owner = null, token = token + 1, due_ms = ${NOW_MS}
       where owner is not null returning host, due_ms as "dueMs"`,
    );
    const jobs = await transaction.query(
      `update article_jobs set state = 'queued', owner = null, token = token + 1,
         due_ms = ${NOW_MS}
       where state = 'leased' returning host, due_ms as "dueMs"`,
    );
    await transaction.query(
      `update article_hosts set owner = null, token = token + 1,
         free_ms = least(free_ms, ${NOW_MS} + $1)
       where owner is not null`,
      [spacingMs],
    );
    const dues = rowsOf(due, [...feeds, ...jobs]);
    await dueAtHosts(transaction, dues);
    return dues.length;
  });
}
