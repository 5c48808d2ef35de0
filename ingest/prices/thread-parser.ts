import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { movable } from '../../core/movable.ts';
import type { PriceAdapter } from './adapter.ts';
import { ColumnReader } from './columns.ts';
import { exchanges } from './exchanges/list.ts';
import { inlineParser, type PriceParser, type SourceParser } from './parser.ts';
import type { ParserAnswers, ParserReply, ParserRequest } from './parser-messages.ts';
import { Refusal } from './refusal.ts';

const CLOSED = 'it was closed';

export interface ThreadParserOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** A body that takes longer has caught the parser in a loop. */
  readonly taskMsMax?: number;
  /** Threads at most; each exchange always has the same one. Default: one. */
  readonly threads?: number;
  /** Of JavaScript objects; beyond it the thread ends, and only the thread. */
  readonly memoryMbMax?: number;
  /** Tests give one that misbehaves. */
  readonly program?: URL;
}

/** The largest body known takes under half a second. */
const TASK_MS_MAX = 20_000;
const MEMORY_MB_MAX = 512;
/** Rows of one body live until they are sent: much room for young objects saves moving them. */
const YOUNG_MB = 48;

/**
 * As many as the price ingest wants: with two, a cycle of all exchanges is read in little more than
 * half the time, and more of them would only wait for the database.
 */
export const PARSER_THREADS = Math.min(2, availableParallelism());

const PROGRAM = new URL('./parser-thread.js', import.meta.url);

/**
 * Reads bodies in threads of their own, so that nobody else waits for it. When a thread ends, by
 * whatever mistake, what it was asked is refused and the next request starts another one.
 */
export function createThreadParser(options: ThreadParserOptions): PriceParser {
  const places = options.threads ?? 1;
  const threads: (ParserThread | undefined)[] = [];
  let lastSource = 0;
  let closed = false;
  const current = (place: number): ParserThread => {
    if (closed) throw new Refusal('cancelled', 'the parser is closed');
    const running = threads[place];
    if (running && !running.ended) return running;
    const started = new ParserThread(options);
    threads[place] = started;
    return started;
  };
  return {
    open(adapter) {
      // The thread knows the adapters of the list alone: functions cannot be sent.
      if (!exchanges.includes(adapter)) return inlineParser.open(adapter);
      lastSource += 1;
      const place = lastSource % places;
      return openSource(lastSource, adapter, () => current(place));
    },
    async close() {
      closed = true;
      await Promise.all(threads.map((thread) => thread?.close()));
    },
  };
}

function openSource(
  source: number,
  adapter: PriceAdapter,
  current: () => ParserThread,
): SourceParser {
  const needsLists = adapter.symbols !== undefined;
  /** The thread that has this source's table. */
  let home: ParserThread | undefined;
  /** The thread that tells these columns, and the names that it has told. */
  let told: { readonly thread: ParserThread; readonly columns: ColumnReader } | undefined;
  const hasSymbols = () => !needsLists || (home !== undefined && !home.ended);
  const ask = <T extends ParserRequest['task']>(task: T, bodies: readonly Buffer[] = []) => {
    const thread = current();
    if (needsLists && task !== 'lists' && thread !== home) {
      throw new Refusal('internal', 'the parser was started anew: it needs the market list');
    }
    if (told?.thread !== thread) told = { thread, columns: new ColumnReader() };
    const { columns } = told;
    const request = { source, exchange: adapter.id, task, bodies: bodies.map(movable) };
    return { thread, columns, value: thread.ask(request) as Promise<ParserAnswers[T]> };
  };
  return {
    get hasSymbols() {
      return hasSymbols();
    },
    async readLists(bodies) {
      const { thread, value } = ask('lists', bodies);
      const size = await value;
      home = thread;
      return size;
    },
    tickerPaths: async () => ask('paths').value,
    symbols: async () => (needsLists ? ask('symbols').value : new Map()),
    async readTickers(bodies) {
      const { columns, value } = ask('tickers', bodies);
      return columns.read(await value);
    },
    close() {
      if (!told || told.thread.ended) return;
      const forget = { source, exchange: adapter.id, task: 'close', bodies: [] } as const;
      told.thread.ask(forget).catch(() => 'the table went with its thread');
    },
  };
}

