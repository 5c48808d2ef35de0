import type { Clock } from '../../core/clock.ts';

/** How fast the two clocks may drift apart. */
const DRIFT = 0.0005;

/**
 * The database's time, told by this machine's monotonic clock. Each answer with a time in it says
 * that the difference lies between two bounds; what all of them have in common is kept. The wall
 * clock of this machine plays no part: it may be hours off, or be set.
 */
export class DatabaseClock {
  readonly #clock: Clock;
  #differenceMs = 0;
  /** At most so far off; infinite before the first answer. */
  #errorMs = Number.POSITIVE_INFINITY;
  #atMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The database said that it is `nowMs`, at some time since `sentMs` (monotonic). */
  note(nowMs: number, sentMs: number): void {
    const atMs = this.#clock.monotonicMs();
    const [earliest, latest] = [nowMs - atMs, nowMs + 1 - sentMs];
    const errorMs = this.#errorMs + (atMs - this.#atMs) * DRIFT;
    const low = Math.max(earliest, this.#differenceMs - errorMs);
    const high = Math.min(latest, this.#differenceMs + errorMs);
    // Nothing in common: the database's clock was set, or another machine has taken its place.
    const [from, to] = low <= high ? [low, high] : [earliest, latest];
    this.#differenceMs = (from + to) / 2;
    this.#errorMs = (to - from) / 2;
    this.#atMs = atMs;
  }

  nowMs(): number {
    return this.#clock.monotonicMs() + this.#differenceMs;
  }
}
