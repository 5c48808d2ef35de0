/**
 * A real InfluxDB server for one test file: built by `make influxd`, started on a free port of
 * loopback with data of its own. A test skips when `influxdPath()` is undefined.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { projectRoot } from '../../core/paths.ts';
import { cpuSecondsOf, memoryBytesOf } from './proc.ts';

export interface InfluxdOptions {
  /** Where the data is, kept by `stop` to start again on it. Default: a temporary folder. */
  readonly dir?: string;
  /** Default: a free one. */
  readonly port?: number;
}

export interface Influxd {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
  readonly orgId: string;
  readonly pid: number;
  /** CPU time used so far, user and system. Needs Linux. */
  cpuSeconds(): number;
  /** Memory resident now. Needs Linux. */
  rssBytes(): number;
  stop(): Promise<void>;
}

const SETUP = {
  username: 'my-user',
  password: 'my-password',
  org: 'tidemark',
  bucket: 'tidemark',
  token: 'my-token',
} as const;

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 20_000;

/** The server's binary, or undefined where nobody has built it. */
export function influxdPath(): string | undefined {
  const built = join(projectRoot, '.cache', 'influxd', 'influxd');
  return process.env.TIDEMARK_INFLUXD || (existsSync(built) ? built : undefined);
}

export async function startInfluxd(options: InfluxdOptions = {}): Promise<Influxd> {
  const program = influxdPath();
  if (program === undefined) throw new Error('no influxd here: `make influxd` builds it');
  const port = await freePort(options.port);
  const ownDir = options.dir === undefined;
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'tidemark-influxd-'));
  await mkdir(dir, { recursive: true });
  const url = `http://127.0.0.1:${port}`;
  const child = spawnServer(program, dir, port);
  const watchdog = spawnWatchdog(child, ownDir ? dir : undefined);
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= stopServer(child, watchdog, ownDir ? dir : undefined);
    return stopping;
  };
  try {
    await healthy(url, child, dir);
    const { token, org, bucket } = SETUP;
    const orgId = await setUp(url);
    const pid = child.pid as number;
    const cpuSeconds = () => cpuSecondsOf(pid);
    const rssBytes = () => memoryBytesOf(pid, 'VmRSS');
    return { url, token, org, bucket, orgId, pid, cpuSeconds, rssBytes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The wanted port, refused when taken: /health would be answered by whoever holds it. */
async function freePort(wanted = 0): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function spawnServer(program: string, dir: string, port: number): ChildProcess {
  const log = openSync(join(dir, 'influxd.log'), 'a');
  const args = [
    '--reporting-disabled',
    '--log-level=error',
    `--http-bind-address=127.0.0.1:${port}`,
    `--bolt-path=${join(dir, 'influxd.bolt')}`,
    `--sqlite-path=${join(dir, 'influxd.sqlite')}`,
    `--engine-path=${join(dir, 'engine')}`,
  ];
  // Neither the user's INFLUXD_* settings nor a configuration file of theirs may reach it.
  const child = spawn(program, args, {
    cwd: dir,
    env: { HOME: dir, TMPDIR: dir },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  // A test that forgets `stop` ends all the same; the server then dies with it.
  child.unref();
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  child.on('error', () => process.off('exit', kill));
  return child;
}

/**
 * Node tells nobody when a signal ends it. This shell waits for the end of its input, which comes
 * with our death however it happens, and then ends the server and removes its temporary data.
 */
export function spawnWatchdog(
  server: ChildProcess,
  dir: string | undefined,
): ChildProcess | undefined {
  if (server.pid === undefined) return undefined;
  const script = 'trap "" INT TERM HUP; read -r _; kill -9 "$1"; [ -z "$2" ] || rm -rf "$2"';
  const watchdog = spawn('sh', ['-c', script, 'watchdog', String(server.pid), dir ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  (watchdog.stdin as Socket).unref();
  return watchdog;
}

async function healthy(url: string, child: ChildProcess, dir: string): Promise<void> {
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const deadline = performance.now() + START_MS_MAX;
  while (performance.now() < deadline) {
    const ok = await fetch(`${url}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (failure !== undefined) throw failure;
    if (hasEnded(child)) throw new Error(`influxd ended at start:\n${logOf(dir)}`);
    if (ok) return;
    await delay(20);
  }
  throw new Error(`influxd was not healthy within ${START_MS_MAX} ms:\n${logOf(dir)}`);
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function logOf(dir: string): string {
  return readFileSync(join(dir, 'influxd.log'), 'utf8').slice(-2_000);
}

/** Makes user, organization, bucket and token, unless the data has them; gives the org's id. */
async function setUp(url: string): Promise<string> {
  const { allowed } = (await json(`${url}/api/v2/setup`)) as { allowed: boolean };
  if (allowed) {
    const made = await json(`${url}/api/v2/setup`, { method: 'POST', body: JSON.stringify(SETUP) });
    return (made as { org: { id: string } }).org.id;
  }
  const headers = { Authorization: `Token ${SETUP.token}` };
  const found = await json(`${url}/api/v2/orgs?org=${SETUP.org}`, { headers });
  return (found as { orgs: [{ id: string }] }).orgs[0].id;
}

async function json(url: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function stopServer(
  child: ChildProcess,
  watchdog: ChildProcess | undefined,
  dirToRemove: string | undefined,
): Promise<void> {
  watchdog?.kill('SIGKILL');
  if (!hasEnded(child)) {
    child.ref();
    const ended = once(child, 'exit');
    // Data that is kept deserves an orderly end; data that goes away does not need one.
    child.kill(dirToRemove === undefined ? 'SIGTERM' : 'SIGKILL');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await ended;
    clearTimeout(impatience);
  }
  if (dirToRemove !== undefined) await rm(dirToRemove, { recursive: true, force: true });
}
