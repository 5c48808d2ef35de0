import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Log } from '../../core/log.ts';

/** Where the next line to send is. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

const positionSchema = z.object({
  segment: z.int().nonnegative(),
  offset: z.int().nonnegative(),
});

export async function readPosition(dir: string): Promise<Position> {
  try {
    return positionSchema.parse(JSON.parse(await readFile(positionPath(dir), 'utf8')));
  } catch {
    // Absent, or cut by a crash: from the oldest segment that is there.
    return { segment: 0, offset: 0 };
  }
}

/**
 * Keeps a position on disk. Not synced, and nobody has to wait for it: an old position only means
 * that some lines are sent again.
 */
export class PositionFile {
  readonly #dir: string;
  readonly #log: Log;
  #next: Position | undefined;
  #saving: Promise<void> | undefined;

  constructor(dir: string, log: Log) {
    this.#dir = dir;
    this.#log = log;
  }

  /** Resolves when this position, or one that was given later, is in the file. */
  save(position: Position): Promise<void> {
    this.#next = position;
    this.#saving ??= this.#work();
    return this.#saving;
  }

  /** Resolves when what was given so far is in the file. */
  async saved(): Promise<void> {
    await this.#saving;
  }

  async #work(): Promise<void> {
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      try {
        const path = positionPath(this.#dir);
        await writeFile(`${path}.new`, JSON.stringify(next), { mode: 0o600 });
        await rename(`${path}.new`, path);
      } catch (error) {
        // A full disk must not stop the sending that frees it.
        this.#log.warn({ error }, 'spool position not saved; lines may be sent again');
      }
    }
    // Right here and not later: whoever saves from now on starts anew.
    this.#saving = undefined;
  }
}

function positionPath(dir: string): string {
  return join(dir, 'position.json');
}
