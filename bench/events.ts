/**
 * Events to many clients: CPU and event loop of the process that pushes them. Events come from
 * another process over PostgreSQL, half of the clients are streams, half websockets.
 * Usage: node dist/bench/events.js [clients] [events a second] [seconds]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { silentLog } from '../core/log.ts';
import { migrate } from '../registry/migrate.ts';
import { openPostgres } from '../registry/postgres.ts';
import { startApi } from '../test/helpers/api.ts';
import { eventLogOf, hubOver } from '../test/helpers/events.ts';
import { keepPostgres } from './postgres.ts';

const [clients = 50, rate = 1_000, seconds = 15] = process.argv.slice(2).map(Number);
const total = rate * seconds;
const server = await keepPostgres();
const { url } = server;
const database = await openPostgres({ url, log: silentLog });
await migrate(database);
const hub = hubOver(eventLogOf(database));
const api = await startApi({ hub });

const child = (file: string, ...args: (string | number)[]): ChildProcess =>
  fork(new URL(file, import.meta.url), args.map(String));
const half = Math.floor(clients / 2);
const crowd = child('./event-clients.js', api.url, clients - half, half, total);
/** Only ever rejects: they end well when they have told everything. */
const died = once(crowd, 'exit').then(async ([code]) => {
  if (code === 0) return new Promise<never>(() => {});
  const cut = (await api.metrics.read()).text.match(/^events_streams_cut_total\{.*$/gm);
  throw new Error(`the clients ended before they had all events: ${cut ?? 'none was cut'}`);
});
await Promise.race([once(crowd, 'message'), died]);
const connected = async () => {
  const text = (await api.metrics.read()).text;
  return /http_requests_running (\d+)/.exec(text)?.[1] === String(clients);
};
while (!(await connected())) await new Promise((resolve) => setTimeout(resolve, 50));

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const cpu = process.cpuUsage();
const startMs = performance.now();
const teller = child('./event-teller.js', url, rate, seconds);
const [[told], [received]] = await Promise.race([
  Promise.all([once(teller, 'message'), once(crowd, 'message')]),
  died,
]);
const { user, system } = process.cpuUsage(cpu);
const tookMs = performance.now() - startMs;
delay.disable();
const ms = (ns: number) => Number((ns / 1e6).toFixed(1));
console.log({ clients, rate, seconds, load: loadavg()[0]?.toFixed(1), ...told });
console.log(received);
console.log({
  cpuShare: Number(((user + system) / 1e3 / tookMs).toFixed(3)),
  cpuMicrosPerDelivery: {
    server: Number(((user + system) / (total * clients)).toFixed(2)),
    clients: Number((received.cpuMicros / (total * clients)).toFixed(2)),
  },
  loopMs: { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) },
});
await hub.close();
await api.close();
await database.close();
await server.stop();
