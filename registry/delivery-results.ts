import { z } from 'zod';
import { messageId } from '../core/alert-message.ts';
import { type Database, type Queries, rowsOf, type Transaction } from './database.ts';
import { enqueueDeliveries, lockChannels, mergeResolved, type NewDelivery } from './deliveries.ts';
import { type DeliveryClaim, type DeliveryWorker, DUE_AGAIN } from './delivery-claims.ts';
import { tellEvents } from './events.ts';
import { NOW_MS, textOf } from './sql-values.ts';

/** How an attempt ended. */
export interface DeliveryResult {
  readonly tookMs: number;
  /** Of the answer; null: there was none. */
  readonly status: number | null;
  /** The begin of the answer, without secrets. */
  readonly answer: string | null;
  /**
   * `stopped`: the worker ended it, nothing is known of the receiver; it does not count, and is due
   * at once.
   */
  readonly end: 'delivered' | 'failed' | 'dead' | 'stopped';
  /** Why it was not delivered. */
  readonly reason: string | null;
  /** For what failed: how long until it is tried again, and its channel with anything. */
  readonly againMs: number;
  readonly openMs: number;
  /** The receiver wants nothing more, or cannot be there: its channel is switched off. */
  readonly disable: boolean;
}

export interface SettleOptions {
  /** A channel that has only failed for so long is switched off. */
  readonly disableAfterMs: number;
  /** Of what its owner is told. */
  readonly ttlMs: number;
}

export interface Settled {
  /** False: the message was not the worker's any more, nothing was changed. */
  readonly saved: boolean;
  /** From the point that it is about to now; null: it was not delivered, or is about none. */
  readonly sinceFiredMs: number | null;
}

/** After so many in a row that failed its owner is told, and the fallback gets what it does not. */
export const FAILURES_TOLD = 3;

/** Saves how an attempt ended, with all that follows from it, or nothing. */
export async function settleDelivery(
  database: Database,
  worker: DeliveryWorker,
  { claim, result }: { readonly claim: DeliveryClaim; readonly result: DeliveryResult },
  options: SettleOptions,
): Promise<Settled> {
  return database.transaction(async (transaction) => {
    await lockWith(transaction, claim.channel, result.end);
    const ended = await endDelivery(transaction, worker, claim, result);
    if (ended === undefined) return { saved: false, sinceFiredMs: null };
    await transaction.query(
      `insert into delivery_attempts (delivery, nr, took_ms, ok, status, reason, answer)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict (delivery, nr) do nothing`,
      [
        ...[claim.id, claim.attempt, result.tookMs, result.end === 'delivered', result.status],
        result.reason === null ? null : textOf(result.reason),
        result.answer === null ? null : textOf(result.answer),
      ],
    );
    if (result.end === 'delivered') await noteDelivered(transaction, claim);
    else if (result.end !== 'stopped') await noteFailed(transaction, claim, { ...result, options });
    await transaction.query(DUE_AGAIN, [claim.channel]);
    return { saved: true, sinceFiredMs: ended.sinceFiredMs };
  });
}

/** A channel that fails, and those that would be told of it: all at once, so in one order. */
async function lockWith(
  queries: Queries,
  channel: number,
  end: DeliveryResult['end'],
): Promise<void> {
  const alone = end === 'delivered' || end === 'stopped';
  if (alone) return lockChannels(queries, [channel]);
  const rows = await queries.query(
    `select distinct fallback as id from alerts
     where channel = $1 and active and fallback is not null`,
    [channel],
  );
  const told = rowsOf(z.object({ id: z.int() }), rows).map(({ id }) => id);
  await lockChannels(queries, [channel, ...told]);
}

/** Fenced: undefined when somebody else has it, or nobody wants it any more. */
async function endDelivery(
  transaction: Transaction,
  worker: DeliveryWorker,
  claim: DeliveryClaim,
  { end, reason, status, againMs }: DeliveryResult,
): Promise<{ readonly sinceFiredMs: number | null } | undefined> {
  const state = end === 'stopped' ? (claim.step > 0 ? 'failed' : 'queued') : end;
  const over = end === 'delivered' || end === 'dead';
  const rows = await transaction.query(
    `update deliveries set state = $4, owner = null, status = $5, reason = $6,
       step = step + $7, due_ms = ${NOW_MS} + $8,
       ended = case when $9 then clock_timestamp() end
     where id = $1 and owner = $2 and token = $3 and state = 'leased'
     returning case when $4 = 'delivered' then ${NOW_MS} - fired_ms end as "sinceFiredMs"`,
    [
      ...[claim.id, worker.id, claim.token, state, status],
      reason === null ? null : textOf(reason),
      ...[end === 'failed' ? 1 : 0, end === 'failed' ? Math.ceil(againMs) : 0, over],
    ],
  );
  return rowsOf(z.object({ sinceFiredMs: z.number().nullable() }), rows)[0];
}

const was = z.object({
  failures: z.int(),
  shown: z.string(),
  state: z.enum(['unconfirmed', 'active', 'disabled']),
  sinceMs: z.number(),
});

