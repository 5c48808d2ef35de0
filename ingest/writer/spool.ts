import { type FileHandle, mkdir, open, rm, unlink } from 'node:fs/promises';
import { TidemarkError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { Appender } from './appender.ts';
import type { Loss } from './losses.ts';
import { type Position, PositionFile, readPosition } from './position.ts';
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
  /** Most bytes that may wait; beyond it the oldest segments go. */
  readonly bytesMax: number;
  readonly segmentBytesMax: number;
  readonly log: Log;
  /** Bytes that are not what was written: to be kept somewhere for a person to look at. */
  readonly onDamage: (damaged: Buffer, where: string) => Promise<void>;
  /** Lines that had to go, those of a batch that was read and not settled aside. */
  readonly onLoss?: (loss: Loss) => void;
  readonly createFile?: CreateFile;
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
  /** Aborts when the spool has let go of it: what of it is not stored by then is lost. */
  readonly gone: AbortSignal;
}

export interface BatchLimits {
  readonly lines: number;
  readonly bytes: number;
}

/** The spool lets go of its oldest eighth at most to make room. */
const SEGMENTS_MIN = 8;

/**
 * Lines on their way to InfluxDB, on disk: numbered segment files that only grow, read from the
 * oldest on, deleted when done. A crash at any moment loses nothing that `append` had resolved; it
 * may send some lines again, which InfluxDB takes as the same points. When it is full, the oldest
 * segments go as a whole, so that the newest lines always find room.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #segments: Segment[];
  readonly #appender: Appender;
  readonly #kept: PositionFile;
  #position: Position;
  #reader: { readonly number: number; readonly handle: FileHandle } | undefined;
  #reserved = 0;
  #unsent: number;
  #wake: (() => void) | undefined;
  /** The batches that were read, in order, until they are settled. */
  #inFlight: { readonly batch: Batch; readonly gone: AbortController }[] = [];
  /** Reading, settling and letting go happen one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: SpoolOptions, segments: Segment[], position: Position) {
    this.#options = options;
    this.#segments = segments;
    this.#position = position;
    this.#unsent = segments.reduce((sum, { size }) => sum + size, 0) - position.offset;
    const { dir, segmentBytesMax, bytesMax, log } = options;
    this.#kept = new PositionFile(dir, log);
    this.#appender = new Appender({
      dir,
      firstNumber: Math.max(segments.at(-1)?.number ?? 0, position.segment) + 1,
      segmentBytesMax: Math.min(segmentBytesMax, Math.floor(bytesMax / SEGMENTS_MIN)),
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

  /**
   * Resolves when the lines are on disk. `unavailable` when the disk is full, or when there is no
   * room for as much although all that is older has gone.
   */
  async append(payload: Uint8Array, lines: number, acceptedMs: number): Promise<void> {
    // Copied before anything else is waited for: the payload's memory is its owner's again then.
    const record = encodeRecord(payload, lines, acceptedMs);
    const size = record.length;
    this.#reserved += size;
    try {
      if (this.#isOver) await this.#exclusive(() => this.#makeRoom());
      await this.#appender.append(record);
      this.#unsent += size;
    } finally {
      this.#reserved -= size;
    }
    this.#wake?.();
  }

  /** The oldest lines within the limits (one record at least), or undefined when none wait. */
  read(limits: BatchLimits): Promise<Batch | undefined> {
    return this.#exclusive(() => this.#read(limits));
  }

  /**
   * The batch behind the one that was read last and is not settled yet; undefined when too little
   * waits to fill it, as far as the last one tells, or in another segment: `read` will find it.
   */
  readAhead(limits: BatchLimits): Promise<Batch | undefined> {
    return this.#exclusive(async () => {
      const segment = this.#segments[0];
      const last = this.#inFlight.at(-1)?.batch;
      if (segment === undefined || last?.end.segment !== segment.number) return undefined;
      const full = Math.min(limits.bytes, (last.size / last.lines) * limits.lines);
      const { offset } = last.end;
      if (segment.size - offset < full) return undefined;
      const batch = await this.#readSegment(segment, offset, limits);
      return batch && this.#fly(batch);
    });
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

  /**
   * The batch is stored or dead: never read again by this process, nor by the next one once
   * `saved` has resolved. Nothing happens when it is gone.
   */
  settle(batch: Batch): Promise<void> {
    return this.#exclusive(async () => {
      if (batch.gone.aborted) return;
      this.#inFlight = this.#inFlight.filter((flying) => flying.batch !== batch);
      this.#unsent -= batch.size;
      this.#position = batch.end;
      const segment = this.#segments[0];
      const done = segment !== undefined && batch.end.offset >= segment.size;
      if (done && segment.number !== this.#appender.current) await this.#nextSegment();
      // Not waited for: the next batch can go on its way.
      void this.#kept.save(this.#position);
    });
  }

  /** Resolves when what was settled so far stays so after a crash. */
  saved(): Promise<void> {
    return this.#kept.saved();
  }

  async close(): Promise<void> {
    await this.#appender.close();
    await this.#reader?.handle.close();
    this.#reader = undefined;
    await this.#kept.save(this.#position);
  }

  /** The batch was left without an end: it is read again, and what was read behind it too. */
  putBack(batch: Batch): void {
    const place = this.#inFlight.findIndex((flying) => flying.batch === batch);
    if (place >= 0) this.#inFlight.length = place;
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => 'its caller knows');
    return mine;
  }

  get #isOver(): boolean {
    return this.#unsent + this.#reserved > this.#options.bytesMax;
  }

  /** Lets go of the oldest segments; the one that grows stays. */
  async #makeRoom(): Promise<void> {
    while (this.#isOver) {
      const oldest = this.#segments[0];
      if (oldest === undefined || oldest.number === this.#appender.current) {
        const spoolBytesMax = this.#options.bytesMax;
        const message = 'the spool has no room for as much at once';
        throw new TidemarkError('unavailable', message, { details: { spoolBytesMax } });
      }
      const { size } = oldest;
      const flying = this.#inFlight;
      this.#inFlight = [];
      for (const { gone } of flying) gone.abort();
      const sizes = flying.map(({ batch }) => batch.size);
      const skipped = sizes.reduce((sum, bytes) => sum + bytes, this.#position.offset);
      const rest = countLines(await this.#bytesAt(oldest, size - skipped, skipped));
      this.#unsent -= size - this.#position.offset;
      await this.#nextSegment();
      if (rest.points > 0) this.#options.onLoss?.(rest);
    }
  }

  async #read(limits: BatchLimits): Promise<Batch | undefined> {
    this.#inFlight = [];
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
      const batch = await this.#readSegment(segment, this.#position.offset, limits);
      if (batch !== undefined) return this.#fly(batch);
      await this.#skipDamage(segment);
    }
  }

  #fly(read: Omit<Batch, 'gone'>): Batch {
    const gone = new AbortController();
    const batch = { ...read, gone: gone.signal };
    this.#inFlight.push({ batch, gone });
    return batch;
  }

  /** The records from `offset` on; none when what stands there is damaged. */
  async #readSegment(
    segment: Segment,
    offset: number,
    limits: BatchLimits,
  ): Promise<Omit<Batch, 'gone'> | undefined> {
    const left = segment.size - offset;
    let bytes = await this.#bytesAt(segment, Math.min(left, limits.bytes + HEADER_BYTES), offset);
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
        bytes = await this.#bytesAt(segment, found.size, offset);
      } else {
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
    await this.#kept.save(this.#position);
  }

  async #bytesAt(segment: Segment, size: number, from = this.#position.offset): Promise<Buffer> {
    if (this.#reader?.number !== segment.number) {
      await this.#reader?.handle.close();
      const handle = await open(segmentPath(this.#options.dir, segment.number), 'r');
      this.#reader = { number: segment.number, handle };
    }
    const bytes = Buffer.allocUnsafe(size);
    const { bytesRead } = await this.#reader.handle.read(bytes, 0, size, from);
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
    await this.#kept.save(this.#position);
    await rm(segmentPath(this.#options.dir, done.number), { force: true });
  }
}

/** The lines of whole records, wherever they stand. */
function countLines(bytes: Buffer): Loss {
  let points = 0;
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (let at: number | undefined = 0; at !== undefined && at < bytes.length; ) {
    const found = findRecord(bytes, at);
    if (found.kind !== 'record') {
      at = nextRecord(bytes, at + 1);
      continue;
    }
    const { lines, acceptedMs, size } = found.record;
    points += lines;
    fromMs = Math.min(fromMs, acceptedMs);
    toMs = Math.max(toMs, acceptedMs);
    at += size;
  }
  return { points, bytes: bytes.length, fromMs, toMs };
}
