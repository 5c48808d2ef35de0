import { z } from 'zod';
import { CHANNEL_KINDS, type ChannelKind, channelSecret } from './channel-address.ts';
import { type Database, type Queries, rowsOf, type Transaction } from './database.ts';
import { ALLOWED, alertMessage, DELIVERY_KINDS, OPEN_DELIVERY } from './deliveries.ts';
import { NOW_MS } from './sql-values.ts';

/** Who sends. Every time below is by the database's clock, in milliseconds since the epoch. */
export interface DeliveryWorker {
  /** Of one process: two workers never share one. */
  readonly id: string;
  /**
   * What it holds is due again when it was not heard of for so long. Well above what sending may
   * take, so that no lease has to be renewed.
   */
  readonly leaseMs: number;
}

/** How much a channel is sent, by its kind. */
export interface ChannelPace {
  /** Most messages under way at once, by all workers together. */
  readonly concurrency: number;
  /** From one message to the next; 0: none. */
  readonly spacingMs: number;
}

export interface ClaimOptions {
  readonly limit: number;
  readonly paces: Readonly<Record<ChannelKind, ChannelPace>>;
}

const ms = z.number();

const claim = z.object({
  id: z.int(),
  token: z.int(),
  kind: z.enum(DELIVERY_KINDS),
  alert: z.int().nullable(),
  message: z.string(),
  payload: alertMessage,
  /** This one counts. */
  attempt: z.int(),
  /** How many before it count for when the next one is. */
  step: z.int(),
  /** Replays counted: when it was queued first says nothing of them. */
  firedMs: ms.nullable(),
  expiresMs: ms,
  channel: z.int(),
  channelKind: z.enum(CHANNEL_KINDS),
  secret: channelSecret,
  /** Attempts in a row that had failed when it was claimed, and since when. */
  failures: z.int(),
  failingSinceMs: ms.nullable(),
});

/** A message that is the worker's to send. */
export type DeliveryClaim = z.infer<typeof claim>;

export interface Claimed {
  readonly nowMs: number;
  readonly claims: readonly DeliveryClaim[];
  /** As much as was asked for was looked at: there may be more. */
  readonly more: boolean;
}

/** Before this a channel is left alone; as the index has it. */
const OPEN = 'greatest(c.due_ms, c.open_ms)';

/**
 * Claims messages that are due, of the channels that wait longest: of each as many as its pace
 * allows, one alone while it fails, and of a subject the oldest alone. Channels that others look at
 * are passed over. A channel says from now on when the next of its messages is due.
 */
export async function claimDeliveries(
  database: Database,
  worker: DeliveryWorker,
  { limit, paces }: ClaimOptions,
): Promise<Claimed> {
  return database.transaction(async (transaction) => {
    const { nowMs, channels } = await lockDue(transaction, limit);
    if (channels.length === 0) return { nowMs, claims: [], more: false };
    const rows = await transaction.query(CLAIM, [
      ...[channels, nowMs, nowMs + worker.leaseMs, worker.id],
      CHANNEL_KINDS.map((kind) => kind),
      CHANNEL_KINDS.map((kind) => paces[kind].concurrency),
      CHANNEL_KINDS.map((kind) => paces[kind].spacingMs),
      limit,
    ]);
    const claims = rowsOf(claim, rows);
    return { nowMs, claims, more: channels.length === limit || claims.length === limit };
  });
}

/**
 * Locks channels that may have something due. A statement of its own: what the next one sees of
 * their deliveries is then all that was said before, as whoever changes those holds these rows.
 */
async function lockDue(
  transaction: Transaction,
  limit: number,
): Promise<{ readonly nowMs: number; readonly channels: readonly number[] }> {
  const rows = await transaction.query(
    `with clock as materialized (select ${NOW_MS} as now),
     open as materialized (
       select c.id from channels c
       where c.due_ms is not null and ${OPEN} <= (select now from clock)
       order by ${OPEN} limit $1 for no key update skip locked)
     select clock.now, open.id from clock left join open on true`,
    [limit],
  );
  const parsed = rowsOf(z.object({ now: ms, id: z.int().nullable() }), rows);
  return { nowMs: parsed[0]!.now, channels: parsed.flatMap(({ id }) => (id === null ? [] : [id])) };
}

