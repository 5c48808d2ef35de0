import { z } from 'zod';
import { type Queries, rowsOf, type Transaction } from './database.ts';
import { listEvents, newestEvent, type StoredEvent } from './events.ts';
import { NOW_MS } from './sql-values.ts';

export interface CursorRead {
  readonly events: readonly StoredEvent[];
  /** By the clock of the database, milliseconds since the epoch. */
  readonly nowMs: number;
}

const cursor = z.object({ event: z.int(), now: z.number() });

/**
 * The events of a kind that nobody has read under this name, the oldest first, from the first time
 * on that it was asked. Until the transaction ends nobody else reads under the name; they count as
 * read when it is committed, with all that was made of them.
 */
export async function readOn(
  transaction: Transaction,
  { name, kind, limit }: { readonly name: string; readonly kind: string; readonly limit: number },
): Promise<CursorRead> {
  const { event, now } = await holdCursor(transaction, name);
  const events = await listEvents(transaction, { after: event, limit, kinds: [kind] });
  const last = events.at(-1);
  if (last !== undefined) {
    await transaction.query('update alert_cursors set event = $2 where name = $1', [name, last.id]);
  }
  return { events, nowMs: now };
}

async function holdCursor(queries: Queries, name: string): Promise<z.infer<typeof cursor>> {
  const held = async () => {
    const rows = await queries.query(
      `select event, ${NOW_MS} as now from alert_cursors where name = $1 for update`,
      [name],
    );
    return rowsOf(cursor, rows)[0];
  };
  const found = await held();
  if (found !== undefined) return found;
  // What happened before anybody asked is nobody's news.
  const newest = await newestEvent(queries);
  await queries.query(
    'insert into alert_cursors (name, event) values ($1, $2) on conflict (name) do nothing',
    [name, newest],
  );
  return (await held())!;
}
