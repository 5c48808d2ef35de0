/** Tidemark as its users have it: the compiled `main.js` in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { spawnWatchdog } from './influxd.ts';

const main = fileURLToPath(new URL('../../main.js', import.meta.url));

const STOP_MS_MAX = 20_000;

export type Settings = Readonly<Record<string, string>>;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LaunchOptions {
  /** Environment variables; none of the test's own settings reach the process. */
  readonly settings: Settings;
  /** Default: `start`. */
  readonly args?: readonly string[];
  /** Every whole line of standard output; one that a kill has cut is none. */
  readonly onLine?: (line: string) => void;
}

/** A process that may not be up yet. */
export interface Launched {
  readonly pid: number;
  /** When all of its output has been read. */
  readonly ended: Promise<Exit>;
  /** One that does not end by this signal is killed after a while, and its exit says so. */
  kill(signal: NodeJS.Signals): Promise<Exit>;
}

/** A process that has said where it is. */
export interface Tidemark extends Launched {
  readonly url: string;
  readonly influxUrl: string;
}

/** Starts `main.js`. Whatever becomes of the test, the process ends with it. */
export function launch({ settings, args = ['start'], onLine }: LaunchOptions): Launched {
  const path = process.env.PATH ?? '';
  const places = { HOST: '127.0.0.1', PORT: '0', INFLUX_PORT: '0' };
  // What a test records is what it plays, unless it says otherwise.
  const env = { PATH: path, ...places, BACKFILL: 'off', ...settings };
  const child = spawn(process.execPath, [main, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const watchdog = spawnWatchdog(child, undefined);
  const [out, err] = [collect(child.stdout, onLine), collect(child.stderr)];
  const ended = once(child, 'close').then(([code, signal]) => {
    watchdog?.kill('SIGKILL');
    return { code, signal, stdout: out(), stderr: err() } as Exit;
  });
  return {
    pid: child.pid as number,
    ended,
    async kill(signal) {
      child.kill(signal);
      const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      const exit = await ended;
      clearTimeout(impatience);
      return exit;
    },
  };
}

function collect(stream: ChildProcess['stdout'], onLine?: (line: string) => void): () => string {
  const chunks: string[] = [];
  let rest = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    chunks.push(chunk);
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine?.(line);
  });
  return () => chunks.join('');
}

/** Runs a command to its end. */
export function runToEnd(options: LaunchOptions): Promise<Exit> {
  return launch(options).ended;
}

/** Resolves when the process is up; throws with its output when it ends before that. */
export async function startTidemark(options: LaunchOptions): Promise<Tidemark> {
  const { up, ...launched } = launchUntilUp(options);
  return { ...launched, ...(await up) };
}

interface Places {
  readonly url: string;
  readonly influxUrl: string;
}

/** The same, for a test that does something before the process is up. */
export function launchUntilUp(options: LaunchOptions): Launched & { readonly up: Promise<Places> } {
  let found: (places: Places) => void;
  const places = new Promise<Places>((resolve) => {
    found = resolve;
  });
  let url: string | undefined;
  const launched = launch({
    ...options,
    onLine(line) {
      url ??= /^ {2}API +(\S+)/.exec(line)?.[1];
      const influxUrl = /^ {2}Flux +(\S+)/.exec(line)?.[1];
      if (url !== undefined && influxUrl !== undefined) found({ url, influxUrl });
      options.onLine?.(line);
    },
  });
  const tooSoon = launched.ended.then(({ code, signal, stdout, stderr }) => {
    throw new Error(`ended with ${code ?? signal} before it was up:\n${stdout}${stderr}`);
  });
  const up = Promise.race([places, tooSoon]);
  // A test that kills it does not wait for it to be up; one that is up ends some day.
  up.catch(() => undefined);
  return { ...launched, up };
}

/** The client of the embedded engine of a process, with the token that it keeps in its folder. */
export async function embeddedInflux(influxUrl: string, dataDir: string): Promise<Influx> {
  const token = (await readFile(join(dataDir, 'influx', 'token'), 'utf8')).trim();
  const account = { url: influxUrl, token, org: 'tidemark', bucket: 'tidemark' };
  return createInflux({ ...account, timeoutMs: 60_000, clock: systemClock });
}

/** A data directory that goes away with the test. */
export async function withDataDir<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-process-'));
  try {
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
