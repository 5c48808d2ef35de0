import { z } from 'zod';
import { messageId } from '../core/alert-message.ts';
import { type Database, rowsOf, type Transaction } from './database.ts';
import {
  alertMessage,
  DELIVERY_KINDS,
  dueAtChannels,
  enqueueDeliveries,
  lockChannels,
  type NewDelivery,
} from './deliveries.ts';
import { DUE_AGAIN } from './delivery-claims.ts';
import { FAILURES_TOLD } from './delivery-results.ts';
import { NOW_MS } from './sql-values.ts';

/** What is done in one transaction: more would hold up everything else. */
const BATCH = 200;

const channelRow = z.object({ channel: z.int() });

/**
 * Ends what is not sent any more: its time is over, or its channel is off. In parts.
 * @returns how many there were
 */
export async function endOverdue(database: Database): Promise<number> {
  let ended = 0;
  for (;;) {
    const many = await database.transaction(endBatch);
    ended += many;
    if (many < BATCH) return ended;
  }
}

async function endBatch(transaction: Transaction): Promise<number> {
  const found = await transaction.query(
    `select distinct channel from (
       (select channel from deliveries where state in ('queued', 'failed', 'leased')
          and expires_ms <= ${NOW_MS} and (state <> 'leased' or due_ms <= ${NOW_MS})
        order by expires_ms limit ${BATCH})
       union all
       (select d.channel from channels c join deliveries d on d.channel = c.id
        where c.state = 'disabled' and d.state in ('queued', 'failed') limit ${BATCH})) as g`,
  );
  const channels = rowsOf(channelRow, found).map(({ channel }) => channel);
  if (channels.length === 0) return 0;
  await lockChannels(transaction, channels);
  const rows = await transaction.query(
    `with gone as (
       select d.id, d.channel, c.state as channel_state, c.reason as channel_reason
       from deliveries d join channels c on c.id = d.channel
       where d.channel = any($1::bigint[]) and (
         d.state in ('queued', 'failed', 'leased') and d.expires_ms <= ${NOW_MS}
           and (d.state <> 'leased' or d.due_ms <= ${NOW_MS})
         or c.state = 'disabled' and d.state in ('queued', 'failed'))
       order by d.id limit ${BATCH})
     update deliveries d set state = 'dead', owner = null, token = token + 1,
       ended = clock_timestamp(),
       reason = case gone.channel_state
         when 'disabled' then 'channel off: ' || coalesce(gone.channel_reason, 'no reason')
         when 'unconfirmed' then 'its time is over: the channel was not confirmed'
         else 'its time is over' || coalesce(': ' || d.reason, '') end
     from gone where d.id = gone.id returning d.channel`,
    [channels],
  );
  for (const id of new Set(rowsOf(channelRow, rows).map(({ channel }) => channel))) {
    await transaction.query(DUE_AGAIN, [id]);
  }
  return rows.length;
}

const toMove = z.object({
  id: z.int(),
  channel: z.int(),
  fallback: z.int(),
  alert: z.int().nullable(),
  kind: z.enum(DELIVERY_KINDS),
  message: z.string(),
  subject: z.string(),
  payload: alertMessage,
  firedMs: z.number().nullable(),
});

/** Alerts `d` that their channel `c` does not take. */
const NOT_TAKEN = `d.kind in ('fired', 'resolved', 'digest') and (d.state = 'dead'
    or d.state = 'failed' and d.step >= ${FAILURES_TOLD}
    or d.state in ('queued', 'failed') and c.state = 'active' and c.failures >= ${FAILURES_TOLD})`;

/**
 * What channels do not take goes to their fallbacks too, as messages of their own. In parts.
 * @returns how many
 */
export async function moveToFallbacks(
  database: Database,
  { ttlMs }: { readonly ttlMs: number },
): Promise<number> {
  let moved = 0;
  for (;;) {
    const many = await database.transaction((transaction) => moveBatch(transaction, ttlMs));
    moved += many;
    if (many < BATCH) return moved;
  }
}

async function moveBatch(transaction: Transaction, ttlMs: number): Promise<number> {
  const waiting = `d.fallback is not null and d.moved is null
    and d.state in ('queued', 'failed', 'dead') and ${NOT_TAKEN}`;
  const found = await transaction.query(
    `select distinct g.channel, g.fallback from (
       select d.channel, d.fallback from deliveries d join channels c on c.id = d.channel
       where ${waiting} order by d.id limit ${BATCH}) as g`,
  );
  const pairs = rowsOf(z.object({ channel: z.int(), fallback: z.int() }), found);
  if (pairs.length === 0) return 0;
  // Both sides, in one order: two that move in opposite directions would wait for each other.
  const involved = pairs.flatMap(({ channel, fallback }) => [channel, fallback]);
  await lockChannels(transaction, [...new Set(involved)]);
  const rows = await transaction.query(
    `select d.id, d.channel, d.fallback, d.alert, d.kind, d.message, d.subject, d.payload,
       d.fired_ms as "firedMs"
     from deliveries d join channels c on c.id = d.channel
     where d.channel = any($1::bigint[]) and d.fallback = any($2::bigint[]) and ${waiting}
     order by d.id limit ${BATCH}`,
    [pairs.map(({ channel }) => channel), pairs.map(({ fallback }) => fallback)],
  );
  const moving = rowsOf(toMove, rows);
  const ids = await enqueueDeliveries(
    transaction,
    moving.map((one) => copyOf(one, ttlMs)),
  );
  await transaction.query(
    `update deliveries d set moved = g.moved
     from unnest($1::bigint[], $2::bigint[]) as g (id, moved) where d.id = g.id`,
    [moving.map(({ id }) => id), ids],
  );
  return moving.length;
}

