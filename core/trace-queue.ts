import type { Clock } from './clock.ts';

/** Spans that have ended, on their way to a collector. */
export interface SpanQueueOptions<T> {
  /** Sends a batch; rejects when the collector does not have it. */
  readonly send: (spans: readonly T[]) => Promise<void>;
  readonly clock: Clock;
  /** What became of so many spans: `sent`, `failed`, or `dropped` since the queue was full. */
  readonly count: (outcome: 'sent' | 'failed' | 'dropped', spans: number) => void;
  /** Told of the first failure, and of more no sooner than a minute later. */
  readonly failed: (error: unknown) => void;
  readonly limits?: Partial<SpanQueueLimits>;
}

export interface SpanQueueLimits {
  /** Most that wait; what comes on top is dropped, since the work goes before. */
  readonly waitingMax: number;
  readonly batchMax: number;
  /** From a span's end to its being sent, at most. */
  readonly everyMs: number;
  /** For what is left when it closes. */
  readonly closeMs: number;
}

export interface SpanQueue<T> {
  add(span: T): void;
  /** Sends what waits, within a bound. Twice is allowed. */
  close(): Promise<void>;
}

const DEFAULTS: SpanQueueLimits = {
  waitingMax: 4_096,
  batchMax: 512,
  everyMs: 2_000,
  closeMs: 3_000,
};
const TELL_EVERY_MS = 60_000;

/** Bounded, one batch at a time: a collector that is slow or away costs spans, never work. */
export function createSpanQueue<T>(options: SpanQueueOptions<T>): SpanQueue<T> {
  const { clock, count } = options;
  const limits = { ...DEFAULTS, ...options.limits };
  const ending = new AbortController();
  let waiting: T[] = [];
  let enough = new AbortController();
  let toldMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  async function sendOne(): Promise<void> {
    const batch = waiting.slice(0, limits.batchMax);
    waiting = waiting.slice(limits.batchMax);
    try {
      await options.send(batch);
      count('sent', batch.length);
    } catch (error) {
      count('failed', batch.length);
      const nowMs = clock.monotonicMs();
      if (nowMs - toldMs < TELL_EVERY_MS) return;
      toldMs = nowMs;
      options.failed(error);
    }
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      if (waiting.length < limits.batchMax && !ending.signal.aborted) {
        const signal = AbortSignal.any([ending.signal, enough.signal]);
        await clock.sleep(limits.everyMs, signal).catch(() => 'a whole batch, or the end');
        enough = new AbortController();
      }
      await sendOne();
    }
  }

  function go(): Promise<void> {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  }

  async function drain(): Promise<void> {
    ending.abort();
    const done = new AbortController();
    const late = clock.sleep(limits.closeMs, done.signal).catch(() => 'all is sent');
    await Promise.race([late, go()]);
    done.abort();
    if (waiting.length > 0) count('dropped', waiting.length);
    waiting = [];
  }

  return {
    add(span) {
      if (waiting.length >= limits.waitingMax || closing !== undefined) return count('dropped', 1);
      waiting.push(span);
      if (waiting.length === limits.batchMax) enough.abort();
      if (running === undefined) void go();
    },
    close() {
      closing ??= drain();
      return closing;
    },
  };
}
