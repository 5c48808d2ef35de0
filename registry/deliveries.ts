import { z } from 'zod';
import { type AlertMessage, fittedMessage } from '../core/alert-message.ts';
import { CHANNEL_KINDS } from './channel-address.ts';
import { type Queries, rowsOf, type Transaction } from './database.ts';
import { byNumber, type ListOrder } from './list-order.ts';
import { jsonOf, msColumn, NOW_MS, textOf } from './sql-values.ts';

export const DELIVERY_KINDS = [
  'fired',
  'resolved',
  'digest',
  'test',
  'confirm',
  'notice',
  'canary',
] as const;
export type DeliveryKind = (typeof DELIVERY_KINDS)[number];

export const DELIVERY_STATES = [
  'queued',
  'leased',
  'failed',
  'delivered',
  'dead',
  'cancelled',
] as const;
/** `failed`: to be tried again; `dead`: not any more. */
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Notified when something is to be sent. */
export const DELIVERIES_CHANNEL = 'tidemark_deliveries';

/** Deliveries `d` that are not over. */
export const OPEN_DELIVERY = "d.state in ('queued', 'failed', 'leased')";

/** Deliveries `d` that may go to channel `c` as it stands: what nobody confirmed hears no alerts. */
export const ALLOWED = `(c.state = 'active' or c.state = 'unconfirmed'
    and (d.kind = 'confirm' or d.kind = 'test' and c.kind <> 'email'))`;

export interface NewDelivery {
  readonly channel: number;
  /** Null: it is about the channel itself, or about several alerts. */
  readonly alert: number | null;
  readonly kind: DeliveryKind;
  /** The receiver's key against repeats. A channel gets a message once. */
  readonly message: string;
  /** Those of a channel with the same subject go one after the other. */
  readonly subject: string;
  readonly payload: AlertMessage;
  /** Of the point that it is about, in milliseconds since the epoch. */
  readonly firedMs: number | null;
  /** After so long it is not sent any more. */
  readonly ttlMs: number;
  /** Where it goes besides when the channel does not take it; by default where its alert says. */
  readonly fallback?: number | null | undefined;
}

const madeRow = z.object({ id: z.int(), channel: z.int(), message: z.string() });

/**
 * Writes what is to be sent, in the transaction that says why, once in it: the rows of its channels
 * are locked from then on. What is resolved before its firing could be delivered becomes one
 * message that tells of both.
 * @returns the numbers, in the order of the list; of what was there before, the number it had
 */
export async function enqueueDeliveries(
  transaction: Transaction,
  deliveries: readonly NewDelivery[],
): Promise<readonly number[]> {
  if (deliveries.length === 0) return [];
  const channels = [...new Set(deliveries.map(({ channel }) => channel))];
  await lockChannels(transaction, channels);
  const texts = (pick: (one: NewDelivery) => string) => deliveries.map(pick);
  const inserted = await transaction.query(
    `insert into deliveries (channel, alert, kind, message, subject, payload, fired_ms, fallback,
       due_ms, expires_ms)
     select g.channel, g.alert, g.kind, g.message, g.subject, g.payload::jsonb, g.fired,
       nullif(case when g.own then g.fallback else a.fallback end, g.channel), now.ms,
       now.ms + g.ttl
     from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
         $7::bigint[], $8::bool[], $9::bigint[], $10::bigint[]) with ordinality
       as g (channel, alert, kind, message, subject, payload, fired, own, fallback, ttl, nr)
     cross join (select ${NOW_MS} as ms) now
     left join alerts a on a.id = g.alert
     order by g.nr
     on conflict (channel, message) do nothing returning id, channel, message`,
    [
      deliveries.map(({ channel }) => channel),
      deliveries.map(({ alert }) => alert),
      ...[texts(({ kind }) => kind), texts(({ message }) => message)],
      ...[texts(({ subject }) => textOf(subject)), texts(({ payload }) => bodyOf(payload))],
      deliveries.map(({ firedMs }) => (firedMs === null ? null : Math.round(firedMs))),
      deliveries.map(({ fallback }) => fallback !== undefined),
      deliveries.map(({ fallback }) => fallback ?? null),
      deliveries.map(({ ttlMs }) => Math.ceil(ttlMs)),
    ],
  );
  const made = rowsOf(madeRow, inserted);
  const resolved = new Set(
    deliveries.filter(({ kind }) => kind === 'resolved').map(({ message }) => message),
  );
  for (const { id, message } of made) {
    if (resolved.has(message)) await mergeResolved(transaction, id);
  }
  await dueAtChannels(
    transaction,
    made.map(({ channel }) => channel),
  );
  return idsOf(transaction, deliveries, made);
}

