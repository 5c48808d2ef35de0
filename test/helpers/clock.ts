import type { Clock } from '../../core/clock.ts';
import { TidemarkError } from '../../core/errors.ts';
import type { SlotTimer } from '../../ingest/slots.ts';

interface Waiter {
  readonly atMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. Sleepers wake in the order of their times. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  readonly #waiters = new Set<Waiter>();

  constructor(nowMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = nowMs;
    this.#startMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancelled = () => reject(new TidemarkError('cancelled', 'sleep was cancelled'));
      if (signal?.aborted) return cancelled();
      const leave = () => {
        this.#waiters.delete(waiter);
        cancelled();
      };
      const waiter = this.#wait(this.#nowMs + Math.max(0, ms), () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      });
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  /** Timers of the same time, for slots. */
  get timer(): SlotTimer {
    return {
      at: (timeMs, run) => {
        const waiter = this.#wait(timeMs, run);
        return { stop: () => this.#waiters.delete(waiter) };
      },
    };
  }

  /** How many sleepers and timers wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Moves on by `ms`, waking each sleeper at its own time and letting it work before the next. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = [...this.#waiters]
        .filter((waiter) => waiter.atMs <= endMs)
        .sort((left, right) => left.atMs - right.atMs)[0];
      if (!next) break;
      this.#waiters.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }

  /** The wall clock is set, or the machine slept: time passes and nobody wakes in between. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  #wait(atMs: number, wake: () => void): Waiter {
    const waiter = { atMs, wake };
    this.#waiters.add(waiter);
    return waiter;
  }
}

/** Lets everything that is ready to run do so, chains of promises included. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((done) => setImmediate(done));
}
