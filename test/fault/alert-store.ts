/** A store of prices that is killed and comes back at the same place with what it had. */
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInfluxd } from '../helpers/influxd.ts';
import { startChild } from './child.ts';

export interface Account {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
}

export interface Store extends Account {
  /** By SIGKILL. */
  kill(): Promise<void>;
  /** After a kill. */
  start(): Promise<void>;
  /** With what it had. */
  remove(): Promise<void>;
}

interface Running {
  readonly account: Account;
  kill(): Promise<unknown>;
}

export function startInfluxdStore(): Promise<Store> {
  return startStore(async (dir, port) => {
    const influxd = await startInfluxd({ dir, ...(port !== undefined && { port }) });
    return {
      account: influxd,
      async kill() {
        process.kill(influxd.pid, 'SIGKILL');
        await influxd.stop();
      },
    };
  });
}

export function startEmbeddedStore(): Promise<Store> {
  return startStore(async (dir, port) => {
    const child = await startChild('engine-child', { dir, port: port ?? (await freePort()) });
    const { url, token } = JSON.parse(child.said) as { url: string; token: string };
    const account = { url, token, org: 'tidemark', bucket: 'tidemark' };
    return { account, kill: () => child.end() };
  });
}

async function startStore(
  run: (dir: string, port: number | undefined) => Promise<Running>,
): Promise<Store> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-store-'));
  let running = await run(join(dir, 'data'), undefined);
  const { url, token, org, bucket } = running.account;
  const kill = async () => void (await running.kill());
  return {
    ...{ url, token, org, bucket, kill },
    async start() {
      running = await run(join(dir, 'data'), Number(new URL(url).port));
    },
    async remove() {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
