import pg from 'pg';
import { checkedChannel, type Listener, type Listening } from './database.ts';
import { databaseFailure } from './failures.ts';

/**
 * Listens on a connection of its own: one of the pool would be given to others, who would then get
 * the notifications.
 */
export async function listenOnPostgres(
  config: pg.ClientConfig,
  { channel, where }: { readonly channel: string; readonly where: string },
  listener: Listener,
): Promise<Listening> {
  const client = new pg.Client({ ...config, keepAlive: true });
  let over = false;
  const end = (error?: Error): void => {
    if (over) return;
    over = true;
    listener.lost(databaseFailure(error ?? new Error('Connection terminated'), where));
  };
  client.on('error', end);
  client.on('end', () => end());
  client.on('notification', ({ payload }) => {
    if (!over) listener.heard(payload ?? '');
  });
  try {
    await client.connect();
    await client.query(`listen ${checkedChannel(channel)}`);
  } catch (error) {
    over = true;
    // It may never have been connected: what counts is why.
    await client.end().catch(() => undefined);
    throw databaseFailure(error, where);
  }
  return {
    async close() {
      if (over) return;
      over = true;
      await client.end();
    },
  };
}
