import { type ChildAbort, childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';

/** Deadlines are rung up to this much late, so that many share one timer. */
const STEP_MS = 10;

/**
 * Deadlines of thousands of scans on one sleep of the clock. Nearly all are taken back before they
 * ring, and a timer with its own signal for each would cost more than a request on a kept
 * connection.
 */
export class Alarms {
  readonly #clock: Clock;
  /** Step -> what is to ring then. */
  readonly #steps = new Map<number, Set<() => void>>();
  #sleep: { readonly step: number; readonly abort: ChildAbort } | undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `ring` in `ms`, once; returns how to take it back. */
  set(ms: number, ring: () => void): () => void {
    const step = Math.ceil((this.#clock.monotonicMs() + ms) / STEP_MS);
    const rings = this.#steps.get(step) ?? new Set();
    rings.add(ring);
    this.#steps.set(step, rings);
    if (!this.#sleep || step < this.#sleep.step) this.#sleepTo(step);
    return () => {
      rings.delete(ring);
      if (rings.size === 0 && this.#steps.get(step) === rings) this.#steps.delete(step);
    };
  }

  /** Nothing rings any more. */
  close(): void {
    this.#closed = true;
    this.#steps.clear();
    this.#sleep?.abort.release();
  }

  #sleepTo(step: number): void {
    if (this.#closed) return;
    this.#sleep?.abort.release();
    const abort = childAbort(undefined);
    const sleep = { step, abort };
    this.#sleep = sleep;
    const ms = Math.max(0, step * STEP_MS - this.#clock.monotonicMs());
    this.#clock.sleep(ms, abort.signal).then(
      () => this.#wake(),
      () => 'an earlier one took its place',
    );
  }

  #nextStep(): number {
    return this.#sleep?.step ?? Number.POSITIVE_INFINITY;
  }

  #wake(): void {
    this.#sleep = undefined;
    const now = Math.floor(this.#clock.monotonicMs() / STEP_MS);
    let next = Number.POSITIVE_INFINITY;
    for (const [step, rings] of [...this.#steps]) {
      if (step > now) {
        next = Math.min(next, step);
        continue;
      }
      this.#steps.delete(step);
      for (const ring of rings) ring();
    }
    // What rang may have set one that is later than those that were there.
    if (next < this.#nextStep()) this.#sleepTo(next);
  }
}
