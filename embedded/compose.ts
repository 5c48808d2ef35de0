import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { isCode, messageOf, TidemarkError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { portTaken } from '../core/port-taken.ts';
import { Resources } from './resources/resources.ts';
import { ensureSetUp } from './resources/setup.ts';
import { readToken } from './resources/token.ts';
import { Queries } from './server/queries.ts';
import { createHttpServer } from './server/server.ts';
import { Sessions } from './server/sessions.ts';
import { openStorage, type Storage } from './storage/storage.ts';
import { executeTask } from './tasks/execute.ts';
import { type RunScript, TaskRunner } from './tasks/runner.ts';
import { TaskScheduler } from './tasks/scheduler.ts';

export interface EngineOptions {
  /** Holds the database and the token file; made when absent. */
  readonly dir: string;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** The organization and bucket to make; absent: none, the first client sets the engine up. */
  readonly org?: string;
  readonly bucket?: string;
  /** Of the bucket; 0 keeps for ever. */
  readonly retentionSeconds?: number;
  /** DuckDB's ceiling. */
  readonly memoryBytesMax?: number;
}

export interface EngineTools {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
}

export interface RunningEngine {
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

const MEMORY_BYTES = 256_000_000;
const EXPIRE_MS = 3_600_000;
/** The first time: soon, for an engine that never lives an hour, but not during the start. */
const FIRST_EXPIRE_MS = 60_000;
const CLOSE_MS = 2_000;
const QUERY_LIMITS = {
  scriptBytesMax: 1_000_000,
  memoryBytesMax: 256_000_000,
  callDepthMax: 200,
} as const;

/** Opens the database, starts the task scheduler and listens. */
export async function openEngine(
  options: EngineOptions,
  tools: EngineTools,
): Promise<RunningEngine> {
  const { dir, memoryBytesMax = MEMORY_BYTES } = options;
  const { clock, random } = tools;
  const storage = await openStorage({ dir, memoryBytesMax, clock, log: tools.log });
  try {
    const resources = await Resources.load({ storage, nowMs: clock.nowMs, random });
    const token = readToken(dir);
    const { org, bucket, retentionSeconds } = options;
    if (org !== undefined && bucket !== undefined) {
      const kept = retentionSeconds === undefined ? {} : { retentionSeconds };
      await ensureSetUp(resources, { org, bucket, token, ...kept });
    }
    return await serve(options, tools, { storage, resources, token });
  } catch (error) {
    await storage.close();
    throw error;
  }
}

interface Opened {
  readonly storage: Storage;
  readonly resources: Resources;
  readonly token: string;
}

async function serve(
  { host, port }: EngineOptions,
  tools: EngineTools,
  { storage, resources, token }: Opened,
): Promise<RunningEngine> {
  const { log, clock } = tools;
  const { nowMs } = clock;
  const queries = new Queries({ resources, storage, limits: QUERY_LIMITS, log });
  const runScript: RunScript = (task, slotMs, signal) =>
    executeTask({ task, slotMs, signal, resources, run: (request) => queries.run(request) });
  const tasks = new TaskRunner({ resources, runScript, nowMs, log });
  const scheduler = new TaskScheduler({ resources, runner: tasks, clock, log });
  const sessions = new Sessions(nowMs);
  const parts = { resources, storage, sessions, queries, tasks, scheduler, nowMs, log };
  const server = createHttpServer({ ...parts, startedMs: nowMs() });
  await listen(server, host, port);
  scheduler.start();
  const stop = new AbortController();
  const expiring = expireHourly(storage, tools, stop.signal);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    token,
    async close() {
      stop.abort();
      await scheduler.stop();
      await tasks.close();
      await closeServer(server, clock);
      await expiring;
      await storage.close();
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const where = `${host}:${port}`;
    if (messageOf(cause).includes('EADDRINUSE')) {
      throw portTaken({ host, port, setting: 'INFLUX_PORT', cause });
    }
    throw new TidemarkError('unavailable', `cannot listen on ${where}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** Requests that are under way get a moment; then their connections go. */
async function closeServer(server: Server, clock: Clock): Promise<void> {
  const done = new AbortController();
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const cut = pause(clock, CLOSE_MS, done.signal).then(() => server.closeAllConnections());
  await closed;
  done.abort();
  await cut;
}

async function expireHourly(
  storage: Storage,
  { clock, log }: EngineTools,
  signal: AbortSignal,
): Promise<void> {
  for (let waitMs = FIRST_EXPIRE_MS; ; waitMs = EXPIRE_MS) {
    await pause(clock, waitMs, signal);
    if (signal.aborted) return;
    try {
      await storage.expire();
    } catch (error) {
      log.error({ err: error }, 'old points could not be deleted');
    }
  }
}

/** Sleeps; a cancelled sleep just ends. */
async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!isCode(error, 'cancelled')) throw error;
  }
}
