import { Worker } from 'node:worker_threads';
import { childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import type { MatchReply, MatchRequest } from './matcher-messages.ts';
import { ScanFailure } from './outcome.ts';
import type { Match, Pattern } from './pattern.ts';
import type { Stop } from './stop.ts';

/** What a text has of a pattern. */
export interface Found {
  readonly match: Match | undefined;
  /** Only the beginning of the text was looked at: it is too long for a pattern of this size. */
  readonly cut: boolean;
}

/** Looks for patterns without holding up whoever else lives in this thread. */
export interface Matcher {
  /** @throws ScanFailure `timeout-match`; Stopped when the scan ends meanwhile. */
  find(pattern: Pattern, text: string, stop: Stop): Found | Promise<Found>;
  close(): Promise<void>;
}

export interface MatcherOptions {
  readonly clock: Clock;
  /** Instructions x characters that are matched here and now; the rest goes to a thread. */
  readonly inlineCostMax?: number;
  /** The same, beyond which the text is cut. */
  readonly costMax?: number;
  readonly matchMsMax?: number;
  /** Tests give one that misbehaves. */
  readonly program?: URL;
}

/** 25 to 45 ns each on a slow machine when a pattern is made for it, a tenth of it else. */
const INLINE_COST_MAX = 400_000;
const COST_MAX = 20_000_000;
/** The second line of defence: what is not cut takes less than a second. */
const MATCH_MS_MAX = 3_000;
const MEMORY_MB_MAX = 256;
const PROGRAM = new URL('./matcher-thread.js', import.meta.url);

interface Task {
  readonly request: MatchRequest;
  readonly done: (match: Match | undefined) => void;
  readonly fail: (error: unknown) => void;
}

export function createMatcher(options: MatcherOptions): Matcher {
  const { inlineCostMax = INLINE_COST_MAX, costMax = COST_MAX } = options;
  const thread = new MatcherThread(options);
  return {
    find(pattern, whole, stop) {
      const most = Math.floor(costMax / pattern.size);
      const cut = whole.length > most;
      const text = cut ? whole.slice(0, most) : whole;
      if (pattern.size * text.length <= inlineCostMax) return { match: pattern.find(text), cut };
      const { source, flags } = pattern;
      const found = stop.wait<Match | undefined>((done, fail) =>
        thread.ask({ request: { source, flags, text }, done, fail }),
      );
      return found.then((match) => ({ match, cut }));
    },
    close: () => thread.close(),
  };
}

/** One thread, started when it is first needed; a task that takes too long ends it. */
class MatcherThread {
  readonly #options: MatcherOptions;
  readonly #waiting: Task[] = [];
  #running: Task | undefined;
  #worker: Worker | undefined;
  #limit = childAbort(undefined);
  #closed = false;

  constructor(options: MatcherOptions) {
    this.#options = options;
  }

  /** Returns how to give the task up: one that runs is let run, for the thread's sake. */
  ask(task: Task): () => void {
    if (this.#closed) task.fail(new ScanFailure('cancelled'));
    else this.#waiting.push(task);
    this.#next();
    return () => {
      const at = this.#waiting.indexOf(task);
      if (at >= 0) this.#waiting.splice(at, 1);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const task of this.#waiting.splice(0)) task.fail(new ScanFailure('cancelled'));
    await this.#end(new ScanFailure('cancelled'));
  }

  #next(): void {
    if (this.#running) return;
    const task = this.#waiting.shift();
    if (!task) {
      this.#worker?.unref();
      return;
    }
    this.#running = task;
    const worker = this.#worker ?? this.#start();
    worker.ref();
    worker.postMessage(task.request);
    const limit = childAbort(undefined);
    this.#limit = limit;
    this.#options.clock.sleep(this.#options.matchMsMax ?? MATCH_MS_MAX, limit.signal).then(
      () => this.#end(new ScanFailure('timeout-match')),
      () => 'done in time',
    );
  }

  #start(): Worker {
    const worker = new Worker(this.#options.program ?? PROGRAM, {
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB_MAX },
    });
    worker.on('message', ({ match }: MatchReply) => {
      if (worker !== this.#worker) return;
      this.#settle()?.done(match);
      this.#next();
    });
    const broken = (error: unknown): void => {
      if (worker !== this.#worker) return;
      void this.#end(new ScanFailure('timeout-match', 'the pattern took too much memory', error));
    };
    worker.on('error', broken);
    worker.on('exit', broken);
    this.#worker = worker;
    return worker;
  }

  /** Ends the thread and what it is at; the next task starts another one. */
  async #end(error: ScanFailure): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#settle()?.fail(error);
    if (!this.#closed) this.#next();
    await worker?.terminate();
  }

  #settle(): Task | undefined {
    const task = this.#running;
    this.#running = undefined;
    this.#limit.release();
    return task;
  }
}
