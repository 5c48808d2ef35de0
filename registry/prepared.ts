/**
 * The very first start of PGlite runs initdb in a second WebAssembly module: seconds, and 840 MB
 * of memory that is not given back. The build does it once and packs the directory; a new data
 * directory is unpacked from it and opened like any other. It holds no tables: migrations take
 * milliseconds, and so an old pack can never disagree with them.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { TidemarkError } from '../core/errors.ts';
import { projectRoot } from '../core/paths.ts';

/** The build's own folder first; `.cache` serves tests that run without a whole build. */
const FOLDERS = ['dist', '.cache'];

/** Named after PGlite's version: another version's files are never opened by mistake. */
export function preparedName(): string {
  const main = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const manifest = readFileSync(join(dirname(main), '..', 'package.json'), 'utf8');
  return `pglite-${(JSON.parse(manifest) as { version: string }).version}.tar.gz`;
}

/** The packed directory that the build made, or undefined: then PGlite initialises its own. */
export function preparedFile(): string | undefined {
  const name = preparedName();
  return FOLDERS.map((folder) => join(projectRoot, folder, name)).find((file) => existsSync(file));
}

/** Unpacks beside `dir` and renames, so that a start that is killed leaves nothing half done. */
export async function unpackPrepared(file: string, dir: string): Promise<void> {
  if ((await readdir(dir)).length > 0) {
    throw new TidemarkError('conflict', `${dir} is neither empty nor a PostgreSQL directory`);
  }
  const scratch = `${dir}.unpack`;
  await rm(scratch, { recursive: true, force: true });
  const archive = await promisify(gunzip)(await readFile(file));
  for (const entry of tarEntries(archive)) {
    const target = join(scratch, entry.name);
    if (!`${target}${sep}`.startsWith(join(scratch, sep))) {
      throw new TidemarkError('invalid', `${file}: entry outside of the directory: ${entry.name}`);
    }
    // A thousand small files: waiting for the thread pool at each takes three times as long.
    mkdirSync(entry.isDirectory ? target : dirname(target), { recursive: true, mode: 0o700 });
    if (!entry.isDirectory) writeFileSync(target, entry.body, { mode: 0o600 });
  }
  await rmdir(dir);
  await rename(scratch, dir);
}

interface TarEntry {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly body: Buffer;
}

const BLOCK = 512;
const DIRECTORY = '5';
const FILES = new Set(['0', '\0']);

/** The subset of ustar that PGlite writes: files and directories, short names, octal sizes. */
function* tarEntries(archive: Buffer): Generator<TarEntry> {
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0; ) {
    const header = archive.subarray(at, at + BLOCK);
    const name = [cString(header, 345, 155), cString(header, 0, 100)].filter(Boolean).join('/');
    const type = String.fromCharCode(header[156] ?? 0);
    const size = Number.parseInt(cString(header, 124, 12).trim() || '0', 8);
    if (!Number.isSafeInteger(size) || at + BLOCK + size > archive.length) {
      throw new TidemarkError('invalid', `packed PostgreSQL directory is cut off at ${name}`);
    }
    if (type === DIRECTORY || FILES.has(type)) {
      const body = archive.subarray(at + BLOCK, at + BLOCK + size);
      yield { name, isDirectory: type === DIRECTORY || name.endsWith('/'), body };
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function cString(buffer: Buffer, from: number, length: number): string {
  const end = buffer.indexOf(0, from);
  return buffer.toString('utf8', from, Math.min(end === -1 ? Infinity : end, from + length));
}
