import { z } from 'zod';
import { TidemarkError } from '../core/errors.ts';
import {
  channelToken,
  isToken,
  newKey,
  newSigningSecret,
  type TokenUse,
  tokenChannel,
} from './channel-address.ts';
import {
  askToConfirm,
  type ChannelState,
  type ChannelView,
  type EnsureOptions,
  findChannel,
  type HeldChannel,
  heldChannel,
} from './channels.ts';
import { type Database, type Queries, rowsOf, type Transaction } from './database.ts';
import { DELIVERIES_CHANNEL } from './deliveries.ts';
import { DUE_AGAIN } from './delivery-claims.ts';
import { cancelDeliveries } from './delivery-upkeep.ts';
import { jsonOf, NOW_MS, textOf } from './sql-values.ts';

/** Locks a channel by number. Undefined: there is none. */
async function holdChannel(queries: Queries, id: number): Promise<HeldChannel | undefined> {
  const rows = await queries.query(
    'select id, state, kind, secret from channels where id = $1 for no key update',
    [id],
  );
  return rowsOf(heldChannel, rows)[0];
}

async function setState(
  transaction: Transaction,
  id: number,
  { state, reason }: { readonly state: ChannelState; readonly reason: string | null },
): Promise<ChannelView> {
  await transaction.query(
    `update channels set state = $2, state_since = now(), reason = $3, failures = 0,
       failing_since_ms = null, open_ms = 0 where id = $1`,
    [id, state, reason === null ? null : textOf(reason)],
  );
  await transaction.query(DUE_AGAIN, [id]);
  await transaction.query('select pg_notify($1, $2)', [DELIVERIES_CHANNEL, '']);
  return (await findChannel(transaction, id))!;
}

/** Whose token it is, with its row locked; undefined: nobody's, or not for this. */
async function holdByToken(
  queries: Queries,
  use: TokenUse,
  token: string,
): Promise<HeldChannel | undefined> {
  const id = tokenChannel(token);
  const held = id === undefined ? undefined : await holdChannel(queries, id);
  return held && isToken(token, channelToken(use, held.id, held.secret)) ? held : undefined;
}

/**
 * Its owner wants what comes: from now on it is sent. Again is allowed.
 * @returns undefined for a token that was never given, or not for what the channel is now
 */
export async function confirmChannel(
  database: Database,
  token: string,
): Promise<ChannelView | undefined> {
  return database.transaction(async (transaction) => {
    const held = await holdByToken(transaction, 'confirm', token);
    if (held === undefined || held.state === 'disabled') return undefined;
    if (held.state === 'active') return findChannel(transaction, held.id);
    return setState(transaction, held.id, { state: 'active', reason: null });
  });
}

/** Which channel a token is for, for a page that asks; undefined: for none. */
export async function channelOfToken(
  database: Database,
  use: TokenUse,
  token: string,
): Promise<ChannelView | undefined> {
  return database.transaction(async (transaction) => {
    const held = await holdByToken(transaction, use, token);
    return held && findChannel(transaction, held.id);
  });
}

/** Its owner wants nothing more. What waits is not sent. Again is allowed. */
export async function leaveChannel(
  database: Database,
  token: string,
): Promise<ChannelView | undefined> {
  return database.transaction(async (transaction) => {
    const held = await holdByToken(transaction, 'leave', token);
    if (held === undefined) return undefined;
    await cancelDeliveries(transaction, { channel: held.id });
    return setState(transaction, held.id, { state: 'disabled', reason: 'left by its owner' });
  });
}

/** Switches a channel off. What waits for it goes to fallbacks, else nowhere. */
export async function switchOffChannel(
  database: Database,
  id: number,
): Promise<ChannelView | undefined> {
  return database.transaction(async (transaction) => {
    const held = await holdChannel(transaction, id);
    if (held === undefined) return undefined;
    return setState(transaction, id, { state: 'disabled', reason: 'switched off' });
  });
}

/**
 * Switches a channel on that was off, or asks one again that has not confirmed: in both cases it
 * has to confirm, by a token that is another than before.
 */
export async function enableChannel(
  database: Database,
  id: number,
  options: EnsureOptions,
): Promise<ChannelView | undefined> {
  return database.transaction(async (transaction) => {
    const held = await holdChannel(transaction, id);
    if (held === undefined) return undefined;
    if (held.state === 'active') return findChannel(transaction, id);
    if (held.state === 'unconfirmed') {
      await askToConfirm(transaction, held, options);
      return findChannel(transaction, id);
    }
    const state = held.kind === 'canary' ? 'active' : 'unconfirmed';
    const secret = { ...held.secret, confirmKey: newKey() };
    await transaction.query('update channels set secret = $2::jsonb where id = $1', [
      id,
      jsonOf(secret),
    ]);
    const view = await setState(transaction, id, { state, reason: null });
    if (state === 'unconfirmed') await askToConfirm(transaction, { ...held, secret }, options);
    return view;
  });
}

/** More at once are no rotation. */
const SIGNING_MAX = 3;

/**
 * A new secret for a webhook's signatures; those of before sign too, for so long.
 * @returns undefined where there is no such webhook
 */
export async function rotateSecret(
  database: Database,
  id: number,
  { graceMs }: { readonly graceMs: number },
): Promise<{ readonly channel: ChannelView; readonly secret: string } | undefined> {
  return database.transaction(async (transaction) => {
    const held = await holdChannel(transaction, id);
    if (held === undefined) return undefined;
    if (held.kind !== 'webhook') {
      throw new TidemarkError('conflict', `messages to a ${held.kind} channel are not signed`);
    }
    const [row] = await transaction.query(`select ${NOW_MS} as now`);
    const nowMs = rowsOf(z.object({ now: z.number() }), [row!])[0]!.now;
    const secret = newSigningSecret();
    const before = held.secret.signing
      .map((one) => ({ ...one, untilMs: Math.min(one.untilMs ?? Infinity, nowMs + graceMs) }))
      .filter(({ untilMs }) => untilMs > nowMs);
    const signing = [{ secret, untilMs: null }, ...before].slice(0, SIGNING_MAX);
    await transaction.query('update channels set secret = $2::jsonb where id = $1', [
      id,
      jsonOf({ ...held.secret, signing }),
    ]);
    return { channel: (await findChannel(transaction, id))!, secret };
  });
}
