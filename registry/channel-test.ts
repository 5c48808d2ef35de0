import { z } from 'zod';
import { messageId } from '../core/alert-message.ts';
import { TidemarkError } from '../core/errors.ts';
import { CHANNEL_KINDS } from './channel-address.ts';
import { CHANNEL_STATES, type EnsureOptions } from './channels.ts';
import { rowsOf, type Transaction } from './database.ts';
import { enqueueDeliveries, lockChannels } from './deliveries.ts';
import { NOW_MS } from './sql-values.ts';

/** From one test of a channel to the next. */
const TEST_GAP_MS = 10_000;

/**
 * A message that says that it is a test; its number.
 * @throws TidemarkError `conflict` for a channel that is off, an address that nobody confirmed, and
 * too soon after another
 */
export async function enqueueTest(
  transaction: Transaction,
  { channel, alert }: { readonly channel: number; readonly alert: TestedAlert | null },
  { ttlMs }: EnsureOptions,
): Promise<number> {
  await lockChannels(transaction, [channel]);
  const rows = await transaction.query(
    `select c.kind, c.state, ${NOW_MS} as now, exists (
       select from deliveries d where d.channel = c.id and d.kind = 'test'
         and d.created > clock_timestamp() - $2::float8 * interval '1 millisecond') as soon
     from channels c where c.id = $1`,
    [channel, TEST_GAP_MS],
  );
  const row = z.object({
    kind: z.enum(CHANNEL_KINDS),
    state: z.enum(CHANNEL_STATES),
    now: z.number(),
    soon: z.boolean(),
  });
  const [found] = rowsOf(row, rows);
  if (found === undefined) throw new TidemarkError('not-found', `no channel ${channel}`);
  const { kind, state, now, soon } = found;
  if (state === 'disabled') throw new TidemarkError('conflict', 'the channel is switched off');
  if (kind === 'email' && state !== 'active') {
    throw new TidemarkError('conflict', 'the address is not confirmed yet');
  }
  if (soon) {
    const text = `the channel was tested less than ${TEST_GAP_MS / 1000} s ago`;
    throw new TidemarkError('conflict', text, { retryAfterMs: TEST_GAP_MS });
  }
  const reason = 'This is a test: nothing has happened.';
  const [id] = await enqueueDeliveries(transaction, [
    {
      ...{ channel, alert: alert?.id ?? null, kind: 'test', subject: 'test', ttlMs },
      ...{ firedMs: null, fallback: null, message: messageId('test', channel, now) },
      payload: {
        type: 'alert.test',
        timestamp: new Date(now).toISOString(),
        data: { alert, channel, reason },
      },
    },
  ]);
  // Whoever asks is there to see it: not behind what waits, nor when a failing channel is due.
  await transaction.query('update deliveries set due_ms = 0 where id = $1', [id!]);
  await transaction.query('update channels set open_ms = 0 where id = $1', [channel]);
  return id!;
}

export interface TestedAlert {
  readonly id: number;
  readonly name: string;
  readonly kind: string;
}
