/**
 * Dispatchers as processes on one PostgreSQL, one of them killed and one frozen past its lease in
 * the middle of sending: each message comes, a repeat under the same key alone, and is delivered
 * once.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../core/log.ts';
import type { Database } from '../../registry/database.ts';
import { migrate } from '../../registry/migrate.ts';
import { openPostgres } from '../../registry/postgres.ts';
import { activeChannel, enqueue, newFiring } from '../helpers/deliveries.ts';
import { eventually } from '../helpers/eventually.ts';
import { spawnWatchdog } from '../helpers/influxd.ts';
import { Receiver } from '../helpers/receiver.ts';
import { type PostgresServer, startPostgres, whyNoPostgres } from '../helpers/registry.ts';

const CHANNELS = 8;
const SUBJECTS = 4;
const OF_EACH = 3;
const MESSAGES = CHANNELS * SUBJECTS * OF_EACH;
const LEASE_MS = 4_000;
const WAIT_MS = 90_000;
const program = fileURLToPath(new URL('./delivery-child.js', import.meta.url));

describe('dispatchers as processes', { skip: whyNoPostgres() ?? false }, () => {
  const children: ChildProcess[] = [];
  const held: ServerResponse[] = [];
  let holding = true;
  let postgres: PostgresServer;
  let url: string;
  let database: Database;
  let receiver: Receiver;

  before(async () => {
    postgres = await startPostgres();
    url = await postgres.createDatabase();
    database = await openPostgres({ url, log: silentLog });
    await migrate(database);
    receiver = await Receiver.start();
    receiver.answer = (response) => {
      if (holding) held.push(response);
      else response.end('ok');
    };
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all([receiver?.close(), database?.close()]);
    await postgres?.stop();
  });

  async function start(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [program, url, receiver.place, String(LEASE_MS)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    spawnWatchdog(child, undefined);
    children.push(child);
    if (child.stdout) await once(child.stdout, 'data');
    return child;
  }

  const soon = (check: () => void | Promise<void>) => eventually(check, WAIT_MS);
  const numbers = async (query: string): Promise<number[]> =>
    (await database.query(query)).map(({ n }) => Number(n));
  const ids = () => receiver.received.map(({ headers }) => String(headers['webhook-id']));

  it('lose nothing when one is killed and one frozen, and deliver each message once', async (t) => {
    const channels: number[] = [];
    for (let n = 0; n < CHANNELS; n += 1) {
      channels.push(
        await activeChannel(database, { kind: 'webhook', url: `${receiver.url}/${n}` }),
      );
    }
    const [killed, frozen] = await Promise.all([start(), start()]);
    const made = channels.flatMap((channel) =>
      Array.from({ length: SUBJECTS * OF_EACH }, (_, n) =>
        newFiring(channel, { subject: `subject ${n % SUBJECTS}` }),
      ),
    );
    // In two halves, so that each of them gets some.
    await enqueue(database, made.slice(0, MESSAGES / 2));
    await enqueue(database, made.slice(MESSAGES / 2));
    const owned = "select count(*) as n from deliveries where state = 'leased' group by owner";
    await soon(async () => {
      const counts = await numbers(owned);
      assert.ok(counts.length === 2 && held.length >= CHANNELS, `${counts} held`);
    });
    frozen.kill('SIGSTOP');
    const exit = once(killed, 'exit');
    killed.kill('SIGKILL');
    await exit;
    holding = false;
    const next = await start();
    const delivered = "select count(*) as n from deliveries where state = 'delivered'";
    await soon(async () => assert.deepEqual(await numbers(delivered), [MESSAGES]));
    // What the frozen one sent is answered now; it is another's by then.
    for (const response of held) response.end('ok');
    frozen.kill('SIGCONT');
    const lost = "select count(*) as n from delivery_attempts where reason = 'lost'";
    const [again = 0] = await numbers(lost);
    t.diagnostic(`${ids().length} received of ${MESSAGES}, ${again} attempts lost`);
    assert.ok(again >= 2, 'nothing was held by those that were stopped');
    assert.deepEqual(new Set(ids()), new Set(made.map(({ message }) => message)));
    assert.ok(ids().length <= MESSAGES + again, 'a repeat that no lost attempt explains');
    // Of a subject none came before the one that was written before it.
    const first = new Map<string, number>();
    for (const [n, id] of ids().entries()) if (!first.has(id)) first.set(id, n);
    for (const [n, { channel, subject, message }] of made.entries()) {
      const later = made
        .slice(n + 1)
        .find((one) => one.channel === channel && one.subject === subject);
      if (later) assert.ok(first.get(message)! < first.get(later.message)!, subject);
    }

    // The one that was frozen goes on, and what it had sent is not counted again.
    const ended = once(next, 'exit');
    next.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
    await enqueue(database, [newFiring(channels[0]!)]);
    await soon(async () => assert.deepEqual(await numbers(delivered), [MESSAGES + 1]));
    assert.deepEqual(await numbers('select sum(delivered) as n from channels'), [MESSAGES + 1]);
    const oks = 'select count(*) as n from delivery_attempts where ok';
    assert.deepEqual(await numbers(oks), [MESSAGES + 1]);
    const over = once(frozen, 'exit');
    frozen.kill('SIGTERM');
    assert.deepEqual(await over, [0, null]);
  });
});
