import { Worker } from 'node:worker_threads';
import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { FeedItem, ParsedFeed, RefusalReason, RefusedFeed } from './feed.ts';
import type { ParseOptions } from './parse-feed.ts';
import type { ReaderReply, ReaderRequest } from './reader-messages.ts';

export interface FeedReader {
  /** `parseFeed` in a thread. The bytes are moved there: nobody else may use them after. */
  read(bytes: Buffer, options?: ParseOptions): Promise<ParsedFeed | RefusedFeed>;
  close(): Promise<void>;
}

export interface FeedReaderOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** A body that takes longer is hostile. */
  readonly taskMsMax?: number;
  /** Of JavaScript objects; beyond it the thread ends, and only the thread. */
  readonly memoryMbMax?: number;
  /** Tests give one that misbehaves. */
  readonly program?: URL;
}

const TASK_MS_MAX = 20_000;
const MEMORY_MB_MAX = 768;
const YOUNG_MB = 32;
const PROGRAM = new URL('./reader-thread.js', import.meta.url);

interface Task {
  readonly bytes: Buffer;
  readonly options: ParseOptions;
  resolve(answer: ParsedFeed | RefusedFeed): void;
}

/**
 * Reads bodies in a thread of their own, one at a time in the order asked, so that the event loop
 * waits for none. A body that takes too long or too much memory ends the thread and is refused;
 * those behind it are read by the next one.
 */
export function createFeedReader(options: FeedReaderOptions): FeedReader {
  return new QueuedReader(options);
}

class QueuedReader implements FeedReader {
  readonly #options: FeedReaderOptions;
  readonly #tasks: Task[] = [];
  #thread: Worker | undefined;
  #lastId = 0;
  #busy = false;
  #closed = false;
  /** Ends the body that is being read. */
  #stop: ((why: string, reason: RefusalReason) => void) | undefined;

  constructor(options: FeedReaderOptions) {
    this.#options = options;
  }

  read(bytes: Buffer, options: ParseOptions = {}): Promise<ParsedFeed | RefusedFeed> {
    if (this.#closed) return Promise.resolve(refused('failed', 'the reader is closed'));
    return new Promise((resolve) => {
      this.#tasks.push({ bytes, options, resolve });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { resolve } of this.#tasks.splice(0)) {
      resolve(refused('failed', 'the reader is closed'));
    }
    this.#stop?.('the reader is closed', 'failed');
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  #next(): void {
    const task = this.#busy ? undefined : this.#tasks.shift();
    if (!task) return;
    this.#busy = true;
    void this.#perform(task).then((answer) => {
      this.#busy = false;
      task.resolve(answer);
      this.#next();
    });
  }

  #perform({ bytes, options }: Task): Promise<ParsedFeed | RefusedFeed> {
    const { clock, log, taskMsMax = TASK_MS_MAX } = this.#options;
    const watch = new AbortController();
    const thread = this.#running();
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const items: FeedItem[] = [];
      const finish = (answer: ParsedFeed | RefusedFeed) => {
        watch.abort();
        this.#stop = undefined;
        thread.removeAllListeners('message');
        thread.unref();
        resolve(answer);
      };
      this.#stop = (why, reason) => {
        this.#forget(thread);
        log.error({ why, url: options.url }, 'the feed reader ended');
        finish(refused(reason, why));
      };
      thread.on('message', (reply: ReaderReply) => {
        for (const item of reply.items) items.push(item);
        if (reply.last) finish(reply.last.ok ? { ...reply.last, items } : reply.last);
      });
      thread.ref();
      const body = movable(bytes);
      thread.postMessage({ id, bytes: body, options } satisfies ReaderRequest, [body.buffer]);
      const late = () => {
        // Of this body: by now another one may be read.
        if (!watch.signal.aborted) this.#stop?.(`it took more than ${taskMsMax} ms`, 'timeout');
      };
      clock.sleep(taskMsMax, watch.signal).then(late, () => 'answered in time');
    });
  }

  #running(): Worker {
    if (this.#thread) return this.#thread;
    const thread = new Worker(this.#options.program ?? PROGRAM, {
      name: 'feed reader',
      resourceLimits: {
        maxOldGenerationSizeMb: this.#options.memoryMbMax ?? MEMORY_MB_MAX,
        maxYoungGenerationSizeMb: YOUNG_MB,
      },
    });
    thread.unref();
    const ended = (why: string) => {
      if (this.#thread !== thread) return;
      this.#forget(thread);
      this.#stop?.(why, 'failed');
    };
    thread.once('error', (error) => ended(messageOf(error)));
    thread.once('exit', (code) => ended(`it ended with ${code}`));
    this.#thread = thread;
    return thread;
  }

  #forget(thread: Worker): void {
    if (this.#thread === thread) this.#thread = undefined;
    void thread.terminate();
  }
}

function refused(reason: RefusalReason, message: string): RefusedFeed {
  return { ok: false, reason, message, alternates: [] };
}

/** Bytes that own their memory, so that it can be moved and not copied. */
function movable(body: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = body;
  const whole = byteOffset === 0 && byteLength === buffer.byteLength;
  return whole && buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : new Uint8Array(body);
}
