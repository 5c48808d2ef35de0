import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { TidemarkError } from '../../core/errors.ts';

const holderSchema = z.object({ pid: z.int().positive(), started: z.string() });

/**
 * One writer for a spool: two would send and delete each other's segments. The file names the
 * process and when it started, so that a crash leaves no lock behind even where process ids come
 * again soon, as in containers.
 */
export async function lockSpool(dir: string): Promise<{ release(): Promise<void> }> {
  const path = join(dir, 'lock');
  const own = JSON.stringify({ pid: process.pid, started: await startOf(process.pid) });
  for (let tries = 0; ; tries++) {
    try {
      await writeFile(path, own, { flag: 'wx', mode: 0o600 });
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST' || tries > 0) throw error;
    }
    const pid = await livingHolder(path);
    if (pid !== undefined) {
      throw new TidemarkError('conflict', `process ${pid} already writes from the spool ${dir}`);
    }
    await rm(path, { force: true });
  }
}

/** Undefined when whoever made the lock is gone. */
async function livingHolder(path: string): Promise<number | undefined> {
  try {
    const holder = holderSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    const started = await startOf(holder.pid);
    return started !== undefined && started === holder.started ? holder.pid : undefined;
  } catch {
    // Gone in the meantime, or cut by a crash.
    return undefined;
  }
}

/**
 * When a process started, as text that no later process of the same id has; undefined when there is
 * none. Without /proc only its being alive can be told.
 */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // Behind the name, which may hold anything: field 22 of all is the start in clock ticks.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'latin1');
    return `${boot.trim()} ${ticks}`;
  } catch {
    try {
      process.kill(pid, 0);
      return 'alive';
    } catch (error) {
      return (error as { code?: string }).code === 'EPERM' ? 'alive' : undefined;
    }
  }
}
