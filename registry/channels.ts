import { z } from 'zod';
import { messageId } from '../core/alert-message.ts';
import {
  addressKey,
  CHANNEL_KINDS,
  type ChannelAddress,
  type ChannelKind,
  type ChannelSecret,
  channelSecret,
  checkedAddress,
  newKey,
  newSigningSecret,
  shownAddress,
} from './channel-address.ts';
import { type Queries, rowsOf, type Transaction } from './database.ts';
import { enqueueDeliveries } from './deliveries.ts';
import { jsonOf, msColumn, NOW_MS, textOf } from './sql-values.ts';

export type { ChannelAddress, ChannelKind } from './channel-address.ts';

export const CHANNEL_STATES = ['unconfirmed', 'active', 'disabled'] as const;
export type ChannelState = (typeof CHANNEL_STATES)[number];

const ms = z.number();

const channelView = z.object({
  id: z.int(),
  kind: z.enum(CHANNEL_KINDS),
  /** The address as anybody may see it. */
  shown: z.string(),
  state: z.enum(CHANNEL_STATES),
  /** Why it is off, or why the last message was not taken. */
  reason: z.string().nullable(),
  stateSinceMs: ms,
  /** Attempts in a row that failed, and since when. */
  failures: z.int(),
  failingSinceMs: ms.nullable(),
  /** Until when it is left alone; null: it is not. */
  openMs: ms.nullable(),
  delivered: z.int(),
  createdMs: ms,
});

/** A channel without its secrets. */
export type ChannelView = z.infer<typeof channelView>;

const SELECT = `select c.id, c.kind, c.shown, c.state, c.reason,
    ${msColumn('c.state_since', 'stateSinceMs')}, c.failures,
    c.failing_since_ms as "failingSinceMs",
    case when c.failures > 0 and c.open_ms > ${NOW_MS} then c.open_ms end as "openMs",
    c.delivered, ${msColumn('c.created', 'createdMs')}
  from channels c`;

export interface ChannelFilter {
  readonly kind?: ChannelKind | undefined;
  readonly state?: ChannelState | undefined;
  /** Numbers above this one; default: all. */
  readonly after?: number | undefined;
  readonly limit: number;
}

/** By number; without our own, unless it is asked for. */
export async function listChannels(
  queries: Queries,
  { kind, state, after = 0, limit }: ChannelFilter,
): Promise<ChannelView[]> {
  const rows = await queries.query(
    `${SELECT} where c.id > $1
       and case when $3::text is null then c.kind <> 'canary' else c.kind = $3 end
       and ($4::text is null or c.state = $4) order by c.id limit $2`,
    [after, limit, kind ?? null, state ?? null],
  );
  return rowsOf(channelView, rows);
}

export async function findChannel(queries: Queries, id: number): Promise<ChannelView | undefined> {
  const rows = await queries.query(`${SELECT} where c.id = $1`, [id]);
  return rowsOf(channelView, rows)[0];
}

export interface EnsuredChannel {
  readonly channel: ChannelView;
  readonly created: boolean;
  /** What its messages are signed with: of a new webhook, and never again. */
  readonly secret?: string | undefined;
}

export interface EnsureOptions {
  /** How long it is asked to confirm. */
  readonly ttlMs: number;
}

/** From one question whether it is to confirm to the next, by kind: e-mails go to people. */
const ASK_EMAIL_MS = 3_600_000;
const ASK_MS = 60_000;

/**
 * The channel of an address, made where there is none. One that is not confirmed is asked to, at
 * most once an hour by e-mail, and hears nothing else. In a transaction, before any other
 * deliveries of it.
 * @throws TidemarkError `invalid` for what can be no address
 */
export async function ensureChannel(
  transaction: Transaction,
  address: ChannelAddress,
  options: EnsureOptions,
): Promise<EnsuredChannel> {
  const checked = checkedAddress(address);
  const made = await insertChannel(transaction, checked);
  const rows = await transaction.query(
    'select id, state, kind, secret from channels where key = $1 for no key update',
    [addressKey(checked)],
  );
  const held = rowsOf(heldChannel, rows)[0]!;
  if (held.state === 'unconfirmed') await askToConfirm(transaction, held, options);
  const channel = (await findChannel(transaction, held.id))!;
  const secret = made && checked.kind === 'webhook' ? held.secret.signing[0]?.secret : undefined;
  return { channel, created: made, ...(secret !== undefined && { secret }) };
}

/** With its secrets, of a row that is locked. */
export const heldChannel = z.object({
  id: z.int(),
  state: z.enum(CHANNEL_STATES),
  kind: z.enum(CHANNEL_KINDS),
  secret: channelSecret,
});
export type HeldChannel = z.infer<typeof heldChannel>;

async function insertChannel(queries: Queries, address: ChannelAddress): Promise<boolean> {
  const { kind } = address;
  const signing = kind === 'webhook' ? [{ secret: newSigningSecret(), untilMs: null }] : [];
  const secret: ChannelSecret = { address, signing, confirmKey: newKey(), leaveKey: newKey() };
  // A canary's messages go nowhere: nobody has to agree.
  const state = kind === 'canary' ? 'active' : 'unconfirmed';
  const rows = await queries.query(
    `insert into channels (key, kind, shown, secret, state) values ($1, $2, $3, $4::jsonb, $5)
     on conflict (key) do nothing returning id`,
    [addressKey(address), kind, textOf(shownAddress(address)), jsonOf(secret), state],
  );
  return rows.length > 0;
}

/** Nothing, where it was asked not long ago, or is being asked. With its row locked. */
export async function askToConfirm(
  transaction: Transaction,
  { id, kind, secret }: HeldChannel,
  { ttlMs }: EnsureOptions,
): Promise<void> {
  const rows = await transaction.query(
    `select ${NOW_MS} as now, coalesce(bool_or(state in ('queued', 'failed', 'leased')
         or created > now() - $2::float8 * interval '1 millisecond'), false) as asked
     from deliveries where channel = $1 and kind = 'confirm' and state <> 'cancelled'`,
    [id, kind === 'email' ? ASK_EMAIL_MS : ASK_MS],
  );
  const { now, asked } = rowsOf(z.object({ now: ms, asked: z.boolean() }), rows)[0]!;
  if (asked) return;
  const reason = 'Alerts are to be sent here. They are once this is confirmed.';
  await enqueueDeliveries(transaction, [
    {
      ...{ channel: id, alert: null, kind: 'confirm', subject: 'confirm', firedMs: null, ttlMs },
      message: messageId('confirm', id, secret.confirmKey, now),
      payload: {
        type: 'channel.confirm',
        timestamp: new Date(now).toISOString(),
        data: { channel: id, reason },
      },
    },
  ]);
}
