import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';

/** What the spool let go of, because newer points had no room otherwise. */
export interface Loss {
  readonly points: number;
  readonly bytes: number;
  /** When the points were accepted, ms since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
}

const LOG_MS_MIN = 60_000;

/** Says what was lost: at once, then at most once a minute with all that has come together. */
export class Losses {
  readonly #clock: Clock;
  readonly #log: Log;
  #pending: Loss | undefined;
  #loggedMs = Number.NEGATIVE_INFINITY;
  /** Since the start. */
  points = 0;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  add(loss: Loss): void {
    this.points += loss.points;
    const { points = 0, bytes = 0, fromMs = loss.fromMs, toMs = loss.toMs } = this.#pending ?? {};
    this.#pending = {
      points: points + loss.points,
      bytes: bytes + loss.bytes,
      fromMs: Math.min(fromMs, loss.fromMs),
      toMs: Math.max(toMs, loss.toMs),
    };
    if (this.#clock.nowMs() - this.#loggedMs >= LOG_MS_MIN) this.tell();
  }

  /** Logs what is not logged yet. */
  tell(): void {
    if (this.#pending === undefined) return;
    const { points, bytes, fromMs, toMs } = this.#pending;
    this.#pending = undefined;
    this.#loggedMs = this.#clock.nowMs();
    const accepted = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
    this.#log.error({ points, bytes, accepted }, 'the spool is full: its oldest points are lost');
  }
}
