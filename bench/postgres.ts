/**
 * PostgreSQL for benchmarks, kept by a process of its own, which stops it when whoever measures is
 * gone: also one that was killed leaves no server behind.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../test/helpers/registry.ts';

export interface BenchPostgres {
  /** Of an empty database. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function keepPostgres(): Promise<BenchPostgres> {
  const child = fork(fileURLToPath(import.meta.url), ['keep']);
  const [url] = (await once(child, 'message')) as [string];
  return {
    url,
    async stop() {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

async function keep(): Promise<void> {
  // Ctrl-C goes to the whole group: the server goes with the one who measures, not before it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
  const gone = once(process, 'disconnect');
  const server = await startPostgres();
  try {
    const url = await server.createDatabase();
    if (process.connected) process.send?.(url);
    await gone;
  } finally {
    await server.stop();
  }
}

if (process.argv[2] === 'keep' && process.argv[1] === fileURLToPath(import.meta.url)) await keep();
