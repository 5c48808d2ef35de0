/** The files of the dashboard: read once, packed once, served by name out of memory. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { etagOf } from './http/conditional.ts';

export interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly body: Buffer;
  readonly packed: Buffer;
}

/** Name in the address (`main.js`, `docs/docs.css`) -> file. */
export type Assets = ReadonlyMap<string, Asset>;

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const pack = promisify(gzip);

/**
 * All that scripts/bundle-web.ts made of web/, beside the compiled code. What is not in the answer
 * cannot be asked for, so no address leads out of this folder.
 */
export async function readAssets(): Promise<Assets> {
  const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'assets');
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => extname(name) in TYPES);
  const found = files.map(async (name) => {
    const asset = await assetOf(name, await readFile(join(folder, name)));
    return [name.replaceAll('\\', '/'), asset] as const;
  });
  return new Map(await Promise.all(found));
}

async function assetOf(name: string, body: Buffer): Promise<Asset> {
  const type = TYPES[extname(name)] ?? '';
  return { type, etag: etagOf(body), body, packed: (await pack(body, { level: 9 })) as Buffer };
}
