import {
  type FileHandle,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { TidemarkError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { Appender } from './appender.ts';
import { encodeRecord, findRecord, HEADER_BYTES, nextRecord, type SpoolRecord } from './record.ts';
import {
  type CreateFile,
  createFile,
  listSegments,
  type Segment,
  segmentPath,
} from './segments.ts';

export interface SpoolOptions {
  readonly dir: string;
  /** Most bytes that may wait; beyond it `append` refuses. */
  readonly bytesMax: number;
  readonly segmentBytesMax: number;
  readonly log: Log;
  /** Bytes that are not what was written: to be kept somewhere for a person to look at. */
  readonly onDamage: (damaged: Buffer, where: string) => Promise<void>;
  readonly createFile?: CreateFile;
}

export interface Position {
  readonly segment: number;
  readonly offset: number;
}

/** The oldest lines that wait. */
export interface Batch {
  readonly payload: Buffer;
  readonly lines: number;
  readonly oldestMs: number;
  /** Where the next batch starts. */
  readonly end: Position;
  /** Bytes of the spool that it stands for. */
  readonly size: number;
}

export interface BatchLimits {
  readonly lines: number;
  readonly bytes: number;
}

const positionSchema = z.object({
  segment: z.int().nonnegative(),
  offset: z.int().nonnegative(),
});

/**
 * Lines on their way to InfluxDB, on disk: numbered segment files that only grow, read from the
 * oldest on, deleted when done. A crash at any moment loses nothing that `append` had resolved; it
 * may send some lines again, which InfluxDB takes as the same points.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #segments: Segment[];
  readonly #appender: Appender;
  #position: Position;
  #reader: { readonly number: number; readonly handle: FileHandle } | undefined;
  #reserved = 0;
  #unsent: number;
  #wake: (() => void) | undefined;

  private constructor(options: SpoolOptions, segments: Segment[], position: Position) {
    this.#options = options;
    this.#segments = segments;
    this.#position = position;
    this.#unsent = segments.reduce((sum, { size }) => sum + size, 0) - position.offset;
    const { dir, segmentBytesMax, log } = options;
    this.#appender = new Appender({
      dir,
      firstNumber: Math.max(segments.at(-1)?.number ?? 0, position.segment) + 1,
      segmentBytesMax,
      log,
      createFile: options.createFile ?? createFile,
      onSegment: (segment) => this.#segments.push(segment),
    });
  }

  /** Opens what an earlier process left; it never appends to its files. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { dir } = options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const kept = await readPosition(dir);
    const segments: Segment[] = [];
    for (const segment of await listSegments(dir)) {
      if (segment.number < kept.segment) await unlink(segmentPath(dir, segment.number));
      else segments.push(segment);
    }
    const first = segments[0];
    if (first === undefined) return new Spool(options, segments, { ...kept, offset: 0 });
    const offset = first.number === kept.segment ? Math.min(kept.offset, first.size) : 0;
    return new Spool(options, segments, { segment: first.number, offset });
  }

  /** Bytes that wait, those in flight included. */
  get bytes(): number {
    return this.#unsent;
  }

  /** Resolves when the lines are on disk. `unavailable` when the spool or the disk is full. */
  async append(payload: Buffer, lines: number, acceptedMs: number): Promise<void> {
    const size = HEADER_BYTES + payload.length;
    const { bytesMax } = this.#options;
    if (this.#unsent + this.#reserved + size > bytesMax) {
      throw new TidemarkError(
        'unavailable',
        'the spool is full: InfluxDB does not take the points',
        {
          details: { spoolBytes: this.#unsent, spoolBytesMax: bytesMax },
        },
      );
    }
    this.#reserved += size;
    try {
      await this.#appender.append(Buffer.concat(encodeRecord(payload, lines, acceptedMs)));
      this.#unsent += size;
    } finally {
      this.#reserved -= size;
    }
    this.#wake?.();
  }

  /** The oldest lines within the limits (one record at least), or undefined when none wait. */
  async read(limits: BatchLimits): Promise<Batch | undefined> {
    for (;;) {
      const segment = this.#segments[0];
      const read = segment === undefined || this.#position.offset >= segment.size;
      if (read && (segment === undefined || segment.number === this.#appender.current)) {
        this.#unsent = 0;
        return undefined;
      }
      if (read) {
        await this.#nextSegment();
        continue;
      }
      const batch = await this.#readSegment(segment, limits);
      if (batch !== undefined) return batch;
    }
  }

  /** Resolves when something may have been appended since the last empty `read`. */
  async appended(signal: AbortSignal): Promise<void> {
    if (this.#unsent > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#wake = undefined;
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener('abort', wake);
    });
  }

  /** The batch is stored or dead: never read again. */
  async settle(batch: Batch): Promise<void> {
    this.#unsent -= batch.size;
    this.#position = batch.end;
    const segment = this.#segments[0];
    const done = segment !== undefined && batch.end.offset >= segment.size;
    if (done && segment.number !== this.#appender.current) await this.#nextSegment();
    await this.#savePosition();
  }

  async close(): Promise<void> {
    await this.#appender.close();
    await this.#reader?.handle.close();
    this.#reader = undefined;
    await this.#savePosition();
  }

  async #readSegment(segment: Segment, limits: BatchLimits): Promise<Batch | undefined> {
    const { offset } = this.#position;
    const left = segment.size - offset;
    let bytes = await this.#bytesAt(segment, Math.min(left, limits.bytes + HEADER_BYTES));
    const records: SpoolRecord[] = [];
    let [lines, size] = [0, 0];
    while (size < left) {
      const found = findRecord(bytes, size);
      if (found.kind === 'record') {
        const { record } = found;
        const over = lines + record.lines > limits.lines || size + record.size > limits.bytes;
        if (over && records.length > 0) break;
        records.push(record);
        lines += record.lines;
        size += record.size;
      } else if (records.length > 0) {
        break;
      } else if (found.kind === 'partial' && found.size <= left) {
        bytes = await this.#bytesAt(segment, found.size);
      } else {
        await this.#skipDamage(segment);
        return undefined;
      }
    }
    const [first] = records;
    if (first === undefined) return undefined;
    const payload = Buffer.concat(records.map((record) => record.payload));
    const end = { segment: segment.number, offset: offset + size };
    return { payload, lines, oldestMs: first.acceptedMs, end, size };
  }

  /**
   * Passes by what is no record, up to the next one. At the very end of a segment it is the tail of
   * a write that a crash cut, never promised to anybody; elsewhere it was promised, and is handed
   * over.
   */
  async #skipDamage(segment: Segment): Promise<void> {
    const { offset } = this.#position;
    const rest = await this.#bytesAt(segment, segment.size - offset);
    const next = nextRecord(rest, 1);
    const bytes = rest.subarray(0, next ?? rest.length);
    const where = `segment ${segment.number} at ${offset}`;
    const cut = findRecord(bytes, 0).kind === 'partial' || bytes.every((byte) => byte === 0);
    if (next === undefined && cut) {
      this.#options.log.info({ where, bytes: bytes.length }, 'spool: half a record at its end');
    } else {
      await this.#options.onDamage(bytes, where);
    }
    // A file that ends early must not be asked for the rest again and again.
    const size = next ?? segment.size - offset;
    this.#unsent -= size;
    this.#position = { segment: segment.number, offset: offset + size };
    await this.#savePosition();
  }

  async #bytesAt(segment: Segment, size: number): Promise<Buffer> {
    if (this.#reader?.number !== segment.number) {
      await this.#reader?.handle.close();
      const handle = await open(segmentPath(this.#options.dir, segment.number), 'r');
      this.#reader = { number: segment.number, handle };
    }
    const bytes = Buffer.allocUnsafe(size);
    const { bytesRead } = await this.#reader.handle.read(bytes, 0, size, this.#position.offset);
    return bytes.subarray(0, bytesRead);
  }

  async #nextSegment(): Promise<void> {
    const done = this.#segments.shift();
    if (done === undefined) return;
    const next = this.#segments[0]?.number ?? done.number + 1;
    this.#position = { segment: next, offset: 0 };
    if (this.#reader?.number === done.number) {
      await this.#reader.handle.close();
      this.#reader = undefined;
    }
    // Saved first: a segment that is gone must not be missed, one too many does not matter.
    await this.#savePosition();
    await rm(segmentPath(this.#options.dir, done.number), { force: true });
  }

  /** Not synced: an old position only means that some lines are sent again. */
  async #savePosition(): Promise<void> {
    const path = positionPath(this.#options.dir);
    try {
      await writeFile(`${path}.new`, JSON.stringify(this.#position), { mode: 0o600 });
      await rename(`${path}.new`, path);
    } catch (error) {
      // A full disk must not stop the sending that frees it.
      this.#options.log.warn({ error }, 'spool position not saved; lines may be sent again');
    }
  }
}

function positionPath(dir: string): string {
  return join(dir, 'position.json');
}

async function readPosition(dir: string): Promise<Position> {
  try {
    return positionSchema.parse(JSON.parse(await readFile(positionPath(dir), 'utf8')));
  } catch {
    // Absent, or cut by a crash: from the oldest segment that is there.
    return { segment: 0, offset: 0 };
  }
}