interface Waiting {
  resolve(value: unknown): void;
  reject(refusal: Refusal): void;
}

class ParserThread {
  readonly #options: ThreadParserOptions;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #replies: ParserReply[] = [];
  /** Ends when nobody waits any more. */
  #watch = new AbortController();
  #answered = 0;
  #lastId = 0;
  ended = false;

  constructor(options: ThreadParserOptions) {
    this.#options = options;
    this.#worker = new Worker(options.program ?? PROGRAM, {
      name: 'price parser',
      resourceLimits: {
        maxOldGenerationSizeMb: options.memoryMbMax ?? MEMORY_MB_MAX,
        maxYoungGenerationSizeMb: YOUNG_MB,
      },
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: ParserReply) => this.#take(reply));
    this.#worker.once('error', (error) => this.#end(messageOf(error)));
    this.#worker.once('exit', (code) => this.#end(`it ended with ${code}`));
  }

  ask(request: Omit<ParserRequest, 'id'>): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    const value = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    const moved = request.bodies.map(({ buffer }) => buffer as ArrayBuffer);
    this.#worker.postMessage({ ...request, id } satisfies ParserRequest, moved);
    if (this.#waiting.size === 1) {
      // Somebody waits for it: the process does too.
      this.#worker.ref();
      this.#watch = new AbortController();
      void this.#watchOver(this.#watch.signal);
    }
    return value;
  }

  async close(): Promise<void> {
    this.#end(CLOSED);
    await this.#worker.terminate();
  }

  /** Ends the thread when it answers nothing for too long while somebody waits. */
  async #watchOver(signal: AbortSignal): Promise<void> {
    const { clock, taskMsMax = TASK_MS_MAX } = this.#options;
    let seen: number;
    do {
      seen = this.#answered;
      await clock.sleep(taskMsMax, signal).catch(() => 'answered');
      if (signal.aborted) return;
    } while (seen !== this.#answered);
    this.#end(`it did not answer in ${taskMsMax} ms`);
  }

  /** One answer a turn of the event loop: what follows on each is work, and others wait too. */
  #take(reply: ParserReply): void {
    this.#answered += 1;
    this.#replies.push(reply);
    if (this.#replies.length === 1) setImmediate(() => this.#giveOne());
  }

  #giveOne(): void {
    const reply = this.#replies.shift();
    // Once it has ended nobody waits, and whoever ends the thread wants the process to wait for it.
    if (reply === undefined || this.ended) return;
    if (this.#replies.length > 0) setImmediate(() => this.#giveOne());
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) {
      this.#watch.abort();
      this.#worker.unref();
    }
    if ('value' in reply) waiting?.resolve(reply.value);
    else waiting?.reject(refusalOf(reply.refusal));
  }

  #end(why: string): void {
    if (this.ended) return;
    this.ended = true;
    this.#watch.abort();
    void this.#worker.terminate();
    if (this.#waiting.size === 0) return;
    // Whoever closes it while polls are under way wants just that.
    const level = why === CLOSED ? 'debug' : 'error';
    this.#options.log[level]({ why, polls: this.#waiting.size }, 'the price parser ended');
    const refusal = new Refusal('internal', `the price parser ended: ${why}`);
    for (const { reject } of this.#waiting.values()) reject(refusal);
    this.#waiting.clear();
  }
}

function refusalOf(told: Extract<ParserReply, { refusal: unknown }>['refusal']): Refusal {
  const { reason, message, pauseMs, stack } = told;
  const cause = stack === undefined ? undefined : Object.assign(new Error(message), { stack });
  return new Refusal(reason, message, { pauseMs, cause });
}
