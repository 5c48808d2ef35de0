import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import { isCode, messageOf, TidemarkError } from '../../core/errors.ts';
import { LineEncoder, type LineSource } from '../../core/line-protocol.ts';
import type { Log } from '../../core/log.ts';
import type { PointBatch, PointSink } from '../../core/point.ts';
import { noTrace, type Trace } from '../../core/trace.ts';
import { Counts, type WriterMetrics } from './counts.ts';
import { Courier, type WriteTarget } from './courier.ts';
import { type DeadLetter, DeadLetters } from './dead-letters.ts';
import { Delivery } from './delivery.ts';
import { lateSpan, type TimeSpan } from './late.ts';
import { defaultLimits, type WriterLimits } from './limits.ts';
import { type Lines, shareOut, splitLines } from './lines.ts';
import { lockSpool } from './lock.ts';
import { Losses } from './losses.ts';
import type { CreateFile } from './segments.ts';
import { type Batch, type BatchLimits, Spool } from './spool.ts';

export type { WriterMetrics } from './counts.ts';
export { defaultLimits, type WriterLimits } from './limits.ts';

export interface WriterOptions {
  /** Its own directory: spool, dead letters, lock. */
  readonly dir: string;
  readonly target: WriteTarget;
  readonly limits?: Partial<WriterLimits>;
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly log: Log;
  /**
   * Whether long bodies are sent compressed: true where there is a network in between, the default;
   * on the same machine it only costs both ends time.
   */
  readonly compress?: boolean;
  readonly metrics?: WriterMetrics;
  /**
   * Told of the times of late points once InfluxDB has acknowledged them, a batch at a time (up to
   * `batchLinesMax` lines), in order, at least once: what was made of that time is to be made anew.
   * Called in between two requests: it should note the span and return.
   */
  readonly onLate?: (span: TimeSpan) => void;
  readonly createFile?: CreateFile;
  readonly trace?: Trace;
}

export interface WriterStats {
  readonly acceptedPoints: number;
  readonly writtenPoints: number;
  readonly deadPoints: number;
  readonly refusedPoints: number;
  /** The dead that went because the spool was full; they are in no file. */
  readonly lostPoints: number;
  /** Waiting on disk, those in flight included. */
  readonly spoolBytes: number;
  readonly oldestAgeMs: number;
  readonly connected: boolean;
  readonly lastError: string | undefined;
  /** Set while nothing goes on until a person does something: what, and what to fix. */
  readonly blockedReason: string | undefined;
}

