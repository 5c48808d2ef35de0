import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { messageOf, TidemarkError } from '../core/errors.ts';

/** Directories that this process holds: its own stale file from before a restart is not one. */
const held = new Set<string>();

/**
 * Takes a directory for this process; PGlite itself would let two processes ruin the same files.
 * The lock is the file `<dir>.lock` with the holder's process id and start time. A holder that was
 * killed leaves a stale file, which is taken over. Returns the release.
 */
export async function lockDirectory(dir: string): Promise<() => Promise<void>> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = lockFile(dir);
  if (held.has(file)) throw inUse(dir, process.pid);
  held.add(file);
  try {
    await take(file, dir);
  } catch (error) {
    held.delete(file);
    throw error;
  }
  return async () => {
    if (held.delete(file)) await rm(file, { force: true });
  };
}

/** The process that holds a directory now; undefined: nobody does. Changes nothing. */
export async function holderOf(dir: string): Promise<number | undefined> {
  const holder = await contentOf(lockFile(dir));
  const pid = Number.parseInt(holder, 10);
  return pid > 0 && alive(pid) && holder === identity(pid) ? pid : undefined;
}

const lockFile = (dir: string): string => `${dir.replace(/\/+$/, '')}.lock`;

async function take(file: string, dir: string): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    try {
      await writeFile(file, identity(process.pid), { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw new TidemarkError('unavailable', `cannot lock ${dir}: ${messageOf(error)}`, {
          cause: error,
        });
      }
    }
    const holder = await contentOf(file);
    const pid = Number.parseInt(holder, 10);
    if (pid > 0 && pid !== process.pid && alive(pid) && holder === identity(pid)) {
      throw inUse(dir, pid);
    }
    await removeStale(file, holder);
  }
  throw new TidemarkError('conflict', `${dir} is being opened by another process`);
}

/** Empty when the holder has just let go of it. */
async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** Moved away first: of two processes that found the same stale file, one may be past this. */
async function removeStale(file: string, stale: string): Promise<void> {
  const aside = `${file}.${process.pid}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  if ((await contentOf(aside)) === stale) await rm(aside, { force: true });
  else await rename(aside, file);
}

function inUse(dir: string, pid: number): TidemarkError {
  return new TidemarkError(
    'conflict',
    `${dir} is in use by process ${pid}: stop it, or set DATA_DIR to another directory`,
  );
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Process id and, on Linux, its start in clock ticks: ids are used again, soon in containers. */
function identity(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return `${pid}`;
  }
}
