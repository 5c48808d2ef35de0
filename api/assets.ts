/** The files of the dashboard: read once, packed once, served by name out of memory. */
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { projectRoot } from '../core/paths.ts';
import { etagOf } from './http/conditional.ts';

export interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly body: Buffer;
  readonly packed: Buffer;
}

/** Name in the address (`main.js`, `pages/news.js`, `docs/docs.css`) -> file. */
export type Assets = ReadonlyMap<string, Asset>;

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const pack = promisify(gzip);

/**
 * All of them: pages and styles as they stand in web/, modules as compiled, and uPlot. What is not
 * in the answer cannot be asked for, so no address leads out of these folders.
 */
export async function readAssets(): Promise<Assets> {
  const compiled = join(dirname(fileURLToPath(import.meta.url)), '..', 'web');
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot/dist/uPlot.min.css'));
  const found = await Promise.all([
    readFolder(join(projectRoot, 'web'), ['.html', '.css', '.svg']),
    readFolder(compiled, ['.js']),
    readFolder(uplot, ['.min.css', '.iife.min.js']),
  ]);
  return new Map(found.flat());
}

async function readFolder(
  folder: string,
  endings: readonly string[],
): Promise<(readonly [string, Asset])[]> {
  const names = await readdir(folder, { recursive: true });
  const wanted = names.filter((name) => endings.some((ending) => name.endsWith(ending)));
  return Promise.all(
    wanted.map(async (name) => {
      const asset = await assetOf(name, await readFile(join(folder, name)));
      return [name.replaceAll('\\', '/'), asset] as const;
    }),
  );
}

async function assetOf(name: string, body: Buffer): Promise<Asset> {
  const type = TYPES[extname(name)] ?? 'application/octet-stream';
  return { type, etag: etagOf(body), body, packed: (await pack(body, { level: 9 })) as Buffer };
}
