/**
 * What is stored after the server was away: the writer, the official client with its defaults and,
 * where TELEGRAF names a binary of 1.37, Telegraf with its defaults. Each side is a process of its
 * own and writes through a gate that can be cut to the same InfluxDB (the embedded engine where
 * there is none); then the points are counted there. Ten seconds are real. Ten minutes are scaled:
 * ten real seconds in which every time of each side (waits, intervals, limits) is a sixtieth. Kill:
 * the process is killed with SIGKILL while the server is away and started again.
 * Usage: node dist/bench/outage.js [markets]
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { systemClock as clock } from '../core/clock.ts';
import { createInflux, type Influx } from '../core/influx/influx.ts';
import { influxdPath } from '../test/helpers/influxd.ts';
import { type Server, startServers } from './servers.ts';

const SECONDS = 10;
const START_MS = Date.now() - 3_600_000;
/** Nothing new for as long: whatever comes later, comes never. Its longest wait is two minutes. */
const QUIET_SECONDS = 130;

/** A side that takes polls. */
interface Side {
  /** Resolves when the side has taken the lines of a poll, in whatever sense it does. */
  poll(lines: string): Promise<void>;
  kill(): Promise<void>;
  /** An orderly end, as far as it gets. */
  stop(): Promise<void>;
}

interface Place {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
  /** Of its own, kept over a kill. */
  readonly dir: string;
  /** All times are divided by it. */
  readonly scale: number;
}

type StartSide = (place: Place) => Promise<Side>;

/** A way to the server that can be cut. */
class Gate {
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #server = createServer();
  port = 0;

  constructor(target: string) {
    this.#target = new URL(target);
  }

  async open(): Promise<void> {
    this.#server = createServer((socket) => {
      const other = connect(Number(this.#target.port), this.#target.hostname);
      for (const [from, to] of [
        [socket, other],
        [other, socket],
      ] as const) {
        this.#sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async cut(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** A process of `outage-side.ts`, which answers each poll with a message. */
function forked(kind: 'ours' | 'client-js'): StartSide {
  return async (place) => {
    const path = fileURLToPath(new URL('./outage-side.js', import.meta.url));
    const child = fork(path, [kind, JSON.stringify(place)]);
    const ended = once(child, 'exit');
    await once(child, 'message');
    return {
      async poll(lines) {
        const taken = once(child, 'message');
        child.send(lines);
        await taken;
      },
      kill: () => killed(child, ended),
      async stop() {
        child.send('stop');
        await ended;
      },
    };
  };
}

async function killed(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const startTelegraf: StartSide = async ({ url, token, org, bucket, dir, scale }) => {
  const port = await freePort();
  const ms = (seconds: number) => `${Math.round((seconds * 1_000) / scale)}ms`;
  const config = `[agent]
  interval = "${ms(10)}"
  flush_interval = "${ms(10)}"
  omit_hostname = true
[[inputs.http_listener_v2]]
  service_address = "tcp://127.0.0.1:${port}"
  paths = ["/write"]
  data_format = "influx"
[[outputs.influxdb_v2]]
  urls = ["${url}"]
  token = "${token}"
  organization = "${org}"
  bucket = "${bucket}"
`;
  const path = join(dir, 'telegraf.conf');
  await writeFile(path, config);
  const program = process.env.TELEGRAF ?? '';
  const child = spawn(program, ['--config', path], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const poll = async (body: string) => {
    const answer = await request(`http://127.0.0.1:${port}/write`, { method: 'POST', body });
    await answer.body.dump();
    if (answer.statusCode !== 204) throw new Error(`telegraf: ${answer.statusCode}`);
  };
  for (let wait = 0; ; wait++) {
    if (
      await poll('').then(
        () => true,
        () => wait > 300,
      )
    )
      break;
    await delay(100);
  }
  return {
    poll,
    kill: () => killed(child, ended),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
};

function linesOf(markets: number, poll: number): string {
  const time = `${START_MS + poll * 1_000}000000`;
  let lines = '';
  for (let i = 0; i < markets; i++) {
    const pair = `coin${Math.floor(i / 18)}usd`;
    lines += `price,exchange=exchange${i % 18},pair=${pair} price=${i}.5,volume=${poll} ${time}\n`;
  }
  return lines;
}

async function countIn(influx: Influx, bucket: string): Promise<number> {
  const flux = `from(bucket: "${bucket}") |> range(start: -2d)
    |> filter(fn: (r) => r._field == "volume") |> group() |> count()`;
  const [row] = await influx.collect(flux, { _value: 'long' });
  return row?._value ?? 0;
}

interface Run {
  readonly server: Server;
  readonly start: StartSide;
  readonly bucket: string;
  readonly scale: number;
  readonly markets: number;
  readonly kill: boolean;
}

/** The share of the taken points that is stored at last. */
async function run({ server, start, bucket, scale, markets, kill }: Run): Promise<number> {
  const influx = createInflux({ ...server, bucket, timeoutMs: 120_000, clock });
  await influx.buckets.ensure({ retentionSeconds: 0 });
  const gate = new Gate(server.url);
  await gate.open();
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-outage-'));
  const { token, org } = server;
  const place = { url: `http://127.0.0.1:${gate.port}`, token, org, bucket, dir, scale };
  let side = await start(place);
  let polls = 0;
  const poll = async () => {
    await side.poll(linesOf(markets, polls));
    polls += 1;
  };
  await poll();
  await delay(1_000);
  await gate.cut();
  for (let second = 0; second < SECONDS; second++) {
    await poll();
    await delay(1_000);
    if (kill && second === SECONDS / 2) {
      await side.kill();
      side = await start(place);
    }
  }
  await gate.open();
  await poll();
  const wanted = polls * markets;
  let stored = 0;
  for (let quiet = 0; stored < wanted && quiet < QUIET_SECONDS / scale + 10; quiet++) {
    await delay(1_000);
    const now = await countIn(influx, bucket);
    if (now > stored) quiet = 0;
    stored = now;
  }
  await side.stop();
  await gate.cut();
  await influx.close();
  await rm(dir, { recursive: true, force: true });
  return stored / wanted;
}

const markets = Number(process.argv[2] ?? 13_827);
const [server] = await startServers(influxdPath() === undefined ? 'embedded' : 'influxd');
if (server === undefined) throw new Error('no server');
const sides: [string, StartSide][] = [
  ['ours', forked('ours')],
  ['client-js', forked('client-js')],
];
if (process.env.TELEGRAF) sides.push(['telegraf', startTelegraf]);
else console.log('telegraf: absent (TELEGRAF names no binary of 1.37)');
console.log(`load ${loadavg()[0]?.toFixed(2)}; ${markets} points a second, into ${server.name}`);
try {
  for (const [what, scale, kill] of [
    ['10 s', 1, false],
    ['10 min, scaled', 60, false],
    ['10 s and kill -9', 1, true],
  ] as const) {
    for (const [name, start] of sides) {
      const bucket = `${name} ${what}`;
      const share = await run({ server, start, bucket, scale, markets, kill });
      const wanted = name === 'ours' ? ' (wanted 100)' : '';
      console.log(`outage ${what}, ${name}: ${(100 * share).toFixed(1)} % stored${wanted}`);
    }
  }
} finally {
  await server.stop();
}