/** To the fallback, with a key of its own; whether its firing came is another matter there. */
function copyOf(one: z.infer<typeof toMove>, ttlMs: number): NewDelivery {
  const { fallback: channel, alert, kind, subject, firedMs, payload } = one;
  const message = messageId('fallback', channel, one.message);
  const resolved = payload.type === 'alert.resolved';
  return {
    ...{ channel, alert, kind, message, subject, firedMs, ttlMs, fallback: null },
    payload: resolved ? { ...payload, data: { ...payload.data, merged: false } } : payload,
  };
}

/** What waits or is under way, of an alert or to a channel, is not sent any more. */
export async function cancelDeliveries(
  transaction: Transaction,
  { alert, channel }: { readonly alert?: number; readonly channel?: number },
): Promise<number> {
  const found = await transaction.query(
    `select distinct channel from deliveries where alert = $1
       and state in ('queued', 'failed', 'leased')`,
    [alert ?? null],
  );
  const channels = rowsOf(channelRow, found).map((one) => one.channel);
  await lockChannels(transaction, channel === undefined ? channels : [...channels, channel]);
  const rows = await transaction.query(
    `update deliveries d set state = 'cancelled', owner = null, token = token + 1,
       reason = 'cancelled', ended = clock_timestamp()
     where d.state in ('queued', 'failed', 'leased')
       and (d.alert = $1 or d.channel = $2) returning d.id`,
    [alert ?? null, channel ?? null],
  );
  return rows.length;
}

/** From one of a replay to the next, of a channel: who was away is not flooded. */
const REPLAY_GAP_MS = 100;

export interface ReplayFilter {
  readonly id?: number | undefined;
  readonly alert?: number | undefined;
  readonly channel?: number | undefined;
  /** Made since, in milliseconds since the epoch. */
  readonly sinceMs?: number | undefined;
  readonly limit: number;
  readonly ttlMs: number;
}

/** What was replayed; `refused`: why not, where one was named. */
export interface Replayed {
  readonly replayed: number;
  readonly refused?: 'absent' | 'open' | 'disabled' | undefined;
}

/**
 * Sends again what is dead, or is named by its number and over in any way, under the key that it
 * had: each channel's one after the other. What is of channels that are off stays as it is.
 */
export async function replayDeliveries(
  database: Database,
  { id, alert, channel, sinceMs, limit, ttlMs }: ReplayFilter,
): Promise<Replayed> {
  return database.transaction(async (transaction) => {
    const found = await transaction.query(
      `select d.id, d.channel, d.state, c.state as "channelState"
       from deliveries d join channels c on c.id = d.channel
       where ($1::bigint is null or d.id = $1) and ($2::bigint is null or d.alert = $2)
         and ($3::bigint is null or d.channel = $3)
         and ($4::float8 is null or d.created >= to_timestamp($4::float8 / 1000))
         and ($1::bigint is not null or d.state = 'dead' and c.state <> 'disabled')
       order by d.id limit $5`,
      [id ?? null, alert ?? null, channel ?? null, sinceMs ?? null, limit],
    );
    const row = z.object({ id: z.int(), channel: z.int(), state: z.string() });
    const over = rowsOf(row.extend({ channelState: z.string() }), found);
    if (id !== undefined) {
      const [one] = over;
      if (one === undefined) return { replayed: 0, refused: 'absent' };
      if (one.channelState === 'disabled') return { replayed: 0, refused: 'disabled' };
      if (!OVER.has(one.state)) return { replayed: 0, refused: 'open' };
    }
    const channels = [...new Set(over.map((one) => one.channel))];
    await lockChannels(transaction, channels);
    const rows = await transaction.query(
      `with clock as materialized (select ${NOW_MS} as now),
       again as (
         select d.id, row_number() over (partition by d.channel order by d.id) - 1 as nr
         from deliveries d where d.id = any($1::bigint[])
           and d.state in ('delivered', 'dead', 'cancelled'))
       update deliveries d set state = 'queued', step = 0, replays = d.replays + 1, ended = null,
         reason = null, due_ms = clock.now + again.nr * ${REPLAY_GAP_MS},
         expires_ms = clock.now + again.nr * ${REPLAY_GAP_MS} + $2
       from again, clock where d.id = again.id returning d.channel`,
      [over.map((one) => one.id), Math.ceil(ttlMs)],
    );
    await dueAtChannels(
      transaction,
      rowsOf(channelRow, rows).map((one) => one.channel),
    );
    return { replayed: rows.length };
  });
}

const OVER: ReadonlySet<string> = new Set(['delivered', 'dead', 'cancelled']);

/** Forgets what has been over for so long, in parts. */
export async function trimDeliveries(
  database: Database,
  { olderThanMs }: { readonly olderThanMs: number },
): Promise<number> {
  let trimmed = 0;
  for (;;) {
    const rows = await database.query(
      `delete from deliveries where id in (
         select id from deliveries
         where ended < now() - $1::float8 * interval '1 millisecond' limit ${10 * BATCH})
       returning id`,
      [olderThanMs],
    );
    trimmed += rows.length;
    if (rows.length < 10 * BATCH) break;
  }
  if (database.kind === 'pglite') await database.query('vacuum deliveries, delivery_attempts');
  return trimmed;
}

/**
 * What was under way is due at once: for a process that starts where no other can be, on the
 * embedded database.
 */
export async function returnDeliveries(database: Database): Promise<number> {
  if (database.kind !== 'pglite') return 0;
  return database.transaction(async (transaction) => {
    const rows = await transaction.query(
      `update deliveries set due_ms = ${NOW_MS} where state = 'leased' returning channel`,
    );
    await dueAtChannels(
      transaction,
      rowsOf(channelRow, rows).map((one) => one.channel),
    );
    return rows.length;
  });
}
