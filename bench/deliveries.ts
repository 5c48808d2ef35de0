/**
 * Messages to webhooks on loopback, as one dispatcher sends them: first many to fifty receivers,
 * then some a second to the same ones, alone and beside ten thousand that wait for a dead one.
 * The receivers, and PostgreSQL where it is used, have processes of their own on the same machine.
 * Usage: node dist/bench/deliveries.js [pglite|postgres] [messages]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { systemClock as clock } from '../core/clock.ts';
import { silentLog as log } from '../core/log.ts';
import { createMetrics } from '../core/metrics.ts';
import { type Database, rowsOf } from '../registry/database.ts';
import { deliveryCounts } from '../registry/deliveries.ts';
import { openRegistry } from '../registry/open.ts';
import { createDeliveryMetrics } from '../tasks/notify/delivery-metrics.ts';
import { startDispatcher } from '../tasks/notify/dispatch.ts';
import { activeChannel, enqueue, firedMessage, newFiring } from '../test/helpers/deliveries.ts';
import { Receiver } from '../test/helpers/receiver.ts';
import { startPostgres } from '../test/helpers/registry.ts';
import { guardedHttp } from '../test/tasks/notify/sending.ts';

const RECEIVERS = 50;
const WAITING = 10_000;
const ROUNDS = 20;
const [kind = 'postgres', count = '5000'] = process.argv.slice(2);

/** Answers `ok`, save where the path says that it is dead. */
async function serve(): Promise<void> {
  const receiver = await Receiver.start();
  receiver.answer = (response, { path }) => {
    receiver.received.length = 0;
    response.writeHead(path.includes('dead') ? 503 : 200).end('ok');
  };
  process.once('disconnect', () => process.exit());
  process.send?.(receiver.place);
}

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await clock.sleep(50);
}

async function measure(place: string, database: Database): Promise<void> {
  const http = guardedHttp([place]);
  const hook = (path: string) => ({ kind: 'webhook', url: `http://${place}/${path}` }) as const;
  const channels: number[] = [];
  for (let n = 0; n < RECEIVERS; n += 1) channels.push(await activeChannel(database, hook(`${n}`)));
  const made = Array.from({ length: Number(count) }, (_, n) => newFiring(channels[n % RECEIVERS]!));
  for (let at = 0; at < made.length; at += 1_000)
    await enqueue(database, made.slice(at, at + 1_000));
  const dispatcher = startDispatcher({
    ...{
      database,
      http,
      clock,
      log,
      random: Math.random,
      smtp: undefined,
      pagerdutyUrl: undefined,
    },
    metrics: createDeliveryMetrics(createMetrics()),
    ...{ publicUrl: 'http://127.0.0.1:8001', worker: 'bench' },
  });
  const [sinceMs, cpu] = [clock.monotonicMs(), process.cpuUsage()];
  await until(async () => {
    const { queued, leased } = await deliveryCounts(database);
    return queued + leased === 0;
  });
  const seconds = (clock.monotonicMs() - sinceMs) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1_000 / made.length;
  say(
    `${made.length} messages in ${seconds.toFixed(1)} s: ${(made.length / seconds).toFixed(0)} a second`,
  );
  say(
    `${cpuMs.toFixed(2)} ms of CPU a message${kind === 'pglite' ? ', its database included' : ''}`,
  );
  const round = async (): Promise<void> => {
    await enqueue(
      database,
      channels.map((channel) => newFiring(channel)),
    );
    dispatcher.wake();
    await clock.sleep(1_000);
  };
  const trickle = async (what: string): Promise<void> => {
    const [newest] = await database.query('select max(id) as id from deliveries');
    for (let n = 0; n < ROUNDS; n += 1) await round();
    const asked = [Number(newest?.id), channels] as const;
    const open = `select id from deliveries where id > $1 and channel = any($2::bigint[])
      and state <> 'delivered' limit 1`;
    await until(async () => (await database.query(open, asked)).length === 0);
    say(`${what}: ${await delays(database, Number(newest?.id), channels)}`);
  };
  await trickle('alone');
  const dead = await activeChannel(database, hook('dead'));
  await database.query(
    `insert into deliveries (channel, kind, message, subject, payload, due_ms, expires_ms)
     select $1, 'fired', 'm' || n, 's' || n, $2::jsonb, 0, 9e12::bigint
     from generate_series(1, ${WAITING}) as n`,
    [dead, JSON.stringify(firedMessage())],
  );
  await database.query('update channels set due_ms = 0 where id = $1', [dead]);
  await trickle(`beside ${WAITING} for a dead one`);
  await dispatcher.close();
  await http.close();
}

/** From when a message was written to the end of its attempt, as the database saw it. */
async function delays(database: Database, afterId: number, channels: number[]): Promise<string> {
  const rows = await database.query(
    `select (extract(epoch from ended - created) * 1000)::float8 as ms from deliveries
     where id > $1 and channel = any($2::bigint[]) and state = 'delivered'
     order by ms`,
    [afterId, channels],
  );
  const sorted = rowsOf(z.object({ ms: z.number() }), rows).map(({ ms }) => ms);
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))]?.toFixed(0);
  return `${sorted.length} delivered, median ${at(0.5)} ms, 99 % ${at(0.99)} ms, most ${at(1)} ms`;
}

function say(line: string): void {
  console.log(`load ${loadavg()[0]?.toFixed(1)}: ${line}`);
}

async function main(): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['serve']);
  const [place] = (await once(child, 'message')) as [string];
  const postgres = kind === 'postgres' ? await startPostgres() : undefined;
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-deliveries-'));
  const databaseUrl = await postgres?.createDatabase();
  const database = await openRegistry({ databaseUrl, dataDir: dir, log });
  await measure(place, database);
  await database.close();
  await postgres?.stop();
  child.disconnect();
  await rm(dir, { recursive: true, force: true });
}

await (process.argv[2] === 'serve' ? serve() : main());
