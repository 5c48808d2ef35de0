import type { Clock } from '../../core/clock.ts';

/**
 * Until when a worker may take what it holds for its own. By the monotonic clock, and counted from
 * when it asked, not from when it was answered: never later than the registry thinks.
 */
export class Lease {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  #untilMs = Number.NEGATIVE_INFINITY;
  #answeredMs: number | undefined;

  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /**
   * An answer that comes when the lease is over says nothing of before: the registry may have
   * heard the question too late. Returns false then: what was held is somebody else's by now.
   */
  renewed(sentMs: number): boolean {
    const kept = !this.over || this.#answeredMs === undefined;
    this.#untilMs = Math.max(this.#untilMs, sentMs + this.#leaseMs);
    this.#answeredMs = this.#clock.monotonicMs();
    return kept;
  }

  get over(): boolean {
    return this.#clock.monotonicMs() >= this.#untilMs;
  }

  /** Renewed each third of its time. */
  get due(): boolean {
    return this.#clock.monotonicMs() >= this.#untilMs - (this.#leaseMs * 2) / 3;
  }

  /** Since the registry last answered; undefined: it never did. */
  get sinceAnswerMs(): number | undefined {
    if (this.#answeredMs === undefined) return undefined;
    return this.#clock.monotonicMs() - this.#answeredMs;
  }
}
