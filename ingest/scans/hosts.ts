import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import type { Address } from '../../core/targets.ts';

const CHECK_MS = 5_000;
const BYTES_MAX = 4 * 1024 * 1024;

/** The system's file of names, as resolv.conf's neighbour has it: address, then names. */
export interface HostsFile {
  /** The addresses of a lower-case name; undefined when the file does not have it. */
  find(name: string): Promise<readonly Address[] | undefined>;
}

/** Reads the file when it is first asked, and again when it has changed; looks every 5 s. */
export function openHosts(path: string, clock: Clock): HostsFile {
  let names = new Map<string, Address[]>();
  let version = '';
  let checkedMs = Number.NEGATIVE_INFINITY;
  let check: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const found = await stat(path).catch(() => undefined); // no such file: no names
    const now = found ? `${found.mtimeMs} ${found.size}` : '';
    if (now === version) return;
    names = found && found.size <= BYTES_MAX ? parseHosts(await readFile(path, 'utf8')) : new Map();
    version = now;
  };
  return {
    async find(name) {
      if (clock.monotonicMs() - checkedMs >= CHECK_MS) {
        checkedMs = clock.monotonicMs();
        check = look().finally(() => {
          check = undefined;
        });
      }
      if (check) await check;
      return names.get(name);
    },
  };
}

/** Name -> addresses in the order of the file; what cannot be read is left out. */
export function parseHosts(text: string): Map<string, Address[]> {
  const names = new Map<string, Address[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const family = isIP(address);
    if (family === 0) continue;
    for (const alias of aliases) {
      const name = alias.toLowerCase();
      const list = names.get(name) ?? [];
      if (!list.some((known) => known.address === address)) {
        list.push({ address, family: family === 6 ? 6 : 4 });
      }
      names.set(name, list);
    }
  }
  return names;
}
