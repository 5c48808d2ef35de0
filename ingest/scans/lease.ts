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

  renewed(sentMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, sentMs + this.#leaseMs);
    this.#answeredMs = this.#clock.monotonicMs();
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