/**
 * Of the channels $1: all that may go now, at most $8 together; what is left keeps a channel due.
 * What was leased and is due again was lost by somebody: that attempt is written down as such.
 */
const CLAIM = `with pace as (
    select * from unnest($5::text[], $6::int[], $7::bigint[]) as g (kind, concurrency, spacing)),
  room as materialized (
    select c.id, c.kind, c.state, c.failures, p.spacing,
      (case when c.failures > 0 then 1 else p.concurrency end) - (
        select count(*) from deliveries d
        where d.channel = c.id and d.state = 'leased' and d.due_ms > $2) as room
    from channels c join pace p using (kind) where c.id = any($1::bigint[])),
  found as materialized (
    select n.* from room c cross join lateral (
      select d.id, d.channel, d.due_ms, d.state = 'leased' as lost, d.attempts from deliveries d
      where d.channel = c.id and ${OPEN_DELIVERY} and d.due_ms <= $2 and d.expires_ms > $2
        and ${ALLOWED}
        -- For each in the order of the index, until there are enough: not for all of them at once.
        and d.id = (
          select e.id from deliveries e where e.channel = d.channel and e.subject = d.subject
            and e.state in ('queued', 'failed', 'leased') order by e.id limit 1)
      order by d.due_ms, d.id limit greatest(c.room, 0)) n),
  picked as materialized (select * from found order by due_ms, id limit $8),
  lost as (
    insert into delivery_attempts (delivery, nr, took_ms, ok, reason)
    select id, attempts, 0, false, 'lost' from picked where lost
    on conflict (delivery, nr) do nothing),
  held as (
    update deliveries d set state = 'leased', owner = $4, token = d.token + 1, due_ms = $3,
      attempts = d.attempts + 1
    from picked p where d.id = p.id and ${OPEN_DELIVERY}
    returning d.id, d.token, d.kind, d.alert, d.message, d.payload, d.attempts, d.step, d.fired_ms,
      d.expires_ms, d.channel),
  told as (
    update channels c set
      open_ms = case when r.spacing > 0 and p.many > 0 then $2 + r.spacing else c.open_ms end,
      due_ms = case when p.many < p.could then $2 else least(
        case when p.many > 0 then $3::bigint end,
        (select d.due_ms from deliveries d
         where d.channel = c.id and ${OPEN_DELIVERY} and d.due_ms > $2 and d.expires_ms > $2
           and ${ALLOWED}
         order by d.due_ms limit 1)) end
    from room r cross join lateral (
      select (select count(*) from picked where picked.channel = r.id) as many,
        (select count(*) from found where found.channel = r.id) as could) p
    where c.id = r.id)
  select h.id, h.token, h.kind, h.alert, h.message, h.payload, h.attempts as attempt, h.step,
    h.fired_ms as "firedMs", h.expires_ms as "expiresMs", h.channel, c.kind as "channelKind",
    c.secret, c.failures, c.failing_since_ms as "failingSinceMs"
  from held h join channels c on c.id = h.channel order by h.id`;

/** The soonest moment at which there could be something to claim; null: never, as it stands. */
export async function nextDeliveryMs(queries: Queries): Promise<number | null> {
  const rows = await queries.query(
    `select ${OPEN} as due from channels c where c.due_ms is not null order by ${OPEN} limit 1`,
  );
  return rowsOf(z.object({ due: ms }), rows)[0]?.due ?? null;
}

/** The channel `$1`, locked, is due when the next of its messages is. */
export const DUE_AGAIN = `update channels c set due_ms = case when c.state <> 'disabled' then (
    select d.due_ms from deliveries d
    where d.channel = c.id and ${OPEN_DELIVERY} and d.expires_ms > ${NOW_MS} and ${ALLOWED}
    order by d.due_ms limit 1) end
  where c.id = $1`;