export interface Writer extends PointSink {
  /**
   * Resolves when the points are on disk. Points that can be no line are dead-lettered, the others
   * go on. When the spool is full its oldest points are lost, and counted. Throws `unavailable`
   * when the disk is full.
   */
  accept(points: PointBatch): Promise<void>;
  stats(): WriterStats;
  /** Sends what waits for at most `drainMs`; the rest stays on disk for the next start. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

const SHARE_LINES_MIN = 1_000;
/** Records are read whole: short ones fill a batch. */
const RECORD_LINES_MAX = 5_000;
const DRAIN_MS = 5_000;

/** Opens the spool, with what an earlier process left in it, and starts sending. */
export async function createWriter(options: WriterOptions): Promise<Writer> {
  const { dir, log, clock } = options;
  const limits = { ...defaultLimits, ...options.limits };
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const lock = await lockSpool(dir);
  const dead = new DeadLetters({
    dir: join(dir, 'dead'),
    fileBytesMax: limits.deadFileBytesMax,
    filesMax: limits.deadFilesMax,
    nowMs: () => clock.nowMs(),
    log,
  });
  const counts = new Counts(options.metrics);
  const losses = new Losses({ clock, log });
  try {
    const spool = await Spool.open({
      dir,
      bytesMax: limits.spoolBytesMax,
      segmentBytesMax: limits.segmentBytesMax,
      log,
      onDamage: async (bytes, where) => {
        log.error({ where, bytes: bytes.length }, 'spool: damaged record put aside');
        counts.dead([{ reason: 'damaged' }]);
        await dead.addDamaged(bytes);
      },
      onLoss(loss) {
        counts.dead([{ reason: 'quota' }], loss.points);
        losses.add(loss);
      },
      ...(options.createFile ? { createFile: options.createFile } : {}),
    });
    return new SpoolingWriter({ ...options, limits }, { spool, dead, counts, losses, lock });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** A batch ready to be sent. */
interface Freight {
  readonly batch: Batch;
  readonly lines: Lines;
  /** The same lines, a part for each connection. */
  readonly shares: readonly Lines[];
}

interface Parts {
  readonly spool: Spool;
  readonly dead: DeadLetters;
  readonly counts: Counts;
  readonly losses: Losses;
  readonly lock: { release(): Promise<void> };
}

class SpoolingWriter implements Writer {
  readonly #options: WriterOptions & { readonly limits: WriterLimits };
  readonly #parts: Parts;
  readonly #encoder = new LineEncoder();
  readonly #courier: Courier;
  readonly #delivery: Delivery;
  readonly #stop = new AbortController();
  /** Ends the wait for new points, so that a closing writer notices that there are none. */
  readonly #drain = new AbortController();
  readonly #running: Promise<void>;
  #oldestMs: number | undefined;
  /** Ends when the batch at hand is to be left. */
  #attention: AbortSignal = this.#stop.signal;
  /** Lines that were stored or died so far. */
  #ended = 0;
  /** The batch behind the one at hand, once that one is on its way. */
  #ahead: Promise<Freight | undefined> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: WriterOptions & { readonly limits: WriterLimits }, parts: Parts) {
    const { limits, clock, random, log, target } = options;
    const { counts } = parts;
    this.#options = options;
    this.#parts = parts;
    this.#courier = new Courier({
      target,
      backoff: limits.backoff,
      fixWaitMs: limits.fixWaitMs,
      clock,
      random,
      log,
      signal: () => this.#attention,
      onRetry: (reason) => counts.retry(reason),
      compress: options.compress ?? true,
      trace: options.trace ?? noTrace,
    });
    this.#delivery = new Delivery({
      courier: this.#courier,
      triesBeforeTrial: limits.triesBeforeTrial,
      onStored: (lines) => {
        this.#ended += lines;
        counts.write(lines);
      },
      bury: (letters, points = letters.length) => {
        this.#ended += points;
        return this.#bury(letters, points);
      },
    });
    this.#running = this.#run();
  }

  async accept(points: PointBatch): Promise<void> {
    if (this.#closing) throw new TidemarkError('unavailable', 'the writer is closed');
    const { clock, trace = noTrace } = this.#options;
    const nowMs = clock.nowMs();
    const encoding = trace.begin('encode', { 'tidemark.points': points.length });
    const { appended, letters } = this.#append(points, nowMs);
    encoding.end();
    try {
      await trace.span('spool', {}, () => Promise.all(appended));
    } catch (error) {
      this.#parts.counts.refuse(points.length);
      throw error;
    }
    this.#oldestMs ??= nowMs;
    this.#parts.counts.accept(points.length);
    if (letters.length > 0) await this.#bury(letters);
  }

  stats(): WriterStats {
    const { counts, spool, losses } = this.#parts;
    const nowMs = this.#options.clock.nowMs();
    return {
      acceptedPoints: counts.accepted,
      writtenPoints: counts.written,
      deadPoints: counts.died,
      refusedPoints: counts.refused,
      lostPoints: losses.points,
      spoolBytes: spool.bytes,
      oldestAgeMs: spool.bytes === 0 ? 0 : Math.max(0, nowMs - (this.#oldestMs ?? nowMs)),
      ...this.#courier.state,
    };
  }

  close({ drainMs = DRAIN_MS } = {}): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    this.#drain.abort();
    const enough = new AbortController();
    const drained = this.#running.then(() => enough.abort());
    try {
      if (drainMs > 0) await this.#options.clock.sleep(drainMs, enough.signal);
    } catch (error) {
      if (!isCode(error, 'cancelled')) throw error;
    }
    this.#stop.abort();
    await drained;
    await this.#ahead;
    const { spool, lock, dead, losses } = this.#parts;
    losses.tell();
    await dead.add([]);
    await spool.close();
    await lock.release();
    if (spool.bytes > 0) {
      this.#options.log.info(
        { bytes: spool.bytes },
        'points stay in the spool until the next start',
      );
    }
  }

  /** The lines of the points on their way to the disk, and the points that can be no line. */
  #append(points: PointBatch, nowMs: number) {
    const { batchLinesMax, batchBytesMax } = this.#options.limits;
    const recordLinesMax = Math.min(batchLinesMax, RECORD_LINES_MAX);
    const { spool } = this.#parts;
    const encoder = this.#encoder;
    const appended: Promise<void>[] = [];
    const letters: DeadLetter[] = [];
    const give = () =>
      encoder.give((payload, lines) => appended.push(spool.append(payload, lines, nowMs)));
    const giveFull = () => {
      if (encoder.lines >= recordLinesMax || encoder.bytes >= batchBytesMax) give();
    };
    if (writesLines(points)) {
      for (let i = 0; i < points.length; i++) {
        const refusal = points.addLine(encoder, i);
        if (refusal) letters.push({ ...refusal, point: points.pointAt(i) });
        giveFull();
      }
    } else {
      for (const point of points) {
        const refusal = encoder.add(point);
        if (refusal) letters.push({ ...refusal, point });
        giveFull();
      }
    }
    if (encoder.lines > 0) give();
    return { appended, letters };
  }

  async #bury(letters: readonly DeadLetter[], points = letters.length): Promise<void> {
    const { counts, dead } = this.#parts;
    const [first] = letters;
    counts.dead(letters, points);
    this.#options.log.warn(
      { points, reason: first?.reason, detail: first?.detail },
      'points put among the dead letters',
    );
    await dead.add(letters);
  }

  async #run(): Promise<void> {
    const { clock, log, limits } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        const freight = await this.#next();
        if (freight !== undefined) {
          await this.#deliver(freight);
        } else {
          this.#oldestMs = undefined;
          if (this.#drain.signal.aborted) return;
          await this.#parts.spool.appended(this.#drain.signal);
        }
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        log.error({ error: messageOf(error) }, 'the writer failed; it goes on');
        await clock.sleep(limits.backoff.maxMs, this.#stop.signal).catch(() => undefined);
      }
    }
  }

  async #next(): Promise<Freight | undefined> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return (await ahead) ?? this.#load(await this.#parts.spool.read(this.#batchLimits));
  }

  get #batchLimits(): BatchLimits {
    const { batchLinesMax, batchBytesMax } = this.#options.limits;
    return { lines: batchLinesMax, bytes: batchBytesMax };
  }

  #load(batch: Batch | undefined): Freight | undefined {
    if (batch === undefined) return undefined;
    const lines = splitLines(batch.payload);
    const connections = lines.ends.length < SHARE_LINES_MIN ? 1 : this.#options.limits.connections;
    return { batch, lines, shares: shareOut(lines, connections) };
  }

  async #deliver(freight: Freight): Promise<void> {
    const { batch } = freight;
    this.#oldestMs = batch.oldestMs;
    const endedBefore = this.#ended;
    const { signal, release } = childAbort(this.#stop.signal);
    this.#attention = signal;
    batch.gone.addEventListener('abort', release);
    if (batch.gone.aborted) release();
    let settled = false;
    try {
      settled = await this.#send(freight);
    } catch (error) {
      if (!batch.gone.aborted) throw error;
    } finally {
      release();
      this.#attention = this.#stop.signal;
      this.#parts.spool.putBack(batch);
      // Put back with this one. One that is gone comes to its end here, to be counted.
      if (!settled && !batch.gone.aborted) this.#ahead = undefined;
    }
    const { losses, counts } = this.#parts;
    const points = batch.lines - (this.#ended - endedBefore);
    if (batch.gone.aborted && points > 0) {
      counts.dead([{ reason: 'quota' }], points);
      losses.add({ points, bytes: batch.size, fromMs: batch.oldestMs, toMs: batch.oldestMs });
    }
  }

  /** Whether all of it came to its end. */
  async #send({ batch, lines, shares }: Freight): Promise<boolean> {
    // All have to end before any failure is told: a request of this batch must not outlive it.
    const sent = Promise.allSettled(shares.map((share) => this.#delivery.deliver(share)));
    // Where more waits, the server should not have to.
    const ahead = this.#parts.spool.readAhead(this.#batchLimits);
    // What cannot be read now fails again, and is told, when it is its turn.
    this.#ahead = ahead.then((next) => this.#load(next)).catch(() => undefined);
    const ends = await sent;
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
    if (!ends.every((end) => end.status === 'fulfilled' && end.value)) return false;
    this.#tellLate(lines);
    await this.#parts.spool.settle(batch);
    this.#parts.losses.tell();
    return true;
  }

  /** Before the batch is settled: after a crash in between it is told again. */
  #tellLate(lines: Lines): void {
    const { onLate, clock, limits, log } = this.#options;
    const span = onLate && lateSpan(lines, clock.nowMs() - limits.lateMs);
    if (span === undefined) return;
    try {
      onLate?.(span);
    } catch (error) {
      log.error({ ...span, error: messageOf(error) }, 'late points were not told on');
    }
  }
}

function writesLines(points: PointBatch): points is PointBatch & LineSource {
  return 'addLine' in points;
}