async function noteDelivered(transaction: Transaction, claim: DeliveryClaim): Promise<void> {
  const confirms = claim.kind === 'confirm' && claim.channelKind !== 'email';
  const rows = await transaction.query(
    `update channels c set failures = 0, failing_since_ms = null, delivered = c.delivered + 1,
       open_ms = case when o.failures > 0 then 0 else c.open_ms end,
       state = case when $2 and c.state = 'unconfirmed' then 'active' else c.state end,
       state_since = case when $2 and c.state = 'unconfirmed' then now() else c.state_since end,
       reason = case when c.state = 'disabled' then c.reason end
     from channels o where c.id = $1 and o.id = c.id
     returning o.failures, c.shown, c.state,
       coalesce(o.failing_since_ms, ${NOW_MS}) as "sinceMs"`,
    [claim.channel, confirms],
  );
  const before = rowsOf(was, rows)[0];
  if (before === undefined || before.failures < FAILURES_TOLD) return;
  const { shown } = before;
  await tellEvents(transaction, 'channel', [{ channel: claim.channel, shown, state: 'recovered' }]);
}

interface Failure extends DeliveryResult {
  readonly options: SettleOptions;
}

async function noteFailed(
  transaction: Transaction,
  claim: DeliveryClaim,
  { reason, openMs, disable, options }: Failure,
): Promise<void> {
  const why = textOf(reason ?? 'failed');
  const rows = await transaction.query(
    `update channels c set failures = greatest(c.failures, $2::int + 1), reason = $3,
       failing_since_ms = coalesce(c.failing_since_ms, ${NOW_MS}),
       open_ms = greatest(c.open_ms, ${NOW_MS} + $4)
     from channels o where c.id = $1 and o.id = c.id and c.state <> 'disabled'
     returning o.failures, c.shown, c.state, c.failing_since_ms as "sinceMs",
       c.failures as now, ${NOW_MS} - c.failing_since_ms > $5 as long`,
    [claim.channel, claim.failures, why, Math.ceil(openMs), options.disableAfterMs],
  );
  const after = rowsOf(was.extend({ now: z.int(), long: z.boolean() }), rows)[0];
  if (claim.kind === 'fired') await endMerged(transaction, claim.id);
  if (after === undefined) return;
  const { failures, now, sinceMs, shown } = after;
  const told = { channel: claim.channel, shown, sinceMs, reason: why };
  if (disable || after.long) {
    await disableChannel(transaction, claim.channel, why);
    await tellOwners(transaction, { ...told, state: 'disabled' }, options);
  } else if (failures < FAILURES_TOLD && now >= FAILURES_TOLD) {
    await tellOwners(transaction, { ...told, state: 'failing' }, options);
  }
}

/** Where the end of what could not be delivered waits behind it, that tells of both. */
async function endMerged(transaction: Transaction, id: number): Promise<void> {
  const rows = await transaction.query(
    `select e.id from deliveries d join deliveries e on e.channel = d.channel
       and e.subject = d.subject and e.id > d.id and e.kind = 'resolved' and e.state = 'queued'
     where d.id = $1 and d.state = 'failed' order by e.id limit 1`,
    [id],
  );
  for (const { id: end } of rowsOf(z.object({ id: z.int() }), rows)) {
    await mergeResolved(transaction, end);
  }
}

/** With its row locked. What waits for it is ended by `endDisabled`, in parts. */
export async function disableChannel(queries: Queries, id: number, reason: string): Promise<void> {
  await queries.query(
    `update channels set state = 'disabled', state_since = now(), reason = $2, due_ms = null
     where id = $1`,
    [id, textOf(reason)],
  );
}

interface Told {
  readonly channel: number;
  readonly shown: string;
  readonly state: 'failing' | 'disabled';
  readonly sinceMs: number;
  readonly reason: string;
}

/** An event, and a message to each other channel that stands in for this one. */
async function tellOwners(
  transaction: Transaction,
  { channel, shown, state, sinceMs, reason }: Told,
  { ttlMs }: SettleOptions,
): Promise<void> {
  await tellEvents(transaction, 'channel', [{ channel, shown, state, reason }]);
  const rows = await transaction.query(
    `select distinct a.fallback as id, ${NOW_MS} as now from alerts a
     where a.channel = $1 and a.active and a.fallback is not null and a.fallback <> $1 order by id`,
    [channel],
  );
  const notices = rowsOf(z.object({ id: z.int(), now: z.number() }), rows).map(
    ({ id, now }): NewDelivery => ({
      ...{ channel: id, alert: null, kind: 'notice', subject: `channel ${channel}`, ttlMs },
      ...{ message: messageId('notice', channel, state, sinceMs, id), firedMs: null },
      payload: {
        type: 'channel.notice',
        timestamp: new Date(now).toISOString(),
        data: { channel, shown, state, since: new Date(sinceMs).toISOString(), reason },
      },
    }),
  );
  await enqueueDeliveries(transaction, notices);
}