function bodyOf(payload: AlertMessage): string {
  return jsonOf(fittedMessage(payload));
}

/** In the order of the list; what was there before is looked up. */
async function idsOf(
  queries: Queries,
  deliveries: readonly NewDelivery[],
  made: readonly z.infer<typeof madeRow>[],
): Promise<readonly number[]> {
  const keyOf = (one: { channel: number; message: string }) => `${one.channel} ${one.message}`;
  const found = new Map(made.map((one) => [keyOf(one), one.id]));
  const rest = deliveries.filter((one) => !found.has(keyOf(one)));
  if (rest.length > 0) {
    const rows = await queries.query(
      `select id, channel, message from deliveries
       where (channel, message) in (select * from unnest($1::bigint[], $2::text[]))`,
      [rest.map(({ channel }) => channel), rest.map(({ message }) => message)],
    );
    for (const one of rowsOf(madeRow, rows)) found.set(keyOf(one), one.id);
  }
  return deliveries.map((one) => found.get(keyOf(one))!);
}

/** All that changes deliveries of a channel holds its row: taken by number, in one order. */
export async function lockChannels(queries: Queries, ids: readonly number[]): Promise<void> {
  await queries.query(
    'select id from channels where id = any($1::bigint[]) order by id for no key update',
    [ids],
  );
}

/** Something of these channels is due now. With their rows locked. */
export async function dueAtChannels(queries: Queries, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await queries.query(
    `with due as (
       update channels set due_ms = least(due_ms, ${NOW_MS})
       where id = any($1::bigint[]) and state <> 'disabled' returning id)
     select pg_notify('${DELIVERIES_CHANNEL}', '') from due limit 1`,
    [[...new Set(ids)]],
  );
}

/**
 * What fired and was not delivered is not sent any more: its end tells of it. With the row of the
 * channel locked. `resolved`: the number of the delivery that tells of the end.
 */
export async function mergeResolved(queries: Queries, resolved: number): Promise<boolean> {
  const rows = await queries.query(
    `with r as (select id, channel, subject from deliveries where id = $1),
     gone as (
       update deliveries d set state = 'cancelled', reason = 'resolved before it was delivered',
         ended = clock_timestamp(), token = token + 1, owner = null
       from r where d.channel = r.channel and d.subject = r.subject and d.id < r.id
         and d.kind = 'fired' and d.state in ('queued', 'failed') returning d.id)
     update deliveries d
     set payload = jsonb_set(jsonb_set(d.payload, '{data,merged}', 'true'), '{data,late}', 'true')
     where d.id = $1 and exists (select from gone) returning d.id`,
    [resolved],
  );
  return rows.length > 0;
}

const ms = z.number();

export const delivery = z.object({
  id: z.int(),
  channel: z.int(),
  channelKind: z.enum(CHANNEL_KINDS),
  alert: z.int().nullable(),
  kind: z.enum(DELIVERY_KINDS),
  message: z.string(),
  subject: z.string(),
  state: z.enum(DELIVERY_STATES),
  attempts: z.int(),
  /** When it is tried next; null: it is over, or under way. */
  dueMs: ms.nullable(),
  expiresMs: ms,
  /** Of the last answer. */
  status: z.int().nullable(),
  reason: z.string().nullable(),
  firedMs: ms.nullable(),
  /** It went to the fallback under this number. */
  moved: z.int().nullable(),
  replays: z.int(),
  createdMs: ms,
  endedMs: ms.nullable(),
  /** What it waits for, for people; null: for nothing, or it is over. */
  waits: z.string().nullable(),
});

/** A message to a channel, without what it says. */
export type Delivery = z.infer<typeof delivery>;

