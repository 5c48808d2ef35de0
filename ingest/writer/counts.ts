import type { DeadLetter } from './dead-letters.ts';

/** What the writer counts; core/metrics.ts or a test provides it. */
export interface WriterMetrics {
  accepted(points: number): void;
  written(points: number): void;
  dead(points: number, reason: string): void;
  /** Points that `accept` refused; nothing of them is kept. */
  refused(points: number): void;
  retried(reason: string): void;
}

/** What became of the points of this process. */
export class Counts {
  accepted = 0;
  written = 0;
  died = 0;
  refused = 0;
  readonly #metrics: WriterMetrics | undefined;

  constructor(metrics: WriterMetrics | undefined) {
    this.#metrics = metrics;
  }

  accept(points: number): void {
    this.accepted += points;
    this.#metrics?.accepted(points);
  }

  write(points: number): void {
    this.written += points;
    this.#metrics?.written(points);
  }

  /** The letters of one call; `points` when they are not one for each letter. */
  dead(letters: readonly Pick<DeadLetter, 'reason'>[], points = letters.length): void {
    this.died += points;
    for (const { reason } of letters) this.#metrics?.dead(points / letters.length, reason);
  }

  refuse(points: number): void {
    this.refused += points;
    this.#metrics?.refused(points);
  }

  retry(reason: string): void {
    this.#metrics?.retried(reason);
  }
}
