import { childAbort } from './abort.ts';
import type { Clock } from './clock.ts';
import { messageOf } from './errors.ts';
import type { Log } from './log.ts';

export interface TurnsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Returns after how many milliseconds the next one is due. */
  readonly turn: () => Promise<number>;
  /** Between two, however often something wakes. */
  readonly gapMs: number;
  /** Until the next one after one that failed. */
  readonly retryMs: number;
  /** What is not done while turns fail, for the log. */
  readonly failing: string;
  /** How long is waited for what was said to be so long; by default as long. */
  readonly spread?: (ms: number) => number;
}

/** A worker's talk with the registry: one turn after the other, from now until it is closed. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #ending = childAbort(undefined);
  readonly #running: Promise<void>;
  #nap = childAbort(undefined);
  #woken = false;
  #error: string | undefined;

  constructor(options: TurnsOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Why turns fail, while they do. */
  get error(): string | undefined {
    return this.#error;
  }

  /** The next one is now. */
  wake(): void {
    this.#woken = true;
    this.#nap.release();
  }

  /** Waits for the one that runs. */
  async close(): Promise<void> {
    this.#ending.release();
    this.#nap.release();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, gapMs, spread = (ms) => ms } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      this.#woken = false;
      const waitMs = await this.#turn();
      await clock.sleep(gapMs, signal).catch(() => undefined);
      if (this.#woken || signal.aborted) continue;
      this.#nap = childAbort(signal);
      // Cut short by whoever wakes it, and by the end.
      const restMs = Math.max(0, spread(waitMs) - gapMs);
      await clock.sleep(restMs, this.#nap.signal).catch(() => undefined);
      this.#nap.release();
    }
  }

  async #turn(): Promise<number> {
    const { log, turn, failing, retryMs } = this.#options;
    try {
      const waitMs = await turn();
      if (this.#error !== undefined) log.info({}, 'the registry answers again');
      this.#error = undefined;
      return waitMs;
    } catch (error) {
      const why = messageOf(error);
      if (this.#error === undefined) log.warn({ error: why }, failing);
      this.#error = why;
      return retryMs;
    }
  }
}