const SELECT = `select d.id, d.channel, c.kind as "channelKind", d.alert, d.kind, d.message,
    d.subject, d.state, d.attempts, d.expires_ms as "expiresMs", d.status, d.reason,
    case when d.state in ('queued', 'failed') then greatest(d.due_ms, c.open_ms) end as "dueMs",
    d.fired_ms as "firedMs", d.moved, d.replays, ${msColumn('d.created', 'createdMs')},
    ${msColumn('d.ended', 'endedMs')},
    case
      when d.state not in ('queued', 'failed') then null
      when not ${ALLOWED} then 'channel ' || c.state
      when exists (select from deliveries e where e.channel = d.channel
        and e.subject = d.subject and e.id < d.id
        and e.state in ('queued', 'failed', 'leased')) then 'an earlier one of its subject'
      when c.failures > 0 and c.open_ms > ${NOW_MS} then 'channel failing'
      when d.due_ms > ${NOW_MS} then 'retry'
    end as waits`;
const FROM = 'from deliveries d join channels c on c.id = d.channel';

export interface DeliveryFilter {
  readonly alert?: number | undefined;
  readonly channel?: number | undefined;
  readonly state?: DeliveryState | undefined;
  readonly kind?: DeliveryKind | undefined;
  readonly order?: ListOrder | undefined;
  /** The last number of the page before; default: from the begin. */
  readonly after?: number | undefined;
  readonly limit: number;
}

/** By number; without those of the canary, unless they are asked for. */
export async function listDeliveries(
  queries: Queries,
  { alert, channel, state, kind, order, after, limit }: DeliveryFilter,
): Promise<Delivery[]> {
  const { beyond, way, from } = byNumber('d.id', { order, after });
  const rows = await queries.query(
    `${SELECT} ${FROM} where ${beyond} and ($3::bigint is null or d.alert = $3)
       and ($4::bigint is null or d.channel = $4) and ($5::text is null or d.state = $5)
       and case when $6::text is null then d.kind <> 'canary' or $4 is not null else d.kind = $6 end
     ${way} limit $2`,
    [from, limit, alert ?? null, channel ?? null, state ?? null, kind ?? null],
  );
  return rowsOf(delivery, rows);
}

const attempt = z.object({
  nr: z.int(),
  atMs: ms,
  tookMs: ms,
  ok: z.boolean(),
  status: z.int().nullable(),
  reason: z.string().nullable(),
  answer: z.string().nullable(),
});

/** One try of a delivery; `answer` is the begin of what the receiver said. */
export type DeliveryAttempt = z.infer<typeof attempt>;

/** With what it says, and all tries of it. */
export interface WholeDelivery extends Delivery {
  readonly payload: AlertMessage;
  readonly attemptsMade: readonly DeliveryAttempt[];
}

export async function findDelivery(
  queries: Queries,
  id: number,
): Promise<WholeDelivery | undefined> {
  const rows = await queries.query(`${SELECT}, d.payload ${FROM} where d.id = $1`, [id]);
  const [found] = rowsOf(delivery.extend({ payload: alertMessage }), rows);
  if (found === undefined) return undefined;
  const made = await queries.query(
    `select nr, ${msColumn('at', 'atMs')}, took_ms as "tookMs", ok, status, reason, answer
     from delivery_attempts where delivery = $1 order by nr`,
    [id],
  );
  return { ...found, attemptsMade: rowsOf(attempt, made) };
}

/** As it was written: PostgreSQL has put its parts into an order of its own. */
export const alertMessage = z
  .object({ type: z.string(), timestamp: z.string(), data: z.record(z.string(), z.unknown()) })
  .transform(({ type, timestamp, data }) => ({ type, timestamp, data }) as unknown as AlertMessage);

/** How many there are in the states that ask for somebody's attention. */
export async function deliveryCounts(
  queries: Queries,
): Promise<Readonly<Record<'queued' | 'leased' | 'failed' | 'dead', number>>> {
  const rows = await queries.query(
    `select state, count(*) as count from deliveries
     where state in ('queued', 'leased', 'failed', 'dead') group by state`,
  );
  const counts = { queued: 0, leased: 0, failed: 0, dead: 0 };
  const counted = z.object({
    state: z.enum(['queued', 'leased', 'failed', 'dead']),
    count: z.int(),
  });
  for (const { state, count } of rowsOf(counted, rows)) counts[state] = count;
  return counts;
}
