import { z } from 'zod';
import { type Queries, rowsOf } from './database.ts';

/** Notified with the id of each event. */
export const EVENTS_CHANNEL = 'tidemark_events';

const event = z.object({
  id: z.int(),
  kind: z.string(),
  at: z.date(),
  data: z.record(z.string(), z.unknown()),
});

/** Something that happened: `kind` says what `data` holds. */
export type StoredEvent = z.infer<typeof event>;

/** Events after an id, the oldest first. */
export async function listEvents(
  queries: Queries,
  { after, limit, kinds }: { after: number; limit: number; kinds?: readonly string[] },
): Promise<readonly StoredEvent[]> {
  const rows = await queries.query(
    `select id, kind, at, data from events
     where id > $1 and ($3::text[] is null or kind = any($3)) order by id limit $2`,
    [after, limit, kinds ?? null],
  );
  return rowsOf(event, rows);
}

const KEPT = '7 days';

/** Forgets events that are older than a week. */
export async function forgetEvents(queries: Queries): Promise<void> {
  await queries.query('delete from events where at < now() - $1::interval', [KEPT]);
}
