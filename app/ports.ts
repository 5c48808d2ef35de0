/** Ports that are to be listened on. */
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Config } from '../core/config.ts';
import { portTaken } from '../core/port-taken.ts';

const LISTENING = '0A';

/**
 * Says at once what would else be found out when everything else is up. @throws TidemarkError
 * `conflict` for a port in use; what else is wrong with one is said by who listens.
 */
export async function demandFreePorts(config: Config): Promise<void> {
  const { host, port, influxPort, influxUrl } = config;
  const wanted = [{ name: 'PORT', host, port }];
  if (influxUrl === undefined) {
    wanted.push({ name: 'INFLUX_PORT', host: '127.0.0.1', port: influxPort });
  }
  for (const { name, host: at, port: number } of wanted) {
    if ((await whyNotFree(at, number)) !== 'EADDRINUSE') continue;
    const owner = await ownerOf(number);
    throw portTaken({ host: at, port: number, setting: name, owner });
  }
}

/** Listened on for a moment: nothing else tells for certain. */
export async function whyNotFree(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen(port, host.replace(/^\[|\]$/g, ''));
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    server.close();
  }
}

/** `nginx (pid 812)` of a listening port, as Linux knows it; undefined where it may not be told. */
export async function ownerOf(port: number): Promise<string | undefined> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => read(`/proc/net/${name}`)));
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = tables
    .flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)))
    .filter((row) => row[1]?.endsWith(`:${wanted}`) && row[3] === LISTENING)
    .map((row) => `socket:[${row[9]}]`);
  if (inodes.length === 0) return undefined;
  const pids = (await list('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    for (const descriptor of await list(`/proc/${pid}/fd`)) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (!inodes.includes(target)) continue;
      return `${(await read(`/proc/${pid}/comm`)).trim()} (pid ${pid})`;
    }
  }
  return undefined;
}

// Processes end while they are looked at, and those of others may not be.
const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
const list = (path: string): Promise<string[]> => readdir(path).catch(() => []);
