/** The two engines for benchmarks, each as a process of its own, on a free port. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLog } from '../core/log.ts';
import { startEngine } from '../embedded/engine.ts';
import { influxdPath, startInfluxd } from '../test/helpers/influxd.ts';

export interface Server {
  readonly name: string;
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** `embedded`, `influxd` or `both`. */
export async function startServers(which: string): Promise<Server[]> {
  const servers: Server[] = [];
  if (which !== 'influxd') servers.push(await startEmbedded());
  if (which !== 'embedded') {
    if (influxdPath() === undefined) console.log('no influxd here: `make influxd` builds it');
    else servers.push({ name: 'influxd', ...(await startInfluxd()) });
  }
  return servers;
}

async function startEmbedded(): Promise<Server> {
  const child = fork(fileURLToPath(import.meta.url), ['serve']);
  const [{ url, token }] = (await once(child, 'message')) as [{ url: string; token: string }];
  return {
    ...{ name: 'embedded', url, token, org: 'tidemark', bucket: 'tidemark' },
    pid: child.pid!,
    async stop() {
      const ended = once(child, 'exit');
      child.send('stop');
      await ended;
    },
  };
}

async function serve(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-'));
  const names = { org: 'tidemark', bucket: 'tidemark' };
  const log = createLog('warn');
  const engine = await startEngine({ dir, host: '127.0.0.1', port: 0, ...names, log });
  const end = async () => {
    await engine.close();
    await rm(dir, { recursive: true });
    process.exit();
  };
  process.once('message', end);
  // Whoever measured is gone without a word.
  process.once('disconnect', end);
  process.send?.({ url: engine.url, token: engine.token });
}

if (process.argv[2] === 'serve') await serve();
