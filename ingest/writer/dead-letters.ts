import { appendFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Point } from '../../core/point.ts';

export interface DeadLetter {
  /** One of a closed set: our refusal, or what InfluxDB's answer was. */
  readonly reason: string;
  /** InfluxDB's words, or the part of the point at fault. */
  readonly detail: string;
  /** The line as it would have been sent; a point that has no line comes as `point`. */
  readonly line?: string;
  readonly point?: Point;
}

export interface DeadLettersOptions {
  readonly dir: string;
  /** Each file is at most this long, or one letter. */
  readonly fileBytesMax: number;
  /** Files kept, the current one included; the oldest goes. */
  readonly filesMax: number;
  readonly nowMs: () => number;
  readonly log: Log;
}

/**
 * Points that InfluxDB will never take, one JSON object a line, in `dead-letters.ndjson` (newest)
 * and `dead-letters.1.ndjson` and so on; bytes that were damaged on disk in `damaged-N.bin`.
 * Bounded: a flood of bad points must not fill the disk that the good ones need.
 */
export class DeadLetters {
  readonly #options: DeadLettersOptions;
  #size: number | undefined;
  #damaged = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** Resolves when the letters are in the file; a disk that refuses them is logged, not thrown. */
  add(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return this.#last;
    const time = new Date(this.#options.nowMs()).toISOString();
    const text = letters
      .map((letter) => `${JSON.stringify({ time, ...letter }, plain)}\n`)
      .join('');
    return this.#next(() => this.#append(text), letters.length);
  }

  /** Keeps bytes of the spool that are not what was written. */
  addDamaged(bytes: Buffer): Promise<void> {
    return this.#next(async () => {
      const { dir, filesMax } = this.#options;
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const file = join(dir, `damaged-${this.#damaged % filesMax}.bin`);
      this.#damaged += 1;
      await writeFile(file, bytes, { mode: 0o600 });
    }, 1);
  }

  /** One after the other: rotation must not meet an append. */
  #next(work: () => Promise<void>, count: number): Promise<void> {
    this.#last = this.#last.then(work).catch((error: unknown) => {
      this.#options.log.error({ count, error: messageOf(error) }, 'dead letters not kept');
    });
    return this.#last;
  }

  async #append(text: string): Promise<void> {
    const { dir, fileBytesMax } = this.#options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const path = this.#path(0);
    this.#size ??= await sizeOf(path);
    const bytes = Buffer.from(text);
    if (this.#size > 0 && this.#size + bytes.length > fileBytesMax) {
      await this.#rotate();
      this.#size = 0;
    }
    await appendFile(path, bytes, { mode: 0o600, flush: true });
    this.#size += bytes.length;
  }

  async #rotate(): Promise<void> {
    const { filesMax } = this.#options;
    await rm(this.#path(filesMax - 1), { force: true });
    for (let i = filesMax - 2; i >= 0; i--) {
      if ((await sizeOf(this.#path(i))) > 0) await rename(this.#path(i), this.#path(i + 1));
    }
  }

  #path(age: number): string {
    const name = age === 0 ? 'dead-letters.ndjson' : `dead-letters.${age}.ndjson`;
    return join(this.#options.dir, name);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Points hold bigints, which JSON does not know, and numbers that JSON would write as null. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}`;
  return typeof value === 'number' && !Number.isFinite(value) ? `${value}` : value;
}
