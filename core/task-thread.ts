import { Worker } from 'node:worker_threads';
import { childAbort } from './abort.ts';
import type { Clock } from './clock.ts';
import { messageOf, TidemarkError } from './errors.ts';
import type { TaskReply } from './task-answers.ts';

export interface TaskThreadOptions {
  /** A module that calls `answerTasks`. */
  readonly program: URL;
  /** For messages, as in `the feed reader ended`. */
  readonly name: string;
  readonly clock: Clock;
  /** Of JavaScript objects; beyond it the thread ends, and only the thread. */
  readonly memoryMbMax: number;
  /** Of those, room for young ones: much of it saves moving what lives for one task. */
  readonly youngMbMax?: number;
}

export interface TaskOptions<Part = never> {
  /** From when its turn comes; the start of a thread counts. */
  readonly timeoutMs: number;
  /** Memory that is moved when its turn comes: nobody else may use it from now on. */
  readonly transfer?: readonly ArrayBuffer[];
  /**
   * Gives the task up. One that waits is left out; one that runs is let run, for the thread's sake,
   * and its answer is dropped.
   */
  readonly signal?: AbortSignal;
  /** Takes each part that the thread sends before its answer, in order. */
  readonly onPart?: (part: Part) => void;
}

interface Asked<Task, Result, Part> {
  readonly task: Task;
  readonly options: TaskOptions<Part>;
  readonly settled: () => boolean;
  readonly done: (value: Result) => void;
  readonly fail: (error: TidemarkError) => void;
}

/**
 * Work in a thread of its own, one task at a time in the order asked, so that the event loop waits
 * for none. The thread is started when it is first needed and holds the process only while it
 * works. A task that takes too long, too much memory or the thread with it is refused, and those
 * behind it are done by the next thread.
 */
export class TaskThread<Task, Result, Part = never> {
  readonly #options: TaskThreadOptions;
  readonly #waiting: Asked<Task, Result, Part>[] = [];
  readonly #ending = new Set<Promise<unknown>>();
  #running: Asked<Task, Result, Part> | undefined;
  #worker: Worker | undefined;
  #deadline = childAbort(undefined);
  #closed = false;

  constructor(options: TaskThreadOptions) {
    this.#options = options;
  }

  /**
   * @throws TidemarkError `timeout`; `too-large` when it took too much memory; `cancelled` when it
   *   was given up or the thread is closed; `internal` when it threw, ended the thread, or cannot
   *   be sent.
   */
  run(task: Task, options: TaskOptions<Part>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      let settled = false;
      const settle = (how: () => void): void => {
        if (settled) return;
        settled = true;
        signal?.removeEventListener('abort', leave);
        how();
      };
      const asked: Asked<Task, Result, Part> = {
        ...{ task, options },
        settled: () => settled,
        done: (value) => settle(() => resolve(value)),
        fail: (error) => settle(() => reject(error)),
      };
      const leave = (): void => this.#leave(asked);
      if (this.#closed) return asked.fail(this.#error('cancelled', 'is closed'));
      if (signal?.aborted) return leave();
      signal?.addEventListener('abort', leave);
      this.#waiting.push(asked);
      this.#next();
    });
  }

  /** Refuses what runs and what waits; no thread is left when it resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    const closed = this.#error('cancelled', 'is closed');
    for (const asked of this.#waiting.splice(0)) asked.fail(closed);
    this.#end(closed);
    await Promise.all(this.#ending);
  }

  #leave(asked: Asked<Task, Result, Part>): void {
    const at = this.#waiting.indexOf(asked);
    if (at >= 0) this.#waiting.splice(at, 1);
    asked.fail(this.#error('cancelled', 'was not waited for'));
  }

  #next(): void {
    while (!this.#running && !this.#closed) {
      const asked = this.#waiting.shift();
      if (!asked) {
        this.#worker?.unref();
        return;
      }
      this.#begin(asked);
    }
  }

  #begin(asked: Asked<Task, Result, Part>): void {
    const { timeoutMs, transfer = [] } = asked.options;
    try {
      this.#worker ??= this.#start();
      this.#worker.postMessage(asked.task, [...transfer]);
    } catch (cause) {
      asked.fail(this.#error('internal', `cannot be given its task: ${messageOf(cause)}`, cause));
      return;
    }
    this.#worker.ref();
    this.#running = asked;
    this.#deadline = childAbort(undefined);
    const late = (): void => {
      // Of this task: by now another one may run.
      if (this.#running !== asked) return;
      this.#end(this.#error('timeout', `took more than ${timeoutMs} ms`));
    };
    this.#options.clock.sleep(timeoutMs, this.#deadline.signal).then(late, () => 'done in time');
  }

  #start(): Worker {
    const { program, name, memoryMbMax, youngMbMax } = this.#options;
    const worker = new Worker(program, {
      name,
      resourceLimits: {
        maxOldGenerationSizeMb: memoryMbMax,
        ...(youngMbMax !== undefined && { maxYoungGenerationSizeMb: youngMbMax }),
      },
    });
    const ended = (error: TidemarkError): void => {
      if (worker === this.#worker) this.#end(error);
    };
    worker.on('message', (reply: TaskReply<Result, Part>) => {
      if (worker === this.#worker) this.#take(reply);
    });
    const thrown = (error: unknown): void => ended(this.#thrown(error));
    worker.on('error', thrown);
    worker.on('messageerror', thrown);
    worker.on('exit', (code) => ended(this.#error('internal', `ended with ${code}`)));
    return worker;
  }

  #take(reply: TaskReply<Result, Part>): void {
    const asked = this.#running;
    if ('part' in reply) {
      if (asked?.settled() === false) asked.options.onPart?.(reply.part);
      return;
    }
    this.#settle()?.done(reply.value);
    this.#next();
  }

  /** Ends the thread and what it is at; the next task starts another one. */
  #end(error: TidemarkError): void {
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker) {
      const ended: Promise<unknown> = worker.terminate().finally(() => this.#ending.delete(ended));
      this.#ending.add(ended);
    }
    this.#settle()?.fail(error);
    this.#next();
  }

  #settle(): Asked<Task, Result, Part> | undefined {
    const asked = this.#running;
    this.#running = undefined;
    this.#deadline.release();
    return asked;
  }

  #thrown(error: unknown): TidemarkError {
    const { memoryMbMax } = this.#options;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ERR_WORKER_OUT_OF_MEMORY'
      ? this.#error('too-large', `took more than ${memoryMbMax} MB`, error)
      : this.#error('internal', `ended: ${messageOf(error)}`, error);
  }

  #error(
    code: 'cancelled' | 'internal' | 'timeout' | 'too-large',
    what: string,
    cause?: unknown,
  ): TidemarkError {
    return new TidemarkError(code, `the ${this.#options.name} ${what}`, { cause });
  }
}
