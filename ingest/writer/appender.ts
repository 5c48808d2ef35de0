import { unlink } from 'node:fs/promises';
import { messageOf, TidemarkError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import {
  type CreateFile,
  type Segment,
  type SegmentFile,
  segmentPath,
  syncDirectory,
} from './segments.ts';

export interface AppenderOptions {
  readonly dir: string;
  /** Number of the first segment to create. */
  readonly firstNumber: number;
  /** A segment is closed when it has grown beyond this. */
  readonly segmentBytesMax: number;
  readonly createFile: CreateFile;
  readonly log: Log;
  /** A segment has its first bytes; it grows from then on. */
  readonly onSegment: (segment: Segment) => void;
}

interface Waiting {
  readonly bytes: Buffer;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Written and synced together at most this much, so that a burst does not have to be copied whole.
 */
const GROUP_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The writing end of the spool. Whatever arrives while the disk is busy is written and synced as
 * one group. A failed group leaves nothing behind: it is cut off, its segment is closed and the
 * next group starts a new one, so a full disk works again as soon as there is space.
 */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #waiting: Waiting[] = [];
  #number: number;
  #open: { readonly file: SegmentFile; readonly segment: Segment } | undefined;
  #working: Promise<void> | undefined;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#number = options.firstNumber;
  }

  /** Number of the segment that may still grow, or undefined. */
  get current(): number | undefined {
    return this.#open?.segment.number;
  }

  /** Resolves when the bytes are on disk; `unavailable` when they cannot be. */
  append(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
      this.#working ??= this.#work().finally(() => {
        this.#working = undefined;
      });
    });
  }

  async close(): Promise<void> {
    await this.#working;
    await this.#shut();
  }

  async #work(): Promise<void> {
    // Lets everybody who is about to append in this turn join the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#write(joined(group));
        for (const { resolve } of group) resolve();
      } catch (cause) {
        const error = refusal(cause);
        for (const { reject } of group) reject(error);
      }
    }
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && bytes + waiting.bytes.length > GROUP_BYTES_MAX) break;
      bytes += waiting.bytes.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #write(bytes: Buffer): Promise<void> {
    const { file, segment } = await this.#segment();
    try {
      // A full disk may take a part of it without an error.
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done);
        if (bytesWritten === 0) throw new Error('the disk took no more bytes');
        done += bytesWritten;
      }
      await file.datasync();
    } catch (error) {
      await this.#abandon(file, segment);
      throw error;
    }
    // Announced with its first bytes: one that never got any is gone again.
    if (segment.size === 0) this.#options.onSegment(segment);
    segment.size += bytes.length;
  }

  async #segment() {
    if (this.#open && this.#open.segment.size >= this.#options.segmentBytesMax) await this.#shut();
    if (this.#open) return this.#open;
    const { dir, createFile: create } = this.#options;
    const segment = { number: this.#number, size: 0 };
    const file = await create(segmentPath(dir, segment.number));
    // Used up even when the next step fails: the name is taken.
    this.#number += 1;
    try {
      await syncDirectory(dir);
    } catch (error) {
      await this.#abandon(file, segment);
      throw error;
    }
    this.#open = { file, segment };
    return this.#open;
  }

  /** After a failed write or sync nobody knows what the disk has: cut back to what was promised. */
  async #abandon(file: SegmentFile, segment: Segment): Promise<void> {
    this.#open = undefined;
    const { dir, log } = this.#options;
    try {
      await file.truncate(segment.size);
      await file.close();
      if (segment.size === 0) await unlink(segmentPath(dir, segment.number));
    } catch (error) {
      // What is left beyond the promised size is never read: readers stop at it.
      log.warn({ segment: segment.number, error: messageOf(error) }, 'spool segment not cut back');
    }
  }

  async #shut(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close();
  }
}

function joined(group: readonly Waiting[]): Buffer {
  const [first] = group;
  if (first !== undefined && group.length === 1) return first.bytes;
  return Buffer.concat(group.map(({ bytes }) => bytes));
}

const DISK_FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

function refusal(cause: unknown): TidemarkError {
  const { code } = cause as { code?: string };
  const what = DISK_FULL.has(code)
    ? 'the disk of the spool is full'
    : 'the spool cannot be written';
  return new TidemarkError('unavailable', `${what}: ${messageOf(cause)}`, { cause });
}
